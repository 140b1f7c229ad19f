"""Open models as they are, without training: on own GPUs, or hosted by others and paid per token."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.costs.calibrations import BYTES_PER_WEIGHT, Precision
from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook
from agents.costs.serving import Calibration
from agents.costs.students import Student, find_student
from agents.errors import UserError

# The open models that the guide names; shown, and not ranked unless they are asked for.
SHOWN_HOSTED = ("llama-3.1-8b", "llama-3.1-70b")
# Writes training data where no API may be used: the larger of the models known here.
OPEN_TEACHER = "llama-3.1-70b"


@dataclass(frozen=True, slots=True)
class OpenModel:
    """An open model on own GPUs."""

    student: Student
    precision: Precision
    gpu: GpuPrice
    usd_per_hour: Band
    calibration: Calibration

    @property
    def weight_bytes(self) -> int:
        """Size of the weights as they are served."""
        return self.student.weight_bytes(BYTES_PER_WEIGHT[self.precision])


@dataclass(frozen=True, slots=True)
class HostedModel:
    """An open model that others host, with the price of each."""

    name: str
    quotes: tuple[ModelPrice, ...]


def hosted_models(book: PriceBook, names: tuple[str, ...] | None) -> tuple[HostedModel, ...]:
    """Return the hosted models named, or those shown where none are.

    Raises:
        UserError: No host in the book has a price for a model.
    """
    if names is None:
        return tuple(_shown(book.hosted))
    return tuple(_named(book.hosted, name) for name in dict.fromkeys(names))


def _shown(hosted: Mapping[str, tuple[ModelPrice, ...]]) -> Iterator[HostedModel]:
    for name in SHOWN_HOSTED:
        if hosted.get(name):
            yield HostedModel(name, hosted[name])


def _named(hosted: Mapping[str, tuple[ModelPrice, ...]], name: str) -> HostedModel:
    key = name.strip().lower()
    student = find_student(name)
    if key not in hosted and student is not None:
        key = student.name
    if not hosted.get(key):
        close = difflib.get_close_matches(key, hosted, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        known = ", ".join(hosted) or "none in this price book"
        raise UserError(f"No host's price is known for the open model {name!r}.{hint} Known: {known}.")
    return HostedModel(key, hosted[key])
