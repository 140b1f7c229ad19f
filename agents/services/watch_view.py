"""Watches and their flips as they are shown: worded, without anything of Slack; pure."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.costs.compare import Comparison
from agents.costs.wording import shown
from agents.decision.decide import Decision
from agents.decision.wording import flip_text
from agents.services.watch_basis import Basis, Change, FlipKind, Standing, changes, flips, read_basis
from agents.store.watches import StoredFlip, StoredWatch

# Of what would flip a verdict, so many are worth keeping.
_OUTLOOK: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchView:
    """A watched decision: what it is about, how it stands since when, and what would flip it, the nearest first."""

    watch_id: str
    conversation_id: str
    title: str
    verdict: str
    since: datetime
    cheapest: str
    saved_by: str
    saved_at: datetime
    checked_at: datetime | None
    checked_because: str
    prices_of: str
    flips: int
    outlook: tuple[str, ...]
    unpriced: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipView:
    """A flip as its reply tells it: what changed, and what came of it; each line is a sentence or two sides.

    `changed` are label, before, after and where the new value is from; `became` are what, before and after.
    """

    watch_id: str
    conversation_id: str
    title: str
    headline: str
    changed: tuple[tuple[str, str, str, str], ...]
    more_changed: int
    became: tuple[tuple[str, str, str], ...]
    notices: tuple[str, ...]
    because: str
    at: datetime
    is_watched: bool


def watch_view(watch: StoredWatch) -> WatchView:
    """Return a watch as lists show it."""
    basis = read_basis(watch.basis)
    standing = basis.standing
    return WatchView(
        watch_id=watch.id,
        conversation_id=watch.conversation_id,
        title=watch.title,
        verdict=standing.label,
        since=watch.since,
        cheapest=f"{standing.cheapest_label}, {standing.cheapest_usd}" if standing.cheapest else "",
        saved_by=watch.saved_by,
        saved_at=watch.saved_at,
        checked_at=watch.checked_at,
        checked_because=watch.checked_because or "",
        prices_of=basis.prices_of,
        flips=watch.flips,
        outlook=tuple(watch.outlook),
        unpriced=standing.unpriced,
        is_active=watch.stopped_at is None,
    )


def flip_view(flip: StoredFlip, *, most_changed: int = 6) -> FlipView:
    """Return a flip as its reply tells it."""
    was, became = read_basis(flip.was), read_basis(flip.became)
    found = changes(was, became)
    kinds = flips(was.standing, became.standing)
    return FlipView(
        watch_id=flip.watch_id,
        conversation_id=flip.conversation_id,
        title=flip.title,
        headline=_headline(kinds, was.standing, became.standing),
        changed=tuple(_changed(change) for change in found[:most_changed]),
        more_changed=max(0, len(found) - most_changed),
        became=tuple(_became(kinds, was.standing, became.standing)),
        notices=tuple(_notices(was, became)),
        because=flip.because,
        at=flip.at,
        is_watched=flip.stopped_at is None,
    )


def outlook_of(decision: Decision, comparison: Comparison | None) -> tuple[str, ...]:
    """Return what would flip the verdict or who is cheapest, and how far away that is, the nearest first."""
    found: list[str] = []
    if comparison is not None:
        found += _cost_outlook(comparison)
    found += [flip_text(flip) for flip in decision.what_would_change if flip.name != "problem"]
    return tuple(found[:_OUTLOOK])


def _cost_outlook(comparison: Comparison) -> Iterator[str]:
    """Yield the flips of the ranking within the inputs' plausible ranges, with today's value and the way to go."""
    sensitivity = comparison.sensitivity
    now = {swing.key: swing.base for swing in sensitivity.swings}
    near = sorted(
        (flip for flip in sensitivity.flips if flip.is_plausible),
        key=lambda flip: _distance(now.get(flip.key), flip.at),
    )
    for flip in near[: _OUTLOOK // 2]:
        base = now.get(flip.key)
        away = "" if base is None else f" (now {shown(base, flip.unit)}, {_times(base, flip.at)})"
        yield f"{flip.text}{away}"


def _distance(base: Decimal | None, at: Decimal) -> float:
    """Return how far a value is from today's, as the logarithm of the ratio; without a ratio as far as can be."""
    if base is None or base <= 0 or at <= 0:
        return math.inf
    return abs(math.log(float(at) / float(base)))


def _times(base: Decimal, at: Decimal) -> str:
    if base <= 0:
        return "which is none"
    ratio = float(at) / float(base)
    return f"{ratio:.2g} times that" if not 0.9 <= ratio <= 1.1 else f"{ratio - 1:+.0%}"


def _headline(kinds: Sequence[FlipKind], was: Standing, became: Standing) -> str:
    if became.unpriced:
        return f"{became.label}, and its costs cannot be computed any more"
    if FlipKind.VERDICT in kinds:
        return f"The verdict flips: {was.label} → {became.label}"
    if FlipKind.CHEAPEST in kinds:
        return f"Still {became.label}, and another way is the cheapest"
    if FlipKind.PAYBACK in kinds:
        return f"Still {became.label}, and training {'pays' if became.pays_back else 'no longer pays'} back in time"
    if FlipKind.RETIREMENT in kinds:
        return f"Still {became.label}, and a model that it rests on goes"
    return f"Still {became.label}, and its costs can be computed again"


def _became(kinds: Sequence[FlipKind], was: Standing, became: Standing) -> Iterator[tuple[str, str, str]]:
    if FlipKind.VERDICT in kinds:
        yield "Verdict", was.label, became.label
    if was.cheapest and became.cheapest and not became.unpriced:
        yield "Cheapest", _cheapest(was), _cheapest(became)
    if FlipKind.PAYBACK in kinds or (FlipKind.VERDICT in kinds and became.pays_back is not None):
        yield "Payback", _payback(was), _payback(became)


def _cheapest(standing: Standing) -> str:
    return f"{standing.cheapest_label}, {standing.cheapest_usd}"


def _payback(standing: Standing) -> str:
    if standing.pays_back is None:
        return "not computed"
    days = standing.payback_days
    when = "never" if days is None else "within a day" if days < 1 else f"after {days:,.3g} days"
    return f"{when} (limit {standing.payback_limit_days:g} days)"


def _notices(was: Basis, became: Basis) -> Iterator[str]:
    today = dt.date.fromisoformat(became.prices_of)
    if became.standing.unpriced:
        yield became.standing.unpriced
    for model, on in became.standing.retiring.items():
        if model in became.standing.gone and model not in was.standing.gone:
            yield f"{model} left its API on {_day(on)} and is no choice any more."
        elif model not in was.standing.retiring:
            days = (dt.date.fromisoformat(on) - today).days
            yield f"{model} leaves its API on {_day(on)}, in {days} days. Choose what takes its place before."


def _changed(change: Change) -> tuple[str, str, str, str]:
    was = change.was.shown if change.was is not None else "not known"
    if change.now is None:
        return change.label, was, "not part of it any more", ""
    return change.label, was, change.now.shown, f"{change.now.source}, {_day(change.now.as_of)}"


def _day(iso: str) -> str:
    day = dt.date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"
