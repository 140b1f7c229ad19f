"""Memory against GPU sizes: the figures of the worked example, and what fits."""

import pytest

from agents.adapters.charts.memory import describe_memory
from agents.costs.curves.memory import memory_sizes
from agents.costs.training_memory import training_fits
from tests.unit.charts.comparisons import make_comparison

GPU = {"usd": 3, "mem": 192e9, "flops": 1e15, "bw": 8e12}


def test_the_figures_are_those_of_the_worked_example() -> None:
    sizes = memory_sizes(make_comparison())
    gigabytes = {
        (one.student, need.method): [amount / 1e9 for amount in need.bytes_per_gpu]
        for one in sizes.students
        for need in one.methods
    }
    assert gigabytes["llama-3.1-8b", "full"][0] == pytest.approx(133, rel=0.005)
    assert gigabytes["llama-3.1-8b", "qlora"][0] == pytest.approx(11.3, rel=0.005)
    assert gigabytes["llama-3.1-70b", "lora"][:3] == [pytest.approx(want, rel=0.005) for want in (152, 83, 46.9)]


def test_what_lies_below_a_line_fits_and_what_lies_above_does_not() -> None:
    comparison = make_comparison(student="70B")
    sizes, scenario = memory_sizes(comparison), comparison.scenario
    card = next(size for size in sizes.sizes if "A100-80" in size.names)
    for need in sizes.chosen.methods:
        for count, amount in zip((1, 2, 4, 8), need.bytes_per_gpu, strict=True):
            fits = training_fits(
                scenario.student,
                need.method,
                scenario.training_settings,
                gpu_bytes=scenario.book.gpu("A100-80").memory_bytes,
                gpus=count,
            )
            assert (amount <= card.usable_bytes) == fits


def test_sizes_are_written_as_makers_do_and_hold_the_gpu_that_was_added() -> None:
    sizes = memory_sizes(make_comparison(gpus={"B200": GPU}, training_gpu="B200")).sizes
    assert [size.gigabytes for size in sizes] == [48, 80, 141, 192]
    assert sizes[1].names == ("A100-80", "H100-80")


def test_the_words_say_how_many_gpus_each_method_takes() -> None:
    alt = describe_memory(memory_sizes(make_comparison(student="70B")))
    assert alt.startswith("Training Llama 70B on A100-80: QLoRA 1 GPU; LoRA 4 GPUs; full training 16 GPUs.")
    assert "Llama 70B, LoRA: 152, 83, 46.9, 28.9 GB; by the rule of thumb 212 GB in all." in alt
    assert "of which a run may fill 95%: 48 GB (L40S-48); 80 GB (A100-80, H100-80); 141 GB (H200-141)." in alt


def test_neither_tokens_nor_volume_are_needed() -> None:
    comparison = make_comparison(requests_per_day=None, tokens_in=None, tokens_out=None)
    assert memory_sizes(comparison).student == "llama-3.1-8b"
