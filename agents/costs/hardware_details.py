"""The figures of training, memory and latency that stand behind a comparison."""

from collections.abc import Mapping
from typing import Any, Literal

from agents.costs.api import RequestShape
from agents.costs.latency import answer_floor_s, decode_floor_s
from agents.costs.scenario import Scenario
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.students import STUDENTS, Student
from agents.costs.training import Method
from agents.costs.training_memory import GPU_COUNTS, gpus_needed, guide_bytes, per_gpu_bytes
from agents.costs.upfront import training_usd

METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
PRECISION_BYTES: Mapping[Literal["bf16", "fp8"], int] = {"bf16": 2, "fp8": 1}
MOST_LISTED_GPUS = 8


def hardware_details(scenario: Scenario, shape: RequestShape | None) -> Mapping[str, Mapping[str, Any]]:
    """Return memory of training and serving, and the least latency where tokens are known."""
    found: dict[str, Mapping[str, Any]] = {
        "training_memory": {name: _memory(scenario, student) for name, student in STUDENTS.items()},
        "kv_cache": {name: _kv_cache(scenario, student) for name, student in STUDENTS.items()},
    }
    if shape is not None:
        found["latency"] = _latency(scenario, shape)
    return found


def training_details(scenario: Scenario) -> Mapping[str, Any]:
    """Return hours, speed and price of the training runs; empty while their tokens are unknown."""
    run = scenario.training
    if run is None:
        return {}
    return {
        "gpu": scenario.training_gpu.name,
        "gpus": scenario.training_gpus,
        "trained_tokens": scenario.trained_tokens,
        "wall_h": run.wall_h,
        "gpu_h": run.gpu_h,
        "tok_s": run.tokens_per_second,
        "usd_per_gpu_hour": scenario.training_usd_per_hour.base,
        "usd_per_run": run.usd(scenario.training_usd_per_hour).base,
        "usd": training_usd(scenario).base,
    }


def _memory(scenario: Scenario, student: Student) -> Mapping[str, Any]:
    settings = scenario.training_settings
    found: dict[str, Any] = {"lora_parameters": student.lora_parameters(settings.rank)}
    for method in METHODS:
        alone = per_gpu_bytes(student, method, settings)
        found[method] = {
            "gb_one_gpu": alone / 1e9,
            "gib_one_gpu": alone / 2**30,
            "guide_x_bf16_size_gb": guide_bytes(student, method) / 1e9,
            "gpus_needed": {
                name: gpus_needed(student, method, settings, gpu.memory_bytes)
                for name, gpu in scenario.book.gpus.items()
            },
            "per_gpu_gb": {str(gpus): per_gpu_bytes(student, method, settings, gpus) / 1e9 for gpus in GPU_COUNTS[:5]},
            "fill_fraction": {
                f"{gpus}x{name}": per_gpu_bytes(student, method, settings, gpus) / gpu.memory_bytes
                for name, gpu in scenario.book.gpus.items()
                for gpus in GPU_COUNTS[:5]
            },
        }
    return found


def _kv_cache(scenario: Scenario, student: Student) -> Mapping[str, Any]:
    inputs = scenario.inputs
    fitting: dict[str, int] = {}
    for precision, size in PRECISION_BYTES.items():
        for name, gpu in scenario.book.gpus.items():
            for gpus in (count for count in GPU_COUNTS if count <= MOST_LISTED_GPUS):
                tokens = kv_cache_tokens(
                    student,
                    bytes_per_weight=size,
                    gpu_bytes=gpu.memory_bytes,
                    gpus=gpus,
                    share=inputs.util,
                    overhead_bytes_per_gpu=inputs.overhead_gb_per_gpu * 1e9,
                    bytes_per_value=inputs.kv_bytes,
                )
                if tokens > 0:
                    fitting[f"{precision}_{gpus}x{name}"] = tokens
    return {"kv_bytes_per_token": student.kv_bytes_per_token(inputs.kv_bytes), "kv_tokens": fitting}


def _latency(scenario: Scenario, shape: RequestShape) -> Mapping[str, Any]:
    weights = scenario.student.weight_bytes(scenario.bytes_per_weight)
    bandwidth = scenario.serving_gpu.bandwidth
    calibration = scenario.calibration

    def floor_s(tokens_out: float) -> float:
        return answer_floor_s(
            calibration,
            tokens_in=float(shape.tokens_in),
            tokens_out=tokens_out,
            weight_bytes=weights,
            bandwidth=bandwidth,
        )

    return {
        "decode_floor_s_per_token": decode_floor_s(weights, bandwidth, calibration.gpus),
        "first_token_floor_s": floor_s(1),
        "answer_floor_s": floor_s(float(shape.tokens_out)),
    }
