"""Figures as people read them: durations, counts, sizes, instants."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.blocks.elements import escaped

_BAR = 14


def duration(seconds: float) -> str:
    """Return "40 s", "3 min", "2 h 05 min", "3 days"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{round(hours / 24)} days"


def between(start: datetime | None, end: datetime | None) -> str:
    """Return how long something took; empty while it has not ended."""
    return "" if start is None or end is None else duration((end - start) / timedelta(seconds=1))


def count(number: float) -> str:
    """Return a count with thousands separated: "12,300"."""
    return f"{number:,.0f}"


def size(number_of_bytes: float) -> str:
    """Return "12 KB", "3.4 MB"."""
    value = float(number_of_bytes)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1_000:
            return f"{value:.0f} {unit}" if unit in {"bytes", "KB"} or value >= 100 else f"{value:.1f} {unit}"
        value /= 1_000
    return f"{value:.1f} TB"


def instant(moment: datetime, form: str = "{date_short_pretty} at {time}") -> str:
    """Return mrkdwn that shows an instant in the reader's own time zone."""
    fallback = moment.strftime("%Y-%m-%d %H:%M %Z")
    return f"<!date^{int(moment.timestamp())}^{form}|{fallback}>"


def bar(share: float) -> str:
    """Return a bar of text for a share of 0 to 1."""
    filled = round(min(1.0, max(0.0, share)) * _BAR)
    return "▰" * filled + "▱" * (_BAR - filled)


def plural(number: float, unit: str) -> str:
    """Return a count with its unit: "1 file", "3 files"; `unit` is the plural."""
    word = unit[:-1] if number == 1 and unit.endswith("s") else unit
    return f"{count(number)} {word}"


def listed(words: Sequence[str]) -> str:
    """Return words as code, separated by commas."""
    return ", ".join(f"`{escaped(word)}`" for word in words)
