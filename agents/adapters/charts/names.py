"""Names and amounts as they stand in a chart: short, and with letters that its font has."""

import datetime as dt
from decimal import Decimal

from agents.costs.wording import dollars, rounded_volume

LONGEST_NAME = 26
# A smaller amount is only said to be so.
SMALLEST = Decimal("0.000001")


def shown(name: str) -> str:
    """Return a model's or an approach's name as people write it: Claude Sonnet 5.5."""
    words = []
    for word in name.replace("Prompting ", "").split():
        if word.startswith("claude-"):
            family = word.split("-")
            words.append(" ".join([*(part.title() for part in family[:2]), ".".join(family[2:])]).strip())
        elif word.startswith("llama-"):
            words.append("Llama " + word.rpartition("-")[2].upper())
        elif word.startswith("gpt-"):
            words.append("GPT-" + word.removeprefix("gpt-"))
        else:
            words.append(word)
    return " ".join(words)


def brief(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name short enough to stand beside its line; the end of a long one is left out."""
    # A size stays beside the name of its model where the line is broken.
    short = shown(name).replace("Claude ", "").replace("Llama ", "Llama\u00a0")
    return short if len(short) <= longest else short[: longest - 1].rstrip() + "…"


def brief_usd(usd: float | Decimal) -> str:
    """Return an amount in few letters and three digits: $870, $8,740, $130K, $1.2M."""
    amount = Decimal(str(usd))
    if 0 < abs(amount) < SMALLEST:
        return f"<${SMALLEST:f}"
    return dollars(amount) if abs(amount) < 10_000 else "$" + brief_number(float(amount))


def brief_number(value: float) -> str:
    """Return a number in few letters and three digits: 20K, 1.5M, 0.1."""
    rounded = Decimal(f"{value:.3g}")
    for power, letter in ((12, "T"), (9, "B"), (6, "M"), (3, "K")):
        if abs(rounded) >= 10**power:
            return _plain(rounded.scaleb(-power)) + letter
    return _plain(rounded)


def _plain(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def brief_volume(requests_per_day: float) -> str:
    """Return a volume in few letters: 20K/day."""
    return f"{brief_number(requests_per_day)}/day"


def usd(amount: float | Decimal) -> str:
    """Return an amount as sentences write it."""
    return dollars(Decimal(str(amount)))


def volume(requests_per_day: float) -> str:
    """Return a volume as sentences write it."""
    amount = rounded_volume(Decimal(str(requests_per_day)))
    return f"{amount} request{'' if amount == '1' else 's'} a day"


def price_dates(prices_as_of: dt.date, gpu_prices_as_of: dt.date) -> str:
    """Return which day's prices a chart shows."""
    return f"API prices {prices_as_of}, GPU prices {gpu_prices_as_of}"


def days(amount: float) -> str:
    """Return how long people say that is: within a day, 11 days, 2.3 years."""
    if amount <= 1:
        return "a day"
    if amount < 10:
        return f"{float(f'{amount:.2g}'):g} days"
    return f"{amount:.0f} days" if amount < 730 else f"{float(f'{amount / 365:.2g}'):g} years"
