"""From measured runs to the three figures of a calibration: prompt and output tokens per GPU second, and context.

GPU seconds of a request = in/prefill + out/decode + context * out * (in + out/2), so the inverses are found by least
squares with none below zero, each run weighed by its own size.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from agents.costs.serving import Calibration
from agents.costs.vllm_bench import BenchRun
from agents.errors import UserError

# Runs whose mean tokens are nearer to each other than this are of one shape.
SAME_SHAPE = 0.1
SHAPES_FOR_FIT = 3
# A fit says nothing of a part that the runs do not have; it may not be taken for infinitely fast there.
_MOST_TOKENS_PER_GPU_SECOND = 1e7
# Beyond this the three figures do not describe the server.
_MOST_MISSED = 0.3

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was found: `missed` is the largest share by which a run differs from it, `how` says how it was found."""

    prefill: float
    decode: float
    context: float
    missed: float
    how: str


def fit_throughput(runs: Sequence[BenchRun], gpus: int, prior: Calibration) -> Throughput:
    """Return the throughput that meets the runs: all three figures from three shapes on, else the prior scaled.

    Args:
        runs: One at least.
        gpus: GPUs of the replica that was measured.
        prior: What was believed of it before.

    Raises:
        UserError: No such figures describe the runs.
    """
    shapes = _shapes(runs)
    found = _scaled(runs, gpus, prior, shapes) if shapes < SHAPES_FOR_FIT else _solved(runs, gpus, shapes)
    if found.missed > _MOST_MISSED:
        raise UserError(
            f"The runs contradict each other: the nearest fit misses one by {found.missed:.0%}. Load runs of one "
            "server, all of them full, or fewer of them."
        )
    return found


def check_possible(runs: Sequence[BenchRun], gpus: int, parameters: int, flops: float) -> None:
    """Refuse runs that are faster than the GPUs can compute.

    Args:
        runs: What was measured.
        gpus: GPUs of the replica.
        parameters: Weights of the student; a token takes two operations for each.
        flops: Peak of one GPU in the precision served, FLOP/s.

    Raises:
        UserError: A run is; the text says what may be wrong.
    """
    most = flops / (2 * parameters)
    for run in runs:
        reached = (run.tokens_in + run.tokens_out) / run.gpu_seconds(gpus)
        if reached > most:
            raise UserError(
                f"{run.name}: {reached:,.0f} tokens per GPU second are more than this GPU can compute for this "
                f"student ({most:,.0f}). Check student, GPU, their number and the precision; and if prompts came from "
                "the prefix cache, measure with --no-enable-prefix-caching."
            )


def _shapes(runs: Sequence[BenchRun]) -> int:
    """Return how many sorts of request were measured."""
    kept: list[BenchRun] = []
    for run in runs:
        if not any(_is_near(run.tokens_in, k.tokens_in) and _is_near(run.tokens_out, k.tokens_out) for k in kept):
            kept.append(run)
    return len(kept)


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_SHAPE * max(one, other)


def _scaled(runs: Sequence[BenchRun], gpus: int, prior: Calibration, shapes: int) -> Throughput:
    """Return the prior, made slower or faster as a whole until the runs are met on average."""
    ratios = [run.gpu_seconds(gpus) / prior.gpu_seconds(run.tokens_in, run.tokens_out) for run in runs]
    slower = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
    missed = max(abs(ratio / slower - 1) for ratio in ratios)
    times = f"{1 / slower:.2f} x the throughput assumed before"
    sort = "one shape of request" if shapes == 1 else f"{shapes} shapes of request"
    how = f"{times}, measured with {sort}"
    return Throughput(prior.prefill / slower, prior.decode / slower, prior.context * slower, missed, how)


def _solved(runs: Sequence[BenchRun], gpus: int, shapes: int) -> Throughput:
    floor = 1 / _MOST_TOKENS_PER_GPU_SECOND
    rows: list[Vector] = []
    for run in runs:
        measured = run.gpu_seconds(gpus)
        context = run.tokens_out * (run.tokens_in + run.tokens_out / 2)
        rows.append((run.tokens_in / measured, run.tokens_out / measured, context / measured))
    # The floor is taken off first, so that what is left may be zero.
    targets = [1 - floor * (row[0] + row[1]) for row in rows]
    per_in, per_out, context = nonnegative_least_squares(rows, targets)
    per_in, per_out = per_in + floor, per_out + floor
    made = [row[0] * per_in + row[1] * per_out + row[2] * context for row in rows]
    missed = max(abs(each - 1) for each in made)
    how = f"fitted to {len(rows)} runs of {shapes} shapes, each met within {missed:.0%}"
    return Throughput(1 / per_in, 1 / per_out, context, missed, how)


def nonnegative_least_squares(rows: Sequence[Vector], targets: Sequence[float]) -> Vector:
    """Return the three coefficients, none below zero, with the least sum of squared errors.

    Three unknowns have eight sets of which may be above zero, so all of them are tried.
    """
    # Columns differ by many orders of magnitude; scaled, the small systems below are solved without loss.
    scales = tuple(math.sqrt(math.fsum(row[i] ** 2 for row in rows)) or 1.0 for i in range(3))
    best, best_error = (0.0, 0.0, 0.0), math.fsum(target**2 for target in targets)
    for size in (1, 2, 3):
        for chosen in itertools.combinations(range(3), size):
            solved = _least_squares([[row[i] / scales[i] for i in chosen] for row in rows], targets)
            if solved is None or min(solved) < 0:
                continue
            found = [0.0, 0.0, 0.0]
            for i, value in zip(chosen, solved, strict=True):
                found[i] = value / scales[i]
            error = math.fsum((sum(a * x for a, x in zip(row, found, strict=True)) - target) ** 2
                              for row, target in zip(rows, targets, strict=True))  # fmt: skip
            if error < best_error:
                best, best_error = (found[0], found[1], found[2]), error
    return best


def _least_squares(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[float] | None:
    """Return the solution of the normal equations by elimination; None where columns say the same."""
    size = len(rows[0])
    system = [
        [math.fsum(row[i] * row[j] for row in rows) for j in range(size)]
        + [math.fsum(row[i] * target for row, target in zip(rows, targets, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda n: abs(system[n][i]))
        system[i], system[pivot] = system[pivot], system[i]
        if abs(system[i][i]) < 1e-12:
            return None
        for n in range(size):
            if n != i:
                factor = system[n][i] / system[i][i]
                system[n] = [a - factor * b for a, b in zip(system[n], system[i], strict=True)]
    return [row[size] / row[i] for i, row in enumerate(system)]
