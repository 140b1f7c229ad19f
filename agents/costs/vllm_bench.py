"""Results of `vllm bench serve --save-result`: how many requests of which size a server finished in how long.

Pure: text in, runs out. The tool writes one JSON object for a run, and with --append-result one per line.
"""

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.errors import UserError

# A server that finishes nearly all it is sent was not full, and its throughput is that of whoever sent.
_KEPT_UP = 0.95
# Rounding explains less; more is a file that was edited, or of another tool.
_CONTRADICTS = 0.05
# With fewer the start and the end of the run weigh more than the middle.
FEWEST_REQUESTS = 20
_MOST_FAILED = 0.1
_MOST = 1e15
_MOST_CHARACTERS = 20_000_000
_NEEDED = ("duration", "completed", "total_input_tokens", "total_output_tokens", "request_throughput")
_HOW = (
    "Make one with `vllm bench serve --dataset-name random --random-input-len 1000 --random-output-len 200 "
    "--num-prompts 500 --request-rate inf --save-result`."
)


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One run; tokens are means per finished request, `made_on` is the day that the file names."""

    name: str
    completed: int
    failed: int
    duration_s: float
    tokens_in: float
    tokens_out: float
    model: str | None
    made_on: dt.date | None

    def gpu_seconds(self, gpus: int) -> float:
        """Return the GPU seconds of one request, on a replica of so many GPUs that was full."""
        return gpus * self.duration_s / self.completed

    def document(self) -> dict[str, Any]:
        """Return the run as plain JSON."""
        return {
            "name": self.name,
            "completed": self.completed,
            "failed": self.failed,
            "duration_s": self.duration_s,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "model": self.model,
            "made_on": self.made_on.isoformat() if self.made_on else None,
        }


def read_bench(text: str, name: str) -> tuple[BenchRun, ...]:
    """Return the runs of a file; `name` is what people call it.

    Raises:
        UserError: It is no such file, or a run in it tells nothing of what the server can do.
    """
    if len(text) > _MOST_CHARACTERS:
        raise UserError(
            f"{name} has {len(text):,} characters, which is more than any such result without --save-detailed."
        )
    found = list(_objects(text, name))
    if not found:
        raise UserError(f"{name} is empty. {_HOW}")
    return tuple(_run(each, name if len(found) == 1 else f"{name}, run {n}") for n, each in enumerate(found, 1))


def _objects(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    decoder, rest = json.JSONDecoder(), text.strip().removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError) as cause:
            raise UserError(f"{name} is no JSON: {cause}. {_HOW}") from cause
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise UserError(f"{name} holds {type(each).__name__} where the result of a run is expected. {_HOW}")
            yield each
        rest = rest[end:].lstrip(" \t\r\n,")


def _run(found: Mapping[str, Any], name: str) -> BenchRun:
    absent = [key for key in _NEEDED if key not in found]
    if absent:
        raise UserError(f"{name} is no result of `vllm bench serve`: it lacks {', '.join(absent)}. {_HOW}")
    completed = _whole(found, "completed", name)
    failed = _failed(found, completed, name)
    if completed == 0:
        raise UserError(f"{name}: no request was finished, {failed} failed. Look into the server's log.")
    if failed > _MOST_FAILED * (completed + failed):
        raise UserError(
            f"{name}: {failed} of {completed + failed} requests failed, so it does not tell what the server can do."
        )
    if completed < FEWEST_REQUESTS:
        raise UserError(
            f"{name}: {completed} requests are too few to tell anything; send {FEWEST_REQUESTS} at least, better 500."
        )
    duration_s = _positive(found, "duration", name)
    run = BenchRun(
        name=name,
        completed=completed,
        failed=failed,
        duration_s=duration_s,
        tokens_in=_positive(found, "total_input_tokens", name) / completed,
        tokens_out=_positive(found, "total_output_tokens", name) / completed,
        model=found["model_id"] if isinstance(found.get("model_id"), str) else None,
        made_on=_day(found.get("date")),
    )
    _check_sums(found, run)
    _check_full(found, run)
    return run


def _failed(found: Mapping[str, Any], completed: int, name: str) -> int:
    """Return the requests that failed: as newer releases say, else those sent and not finished."""
    if "failed" in found:
        return _whole(found, "failed", name)
    return max(0, _whole(found, "num_prompts", name) - completed) if "num_prompts" in found else 0


def _check_sums(found: Mapping[str, Any], run: BenchRun) -> None:
    expected = {
        "request_throughput": run.completed / run.duration_s,
        "output_throughput": run.completed * run.tokens_out / run.duration_s,
        "total_token_throughput": run.completed * (run.tokens_in + run.tokens_out) / run.duration_s,
    }
    for key, computed in expected.items():
        if key in found and abs(_positive(found, key, run.name) - computed) > _CONTRADICTS * computed:
            raise UserError(
                f"{run.name} contradicts itself: {key} is {found[key]:g}, its counts and duration make {computed:g}."
            )


def _check_full(found: Mapping[str, Any], run: BenchRun) -> None:
    """Refuse a run in which the server kept up with what it was sent."""
    rate = found.get("request_rate")
    if rate is None or isinstance(rate, bool) or rate in ("inf", "Infinity"):
        return
    try:
        offered = float(rate)
    except (TypeError, ValueError) as cause:
        raise UserError(f"{run.name}: request_rate is {rate!r}, which is no rate. {_HOW}") from cause
    reached = run.completed / run.duration_s
    if math.isfinite(offered) and reached >= _KEPT_UP * offered:
        raise UserError(
            f"{run.name}: the server was sent {offered:g} requests a second and finished {reached:.3g}, so it was not "
            "full and could do more. Run it again with --request-rate inf."
        )


def _whole(found: Mapping[str, Any], key: str, name: str) -> int:
    value = found[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MOST or value != int(value):
        raise UserError(f"{name}: {key} is {value!r:.40}, where a whole number from 0 on is expected.")
    return int(value)


def _positive(found: Mapping[str, Any], key: str, name: str) -> float:
    value = found[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= _MOST:
        raise UserError(f"{name}: {key} is {value!r:.40}, where a number above zero is expected.")
    return float(value)


def _day(value: object) -> dt.date | None:
    """Return the day of "20261120-101500"; None where it is written otherwise."""
    try:
        return dt.datetime.strptime(str(value)[:8], "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None
