"""What a million requests cost with each candidate: by the tokens an API charges, or by the GPU time that was measured.

A server's figure is of one that is full. It stands there all month, so beside it stands the volume from which it pays.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from agents.costs.api import request_usd
from agents.costs.calibrations import DEFAULT_GPU, DEFAULT_PRECISION, calibration_for
from agents.costs.figures import DAYS_PER_MONTH, MILLION, exact
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceMissingError
from agents.costs.serving import Fleet, breakeven_requests_per_day
from agents.costs.students import find_student
from agents.errors import UserError
from agents.evaluation.speed import gpu_usd_per_thousand

_HOURS_PER_DAY: Final = 24
_FLEET: Final = Fleet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """USD for a million requests, None where that is not known; `basis` says how it is, or why it is not."""

    usd_per_million: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of one request on average, and of how many that is the average."""

    given: Decimal
    written: Decimal
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a server of students does when it is full, and what it costs.

    Attributes:
        requests_per_s: Of requests as those of the task.
        tokens_per_request: In and out together.
        gpus: It has, of the kind `gpu`.
        basis: How that is known, for people.
        as_of: The day of the measurement or of the fit.
        is_measured: Whether it was measured on the endpoint itself.
    """

    requests_per_s: float
    tokens_per_request: float
    gpus: int
    gpu: str
    usd_per_gpu_hour: Decimal
    basis: str
    as_of: dt.date
    is_measured: bool

    @property
    def usd_per_million_requests(self) -> Decimal:
        """What a million requests cost where the server is full."""
        return 1_000 * gpu_usd_per_thousand(
            requests=1, busy_s=1 / self.requests_per_s, gpus=self.gpus, usd_per_gpu_hour=self.usd_per_gpu_hour
        )

    @property
    def usd_per_million_tokens(self) -> Decimal:
        """The same for a million tokens, in and out together."""
        return self.usd_per_million_requests / exact(self.tokens_per_request)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON, with both prices."""
        return {
            "requests_per_s": self.requests_per_s,
            "tokens_per_request": self.tokens_per_request,
            "gpus": self.gpus,
            "gpu": self.gpu,
            "usd_per_gpu_hour": float(self.usd_per_gpu_hour),
            "usd_per_million_requests": float(self.usd_per_million_requests),
            "usd_per_million_tokens": float(self.usd_per_million_tokens),
            "basis": self.basis,
            "as_of": self.as_of.isoformat(),
            "is_measured": self.is_measured,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pays:
    """From how many requests a day a student costs no more than what is asked today; None: at no volume."""

    against: str
    requests_per_day: Decimal | None

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON, for the day and the month."""
        day = self.requests_per_day
        return {
            "against": self.against,
            "requests_per_day": None if day is None else float(day),
            "requests_per_month": None if day is None else float(day * DAYS_PER_MONTH),
        }


def tokens_of(document: Mapping[str, Any] | None) -> Tokens | None:
    """Return the tokens of a document with `answers` and `tokens`; None where nothing was counted."""
    if document is None or not document.get("answers"):
        return None
    counted, answers = document["tokens"], int(document["answers"])
    given = sum(int(counted[name]) for name in ("input", "cache_read", "cache_write"))
    if not given:
        return None
    written = Decimal(int(counted["output"]))
    return Tokens(given=Decimal(given) / answers, written=written / answers, requests=answers)


def api_cost(price: ModelPrice | None, tokens: Tokens | None) -> Cost:
    """Return what an API charges for a million such requests, each by itself, without batches and caches."""
    if tokens is None:
        return Cost(usd_per_million=None, basis="no tokens were counted")
    if price is None:
        return Cost(usd_per_million=None, basis="no price is known: `cairn prices set` sets one")
    usd = request_usd(price, tokens.given, tokens.written) * MILLION
    counted = f"{tokens.given:,.0f} tokens in and {tokens.written:,.0f} out on average of {tokens.requests:,} requests"
    return Cost(usd_per_million=usd, basis=f"{counted}, at live prices of {price.as_of.isoformat()} without a cache")


def measured_serving(load: Mapping[str, Any], book: PriceBook, measured_on: dt.date) -> Serving | str:
    """Return what a server did that was sent all it could take, or why that has no price.

    Args:
        load: As the stage `verify` writes it: requests, seconds, tokens_in, tokens_out, at_once, gpu, gpus.
        book: The team's prices.
        measured_on: The day.
    """
    gpu = gpu_named(load["gpu"], book)
    if gpu is None:
        return f"{load['gpu']} has no price an hour: `cairn prices set` sets one"
    requests, gpus = int(load["requests"]), int(load["gpus"])
    return Serving(
        requests_per_s=requests / float(load["seconds"]),
        tokens_per_request=(int(load["tokens_in"]) + int(load["tokens_out"])) / requests,
        gpus=gpus,
        gpu=gpu.name,
        usd_per_gpu_hour=gpu.usd_per_hour.base,
        basis=(
            f"measured on the endpoint: {requests:,} requests in {float(load['seconds']):,.1f} s, "
            f"{int(load['at_once'])} at once, {_hours(gpus, gpu)}"
        ),
        as_of=measured_on,
        is_measured=True,
    )


def estimated_serving(base: str, tokens: Tokens | None, book: PriceBook) -> Serving | None:
    """Return what a server of this base is believed to do; None where nothing is known of it."""
    student = find_student(base.rpartition("/")[2])
    if student is None or tokens is None:
        return None
    try:
        gpu = book.gpu(DEFAULT_GPU[student.name])
        known = calibration_for(student, DEFAULT_PRECISION[student.name], gpu, book)
    except UserError:
        return None
    given, written = float(tokens.given), float(tokens.written)
    return Serving(
        requests_per_s=known.capacity_rps(given, written),
        tokens_per_request=given + written,
        gpus=known.gpus,
        gpu=gpu.name,
        usd_per_gpu_hour=gpu.usd_per_hour.base,
        basis=f"estimated ({known.source}), {_hours(known.gpus, gpu)}",
        as_of=known.as_of,
        is_measured=False,
    )


def served_cost(serving: Serving) -> Cost:
    """Return what a million requests cost on a full server."""
    return Cost(usd_per_million=serving.usd_per_million_requests, basis=serving.basis)


def base_cost(serving: Serving | None, tokens: Tokens | None) -> Cost:
    """Return what the base would cost on the same server, whose longer prompts take it longer."""
    if serving is None or tokens is None:
        return Cost(usd_per_million=None, basis="it is not served, so nothing was measured")
    each = tokens.given + tokens.written
    return Cost(
        usd_per_million=serving.usd_per_million_tokens * each,
        basis=f"estimated: the student's server at {each:,.0f} tokens a request",
    )


def pays_from(against: str, api: Cost, serving: Serving) -> Pays | None:
    """Return from which volume a server that stands all month costs no more than an API; None: the API has no price."""
    if api.usd_per_million is None:
        return None
    usd_per_request = api.usd_per_million / MILLION
    day_usd = serving.usd_per_gpu_hour * serving.gpus * _HOURS_PER_DAY
    volume = breakeven_requests_per_day(lambda each: each * usd_per_request, day_usd, serving.requests_per_s, _FLEET)
    return Pays(against=against, requests_per_day=volume)


def gpu_named(device: str, book: PriceBook) -> GpuPrice | None:
    """Return the GPU that a driver or a person calls so, such as "NVIDIA A100-SXM4-80GB"; None where none is."""
    try:
        return book.gpu(device)
    except PriceMissingError:
        pass
    words = re.split(r"[^A-Z0-9]+", device.upper())
    named = [gpu for key, gpu in book.gpus.items() if key.upper().partition("-")[0] in words]
    if len(named) > 1:
        sized = f"{named[0].name.upper()}".rpartition("-")[0]
        named = [gpu for gpu in named if gpu.name.upper() in {f"{sized}-{word.removesuffix('GB')}" for word in words}]
    return named[0] if len(named) == 1 else None


def _hours(gpus: int, gpu: GpuPrice) -> str:
    return f"{gpus} x {gpu.name} at ${gpu.usd_per_hour.base.normalize():f} an hour"
