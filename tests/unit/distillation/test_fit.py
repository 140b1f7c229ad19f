"""Whether a training fits the GPUs asked for."""

from typing import Any

import pytest

from agents.distillation.documents import read_spec
from agents.distillation.fit import memory_words
from agents.distillation.spec import DistillationSpec
from agents.errors import UserError


def spec(base: str = "meta-llama/Llama-3.1-8B-Instruct", method: str = "lora", **training: Any) -> DistillationSpec:
    return read_spec(
        {
            "name": "tickets",
            "task": {"kind": "classification", "instructions": "Which team?", "labels": ["a", "b"]},
            "data": {"golden": "golden.jsonl", "labelled": "labelled.jsonl"},
            "student": {"base": base, "method": method},
            "training": training,
            "gate": {"minimum": 0.9},
        }
    )


def test_what_a_training_takes_is_said_beside_what_there_is() -> None:
    words = memory_words(spec())
    assert words is not None
    assert words.startswith("LoRA of llama-3.1-8b takes about ")
    assert words.endswith(" GB of each of 1x80 GB, 8 examples at once")


def test_fewer_examples_at_once_are_tried_before_it_is_refused() -> None:
    assert str(memory_words(spec(gpu_memory_gb=24))).endswith("1x24 GB, 2 examples at once")


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(UserError, match="this host has 1x80 GB: QLoRA fits here; it fits on") as refused:
        memory_words(spec("meta-llama/Llama-3.1-70B-Instruct"))
    assert "2xH200" in str(refused.value)
    with pytest.raises(UserError, match="LoRA and QLoRA fit here"):
        memory_words(spec(method="full"))


def test_the_same_on_several_gpus_fits() -> None:
    assert memory_words(spec("meta-llama/Llama-3.1-70B-Instruct", gpus=4)) is not None


def test_an_unknown_base_is_looked_at_later_and_a_processor_not_at_all() -> None:
    assert "not known for this base" in str(memory_words(spec("some/model")))
    assert memory_words(spec(gpus=0)) is None


def test_each_of_several_gpus_takes_its_share_of_the_batch() -> None:
    assert str(memory_words(spec(gpus=4, batch=16))).endswith("4x80 GB, 4 examples at once")
    with pytest.raises(UserError, match="A batch of 16 cannot be shared evenly by 3 GPUs"):
        memory_words(spec(gpus=3, batch=16))
