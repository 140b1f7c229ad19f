"""What is paid once, line by line, each with where its amount comes from."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from agents.costs.figures import DEFAULTS_AS_OF, GUIDE, YOUR_INPUT, Band, Figure, Kind
from agents.costs.scenario import Scenario

USD = "USD"


def upfront_figures(scenario: Scenario, lines: Mapping[str, Band]) -> Mapping[str, Figure]:
    """Return upfront lines with their origin."""
    found: dict[str, Figure] = {}
    for name, band in lines.items():
        source, as_of, kind = _ORIGINS[name](scenario)
        found[name] = Figure.of(band, unit=USD, source=source, as_of=as_of, kind=kind)
    return MappingProxyType(found)


def upfront_figure(lines: Mapping[str, Figure], total: Band, source: str, as_of: dt.date) -> Figure:
    """Return the sum of upfront lines with where they come from; as dated as the oldest of those that cost anything.

    Args:
        lines: The lines.
        total: Their sum.
        source: Where the row's running cost comes from, for a row that costs nothing upfront.
        as_of: Of which day that is.
    """
    paid = [figure for figure in lines.values() if figure.high]
    sources = "; ".join(dict.fromkeys(figure.source for figure in paid)) or source
    oldest = min((figure.as_of for figure in paid), default=as_of)
    return Figure.of(total, unit=USD, source=sources, as_of=oldest)


Origin = tuple[str, dt.date, Kind]


def _setup(scenario: Scenario) -> Origin:
    if scenario.inputs.setup_usd is None:
        return GUIDE, DEFAULTS_AS_OF, "published"
    return YOUR_INPUT, scenario.book.as_of, "assumed"


def _embedding(scenario: Scenario) -> Origin:
    embedder = scenario.embedder
    if embedder is None:
        return "embedded on your own machine, which is not priced", DEFAULTS_AS_OF, "assumed"
    return f"{embedder.id}: {embedder.source}", embedder.as_of, "computed"


def _training_data(scenario: Scenario) -> Origin:
    teacher = scenario.open_teacher
    if teacher is not None:
        own = f"{teacher.student.name} on {teacher.gpu.name}: {teacher.gpu.source}; {teacher.calibration.source}"
        return own, teacher.gpu.as_of, "computed"
    return f"{scenario.teacher.id}: {scenario.teacher.source}", scenario.teacher.as_of, "computed"


def _training(scenario: Scenario) -> Origin:
    gpu = scenario.training_gpu
    return f"GPU hours computed; {gpu.name}: {gpu.source}", gpu.as_of, "computed"


def _compute(scenario: Scenario) -> Origin:
    return YOUR_INPUT, scenario.book.as_of, "assumed"


def _engineering(scenario: Scenario) -> Origin:
    inputs = scenario.inputs
    if inputs.engineering_usd is not None:
        return YOUR_INPUT, scenario.book.as_of, "assumed"
    days = "the guide's weeks" if inputs.engineering_days is None else "your days"
    rate = "your day rate" if inputs.engineering_day_rate else "no day rate given, so people's time counts nothing"
    return f"{days}; {rate}", scenario.book.as_of, "computed"


_ORIGINS = MappingProxyType(
    {
        "setup": _setup,
        "embedding": _embedding,
        "training_data": _training_data,
        "training": _training,
        "compute": _compute,
        "engineering": _engineering,
    }
)
