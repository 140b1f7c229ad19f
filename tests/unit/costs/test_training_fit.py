"""Whether a training fits a host, and what is said where it does not."""

import pytest

from agents.costs.students import LLAMA_8B, LLAMA_70B, Student
from agents.costs.training import Method
from agents.costs.training_fit import fitting_micro_batch, micro_batches, misfit
from agents.costs.training_memory import TrainingSettings
from agents.errors import UserError

GIB_80 = 80 * 2**30


def test_lora_of_70b_on_one_gpu_of_80_gb_names_qlora_and_the_gpus_it_takes() -> None:
    assert misfit(LLAMA_70B, "lora", TrainingSettings(), gpu_bytes=GIB_80, gpus=1, size="80 GB") == (
        "LoRA of llama-3.1-70b needs about 152 GB of GPU memory; this host has 1x80 GB: QLoRA fits here; it fits on "
        "4x80 GB or 2xH200. Choose one of these, a smaller base, or a shorter sequence."
    )


def test_full_fine_tuning_names_both_kinds_of_adapters() -> None:
    said = misfit(LLAMA_8B, "full", TrainingSettings(), gpu_bytes=GIB_80, gpus=1, size="80 GB")
    assert "Full fine-tuning of llama-3.1-8b needs about 13" in said
    assert ": LoRA and QLoRA fit here; it fits on 2x80 GB or 1xH200." in said


def test_what_no_host_holds_is_said_as_such() -> None:
    giant = Student("giant", 10**12, 100, 16_384, 53_248, 128, 8, 128, 128_256)
    said = misfit(giant, "full", TrainingSettings(), gpu_bytes=GIB_80, gpus=8, size="80 GB")
    assert ": no host with 8 GPUs is enough for it. Choose" in said


@pytest.mark.parametrize(
    ("student", "method", "gpus", "size"),
    [(LLAMA_8B, "lora", 1, 8), (LLAMA_70B, "lora", 1, None), (LLAMA_70B, "qlora", 1, 4), (LLAMA_8B, "full", 1, None)],
)
def test_the_largest_micro_batch_that_fits_is_taken(
    student: Student, method: Method, gpus: int, size: int | None
) -> None:
    settings = TrainingSettings(sequence=2048)
    assert fitting_micro_batch(student, method, settings, (8, 4, 2, 1), gpu_bytes=GIB_80, gpus=gpus) == size


@pytest.mark.parametrize(
    ("batch", "processes", "largest", "sizes"),
    [(16, 1, 8, (8, 4, 2, 1)), (16, 2, 16, (8, 4, 2, 1)), (12, 1, 12, (12, 6, 3, 1)), (7, 1, 4, (1,)), (1, 1, 8, (1,))],
)
def test_micro_batches_divide_the_batch_and_are_halved(
    batch: int, processes: int, largest: int, sizes: tuple[int, ...]
) -> None:
    assert micro_batches(batch, processes, largest) == sizes


def test_a_batch_that_gpus_cannot_share_is_refused() -> None:
    with pytest.raises(UserError, match=r"A batch of 10 cannot be shared evenly by 4 GPUs\."):
        micro_batches(10, 4, 8)
