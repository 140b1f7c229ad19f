"""From runs to a calibration: exact where they are, nearest where not, and never faster than the hardware."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.costs.calibrations import FITS
from agents.costs.serving import Calibration
from agents.costs.throughput_fit import check_possible, fit_throughput, nonnegative_least_squares
from agents.costs.vllm_bench import BenchRun
from agents.errors import UserError

PRIOR = FITS["llama-3.1-8b", "bf16"].calibration
SHAPES = ((1_000.0, 200.0), (4_000.0, 100.0), (200.0, 1_000.0), (8_000.0, 20.0))


def run_of(calibration: Calibration, tokens_in: float, tokens_out: float, *, slower: float = 1.0) -> BenchRun:
    """Return the run that a full server of this throughput would make."""
    seconds = calibration.gpu_seconds(tokens_in, tokens_out) * slower
    return BenchRun("run", 500, 0, 500 * seconds / calibration.gpus, tokens_in, tokens_out, None, None)


def calibration(prefill: float, decode: float, context: float, gpus: int = 1) -> Calibration:
    return Calibration(prefill, decode, context, gpus, "a test", "measured", PRIOR.as_of)


def test_three_shapes_give_all_three_figures_back() -> None:
    true = calibration(20_000, 90_000, 2e-7)
    found = fit_throughput([run_of(true, *shape) for shape in SHAPES[:3]], 1, PRIOR)
    assert (found.prefill, found.decode, found.context) == pytest.approx((20_000, 90_000, 2e-7), rel=1e-6)
    assert "3 shapes" in found.how


def test_the_gpus_of_a_replica_share_the_work() -> None:
    true = calibration(20_000, 90_000, 2e-7, gpus=4)
    found = fit_throughput([run_of(true, *shape) for shape in SHAPES], 4, PRIOR)
    assert found.prefill == pytest.approx(20_000, rel=1e-6)


def test_one_run_scales_what_was_assumed_until_it_is_met() -> None:
    run = run_of(PRIOR, 1_000, 200, slower=1.25)
    found = fit_throughput([run], 1, PRIOR)
    made = calibration(found.prefill, found.decode, found.context)
    assert made.gpu_seconds(1_000, 200) == pytest.approx(run.gpu_seconds(1))
    assert found.prefill / PRIOR.prefill == pytest.approx(found.decode / PRIOR.decode) == pytest.approx(0.8)
    assert found.how.startswith("0.80 x the throughput assumed before")


def test_runs_of_one_shape_count_as_one() -> None:
    runs = [run_of(PRIOR, 1_000 + n, 200, slower=1.1) for n in range(4)]
    assert "one shape of request" in fit_throughput(runs, 1, PRIOR).how


def test_a_part_that_the_runs_do_not_have_is_not_taken_for_infinitely_fast() -> None:
    runs = [BenchRun("run", 500, 0, 500 * out * 1e-3, float(tokens), out, None, None)
            for tokens, out in ((10, 100.0), (20, 300.0), (40, 900.0))]  # fmt: skip
    found = fit_throughput(runs, 1, PRIOR)
    assert 0 < found.prefill <= 1e7
    assert found.decode == pytest.approx(1_000, rel=0.05)


def test_runs_that_contradict_each_other_are_refused() -> None:
    runs = [run_of(PRIOR, *shape, slower=slower) for shape, slower in zip(SHAPES[:2], (1, 4), strict=True)]
    with pytest.raises(UserError, match="contradict each other"):
        fit_throughput(runs, 1, PRIOR)


def test_more_than_the_hardware_computes_is_refused_with_what_may_be_wrong() -> None:
    fast = run_of(calibration(1e6, 1e6, 0), 1_000, 200)
    with pytest.raises(UserError, match=r"more than this GPU can compute.*prefix cache"):
        check_possible([fast], 1, 8_030_261_248, 989e12)
    check_possible([run_of(PRIOR, 1_000, 200)], 1, 8_030_261_248, 989e12)


positive = st.floats(min_value=1e-3, max_value=1e3)


@given(rows=st.lists(st.tuples(positive, positive, positive), min_size=1, max_size=8), targets=st.data())
def test_least_squares_are_never_below_zero_and_never_worse_than_nothing(
    rows: list[tuple[float, float, float]], targets: st.DataObject
) -> None:
    wanted = targets.draw(st.lists(st.floats(-10, 10), min_size=len(rows), max_size=len(rows)))
    found = nonnegative_least_squares(rows, wanted)
    assert min(found) >= 0

    def error(x: tuple[float, float, float]) -> float:
        return sum(
            (sum(a * b for a, b in zip(row, x, strict=True)) - t) ** 2 for row, t in zip(rows, wanted, strict=True)
        )

    assert error(found) <= error((0, 0, 0)) * (1 + 1e-9)


@given(
    prefill=st.floats(1e3, 1e5), decode=st.floats(1e3, 1e5), context=st.floats(1e-9, 1e-6),
)  # fmt: skip
def test_any_server_is_found_from_its_own_runs(prefill: float, decode: float, context: float) -> None:
    true = calibration(prefill, decode, context)
    found = fit_throughput([run_of(true, *shape) for shape in SHAPES], 1, PRIOR)
    made = calibration(found.prefill, found.decode, found.context)
    for shape in SHAPES:
        assert made.gpu_seconds(*shape) == pytest.approx(true.gpu_seconds(*shape), rel=1e-3)
