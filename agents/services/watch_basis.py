"""What a watched verdict rests on, and whether two of them differ in a way that people must hear of; pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from agents.costs.compare import Comparison
from agents.costs.prices.book import GpuPrice, ModelPrice
from agents.costs.serving import Calibration
from agents.costs.wording import dollars
from agents.decision.answers import NEVER
from agents.decision.decide import Decision
from agents.decision.interview import describe, slot_name
from agents.decision.rules import METHODS, VERDICTS
from agents.services.cost_fields import BY_KEY, shown
from agents.services.decision_view import Known
from agents.store.cost_scenarios import CostSetting

# A model that leaves its API within these days is told of once, and once more when it has.
RETIRES_SOON: Final = dt.timedelta(days=60)


class FlipKind(StrEnum):
    """In what two standings differ so that people must hear of it."""

    VERDICT = "verdict"
    CHEAPEST = "cheapest"
    PAYBACK = "payback"
    RETIREMENT = "retirement"
    UNPRICED = "unpriced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One thing that a verdict rests on: an answer, a setting, a price, a throughput; `as_of` is an ISO date."""

    key: str
    label: str
    shown: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is watched of a decision.

    `cheapest` is the id of a row, empty while nothing is ranked. `payback_days` is None where it never pays back;
    `pays_back` is None while it is not computed. `retiring` holds, by model, the ISO date on which a model that the
    decision rests on leaves its API, from two months before. `unpriced` says why nothing can be priced.
    """

    verdict: str
    label: str
    cheapest: str = ""
    cheapest_label: str = ""
    cheapest_usd: str = ""
    payback_days: float | None = None
    pays_back: bool | None = None
    payback_limit_days: float = 0.0
    retiring: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unpriced: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A verdict as it stood, all that it rested on, and the day whose prices they were."""

    standing: Standing
    grounds: tuple[Ground, ...]
    prices_of: str

    @property
    def version(self) -> str:
        """Names this state of everything: equal where no figure differs, whatever its source and day."""
        figures = [(ground.key, ground.shown) for ground in self.grounds]
        content = json.dumps([asdict(self.standing), figures], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A ground that is another one now; `was` is None where it is new, `now` where it is gone."""

    label: str
    was: Ground | None
    now: Ground | None


def basis_of(
    known: Known, settings: Mapping[str, CostSetting], priced: Comparison | str, today: dt.date, decision: Decision
) -> Basis:
    """Return what the decision of a conversation rests on.

    Args:
        known: The conversation.
        settings: What is set for its costs beside the answers.
        priced: The comparison, or why there can be none.
        today: For models that are about to leave their API.
        decision: What follows from all of it.
    """
    comparison = None if isinstance(priced, str) else priced
    grounds = [*_answers(known), *_settings(settings)]
    if comparison is not None:
        grounds += _priced(comparison, today)
    return Basis(
        standing=_standing(decision, known, comparison, priced if isinstance(priced, str) else "", today),
        grounds=tuple(grounds),
        prices_of=today.isoformat(),
    )


def flips(was: Standing, now: Standing) -> tuple[FlipKind, ...]:
    """Return in what people must hear that two standings differ.

    What was not known before and is known now fills in, and flips nothing.
    """
    found = {
        FlipKind.UNPRICED: bool(was.unpriced) != bool(now.unpriced),
        FlipKind.VERDICT: was.verdict != now.verdict,
        FlipKind.CHEAPEST: bool(was.cheapest and now.cheapest) and was.cheapest != now.cheapest,
        FlipKind.PAYBACK: None not in (was.pays_back, now.pays_back) and was.pays_back != now.pays_back,
        FlipKind.RETIREMENT: bool(set(now.gone) - set(was.gone) or set(now.retiring) - set(was.retiring)),
    }
    return tuple(kind for kind, is_so in found.items() if is_so)


def changes(was: Basis, now: Basis) -> tuple[Change, ...]:
    """Return the grounds that differ, in the order in which they matter."""
    before, after = ({ground.key: ground for ground in basis.grounds} for basis in (was, now))
    keys = [*after, *(key for key in before if key not in after)]
    found = [(before.get(key), after.get(key)) for key in keys]
    return tuple(
        Change(label=(new or old).label, was=old, now=new)  # type: ignore[union-attr]  # every key has one of them
        for old, new in found
        if old is None or new is None or old.shown != new.shown
    )


def basis_json(basis: Basis) -> dict[str, Any]:
    """Return a basis as JSON."""
    return {
        "standing": {**asdict(basis.standing), "gone": list(basis.standing.gone)},
        "grounds": [asdict(ground) for ground in basis.grounds],
        "prices_of": basis.prices_of,
    }


def read_basis(document: Mapping[str, Any]) -> Basis:
    """Return the basis that `basis_json` wrote; what a later version added to it is left out."""
    standing = document["standing"]
    return Basis(
        standing=Standing(
            **{
                **{name: standing[name] for name in Standing.__slots__ if name in standing},
                "gone": tuple(standing["gone"]),
            }
        ),
        grounds=tuple(Ground(**{name: each[name] for name in Ground.__slots__}) for each in document["grounds"]),
        prices_of=document["prices_of"],
    )


def _standing(
    decision: Decision, known: Known, comparison: Comparison | None, unpriced: str, today: dt.date
) -> Standing:
    method = f" with {METHODS[decision.method]}" if decision.method else ""
    first = comparison.cheapest if comparison is not None else None
    days = known.facts.payback_days
    relied_on = list(_relied_on(comparison)) if comparison is not None else []
    return Standing(
        verdict=decision.verdict.value,
        label=f"{VERDICTS[decision.verdict]}{method}",
        cheapest="" if first is None else first.id,
        cheapest_label="" if first is None else first.label,
        cheapest_usd="" if first is None else f"{dollars(first.usd_per_month.value)} a month",
        payback_days=None if days in (None, NEVER) else days,
        pays_back=None if days is None else known.facts.is_paid_back,
        payback_limit_days=known.facts.payback_limit_days,
        retiring={
            price.id: price.retires_on.isoformat()
            for price in relied_on
            if price.retires_on is not None and price.retires_on - today <= RETIRES_SOON
        },
        gone=tuple(sorted(price.id for price in relied_on if price.is_retired(today))),
        unpriced=unpriced,
    )


def _relied_on(comparison: Comparison) -> Iterator[ModelPrice]:
    """Yield the API models whose prices the decision can hang on, each once; those shown for reference cannot."""
    scenario = comparison.scenario
    seen: set[str] = set()
    for price in (*scenario.models, scenario.teacher, *((scenario.embedder,) if scenario.embedder else ())):
        if price.id not in seen:
            seen.add(price.id)
            yield price


def _answers(known: Known) -> Iterator[Ground]:
    for fact in known.current.values():
        yield Ground(
            key=f"answer:{fact.slot}",
            label=slot_name(fact.slot),
            shown=describe(fact.slot, fact.value),
            source=fact.who,
            as_of=fact.said_at.date().isoformat(),
        )


def _settings(settings: Mapping[str, CostSetting]) -> Iterator[Ground]:
    for key, setting in settings.items():
        known = BY_KEY.get(key)
        if known is not None:
            yield Ground(
                key=f"setting:{key}",
                label=known.label,
                shown="as assumed" if setting.value is None else shown(known, setting.value),
                source=setting.who,
                as_of=setting.set_at.date().isoformat(),
            )


def _priced(comparison: Comparison, today: dt.date) -> Iterator[Ground]:
    scenario = comparison.scenario
    for price in _relied_on(comparison):
        yield from _of_model(price, today)
    yield from _once(_of_gpu(gpu) for gpu in (scenario.serving_gpu, scenario.training_gpu))
    yield _of_throughput(scenario.student.name, scenario.precision, scenario.serving_gpu.name, scenario.calibration)


def _once(grounds: Iterable[Ground]) -> Iterator[Ground]:
    yield from {ground.key: ground for ground in grounds}.values()


def _of_model(price: ModelPrice, today: dt.date) -> Iterator[Ground]:
    """Yield what is known of a model apart, so that a change shows what of it changed."""
    rates = price.standard
    parts = {
        "price": (f"Price of {price.id}", f"{dollars(rates.input)} in, {dollars(rates.output)} out per M tokens"),
        "cache": (f"Cached input of {price.id}", _share(rates.cache_read, rates.input)),
        "batch": (f"Batches of {price.id}", _share(price.batch.input, rates.input) if price.batch else "not offered"),
    }
    if price.retires_on is not None:
        state = "left" if price.is_retired(today) else "leaves"
        parts["api"] = (f"{price.id} at its provider", f"{state} its API on {price.retires_on.isoformat()}")
    for key, (label, value) in parts.items():
        yield Ground(
            key=f"{key}:{price.id}",
            label=label,
            shown=value,
            source=_who(price.set_by, price.source),
            as_of=price.as_of.isoformat(),
        )


def _of_gpu(gpu: GpuPrice) -> Ground:
    usd = gpu.usd_per_hour
    return Ground(
        key=f"gpu:{gpu.name}",
        label=f"Price of a {gpu.name} hour",
        shown=f"{dollars(usd.base)} ({dollars(usd.low)} to {dollars(usd.high)})",
        source=_who(gpu.set_by, gpu.source),
        as_of=gpu.as_of.isoformat(),
    )


def _of_throughput(student: str, precision: str, gpu: str, calibration: Calibration) -> Ground:
    count = f"{calibration.gpus} x {gpu}"
    return Ground(
        key=f"throughput:{student}:{precision}",
        label=f"Throughput of {student} ({precision})",
        shown=f"{calibration.prefill:,.0f} tokens in and {calibration.decode:,.0f} out a GPU second on {count}",
        source=f"{calibration.source} ({calibration.kind})",
        as_of=calibration.as_of.isoformat(),
    )


def _share(part: Decimal, whole: Decimal) -> str:
    return f"{float(part / whole):.3g} of the input price" if whole else f"{dollars(part)} per M tokens"


def _who(set_by: str, source: str) -> str:
    return f"{set_by}: {source}" if set_by else source
