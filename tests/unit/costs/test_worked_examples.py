"""Every worked example, through the same door as a cost file: inputs in, JSON out."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from agents.costs.compare import compare
from agents.costs.documents import alternatives
from agents.costs.report import to_json
from tests.shared_data import SHARED, shared
from tests.unit.costs.books import make_book

FILE = "domain/worked_examples.yaml"
Found = Mapping[str, Any]
SONNET, HAIKU = "claude-sonnet-5-5", "claude-haiku-5-5"
# Said in words in the file: teacher data from Opus and three LoRA runs, for the task of the serving examples.
PAYBACK = {
    "tokens_in": 500,
    "tokens_out": 10,
    "claude_token_factor": 1.3,
    "examples": 20_000,
    "reject_rate": 0.1,
    "runs": 3,
    "epochs": 3,
    "calibration": {"Rp": 28332, "Rd": 176036, "c": 1.12e-7, "n_gpu": 1},
    "usd_per_gpu_hour": 3.99,
}


def case_ids() -> list[str]:
    path = SHARED / FILE
    if not path.exists():
        return ["absent"]
    return [case["id"] for case in yaml.safe_load(path.read_text())["cases"]]


def pinned() -> Found:
    return yaml.safe_load(shared(FILE).read_text())  # type: ignore[no-any-return]  # the file is a mapping


def results(inputs: Found) -> list[Found]:
    """Return the JSON details of each alternative that a case lists, at the file's own prices."""
    prices = {key: pinned()[key] for key in ("prices_usd_per_mtok", "gpus")}
    found = alternatives({**inputs, **prices})
    return [to_json(compare(one, make_book()))["details"] for _, one in found]


def assert_close(actual: Any, expected: Any, where: str) -> None:
    if expected is None or isinstance(expected, bool | str):
        assert actual == expected, where
    else:
        assert actual == pytest.approx(expected, rel=0.005, abs=1e-12), where


@pytest.mark.parametrize("case_id", case_ids())
def test_a_worked_example_holds(case_id: str) -> None:
    case = next(case for case in pinned()["cases"] if case["id"] == case_id)
    inputs = case["inputs"]
    if case_id.startswith("W12"):
        inputs = {**inputs, **PAYBACK, "models": [inputs["api"], HAIKU]}
        del inputs["upfront_compute_usd"], inputs["api"]
    found = results(inputs)
    figures = READ[case_id[:3]](case, found)
    assert figures.keys() == case["expected"].keys()
    for name, expected in case["expected"].items():
        if isinstance(expected, dict):
            assert figures[name].keys() == expected.keys()
            for part, value in expected.items():
                assert_close(figures[name][part], value, f"{name}.{part}")
        elif isinstance(expected, list):
            assert len(figures[name]) == len(expected)
            for actual, value in zip(figures[name], expected, strict=True):
                assert_close(actual, value, name)
        else:
            assert_close(figures[name], expected, name)


def _named(section: Found, case: Found) -> Found:
    return {name: section[name] for name in case["expected"]}


def _prompting(case: Found, found: list[Found]) -> Found:
    return _named(found[0]["prompting"][case["inputs"]["model"]], case)


def _cache(case: Found, found: list[Found]) -> Found:
    return _named(found[0]["prompt_cache"][case["inputs"]["model"]], case)


def _data(case: Found, found: list[Found]) -> Found:
    return _named(found[0]["data_generation"][case["inputs"]["model"]], case)


def _tier(case: Found, found: list[Found]) -> Found:
    return {"usd": [one["prompting"][HAIKU]["usd"] for one in found]}


def _knowledge(case: Found, found: list[Found]) -> Found:
    return _named(found[0]["knowledge"], case)


def _training(case: Found, found: list[Found]) -> Found:
    return _named(found[0]["training"], case)


def _per_token(case: Found, found: list[Found]) -> Found:
    prices = [str(price) for price in case["inputs"]["usd_per_gpu_hour"]]
    return {
        "cap_rps": found[0]["serving"]["cap_rps"],
        "usd_per_mtok": {
            price: one["serving"]["usd_per_mtok_at_utilisation"] for price, one in zip(prices, found, strict=True)
        },
    }


def _serving(case: Found, found: list[Found]) -> Found:
    serving = found[0]["serving"]
    own = ("cap_rps", "replicas", "utilisation", "usd_month", "usd_per_req", "usd_per_mtok")
    return {
        **{name: serving[name] for name in own},
        "sonnet_usd_month": serving["api_usd_month"][SONNET],
        "haiku_usd_month": serving["api_usd_month"][HAIKU],
        "ratio_sonnet_over_self": serving["ratio_api_over_self"][SONNET],
        "ratio_haiku_over_self": serving["ratio_api_over_self"][HAIKU],
        "cheapest": {HAIKU: "haiku", SONNET: "sonnet"}.get(serving["cheapest"], "self"),
    }


def _break_even(case: Found, found: list[Found]) -> Found:
    counts = [str(count) for count in case["inputs"]["min_replicas"]]
    by_count = dict(zip(counts, (one["serving"]["break_even"] for one in found), strict=True))
    return {
        "vs_sonnet": {count: volumes[SONNET] for count, volumes in by_count.items()},
        "vs_haiku": {count: volumes[HAIKU] for count, volumes in by_count.items()},
    }


def _payback(case: Found, found: list[Found]) -> Found:
    without, with_people = (one["payback"] for one in found)
    return {
        "upfront_compute_usd": without["upfront_compute_usd"],
        "api_usd_day": without["api_usd_day"][SONNET],
        "self_usd_day": without["self_usd_day"],
        "payback_days_compute_only": with_people["payback_days_compute_only"][SONNET],
        "payback_days_with_engineering": with_people["payback_days_with_engineering"][SONNET],
        "payback_days_vs_haiku": with_people["payback_days_with_engineering"][HAIKU],
    }


def _memory(case: Found, found: list[Found]) -> Found:
    memory = found[0]["training_memory"]
    students = {"8b": memory["llama-3.1-8b"], "70b": memory["llama-3.1-70b"]}
    figures: dict[str, Any] = {}
    for size, student in students.items():
        figures[f"lora_params_{size}_r16"] = student["lora_parameters"]
        for method in ("full", "lora", "qlora"):
            row = student[method]
            figures[f"{size}_{method}"] = {
                "gb_one_gpu": row["gb_one_gpu"],
                "gib_one_gpu": row["gib_one_gpu"],
                "a100_80_needed": row["gpus_needed"]["A100-80"],
                "h200_needed": row["gpus_needed"]["H200-141"],
                "guide_x_bf16_size_gb": row["guide_x_bf16_size_gb"],
            }
    large = students["70b"]["lora"]
    figures["70b_lora_2xA100_per_gpu_gb"] = large["per_gpu_gb"]["2"]
    figures["70b_lora_4xA100_per_gpu_gb"] = large["per_gpu_gb"]["4"]
    figures["70b_lora_2xA100_fill_fraction"] = large["fill_fraction"]["2xA100-80"]
    return figures


def _kv_cache(case: Found, found: list[Found]) -> Found:
    cache = found[0]["kv_cache"]
    small, large = cache["llama-3.1-8b"], cache["llama-3.1-70b"]
    return {
        "kv_bytes_per_token_8b": small["kv_bytes_per_token"],
        "kv_bytes_per_token_70b": large["kv_bytes_per_token"],
        "kv_tokens_8b_bf16_H100": small["kv_tokens"]["bf16_1xH100-80"],
        "kv_tokens_8b_bf16_L40S": small["kv_tokens"]["bf16_1xL40S-48"],
        "kv_tokens_70b_bf16_2xA100": large["kv_tokens"]["bf16_2xA100-80"],
        "kv_tokens_70b_bf16_4xA100": large["kv_tokens"]["bf16_4xA100-80"],
        "kv_tokens_70b_fp8_1xH100": large["kv_tokens"]["fp8_1xH100-80"],
        "kv_tokens_70b_fp8_2xH100": large["kv_tokens"]["fp8_2xH100-80"],
        "kv_tokens_70b_fp8_1xH200": large["kv_tokens"]["fp8_1xH200-141"],
    }


READ = {
    "W01": _prompting,
    "W03": _cache,
    "W04": _data,
    "W05": _tier,
    "W07": _knowledge,
    "W08": _training,
    "W09": _per_token,
    "W10": _serving,
    "W11": _break_even,
    "W12": _payback,
    "W13": _memory,
    "W14": _kv_cache,
}


def test_the_counts_that_are_exact_are_exact() -> None:
    details = to_json(compare(next(alternatives({}))[1], make_book()))["details"]
    assert details["training_memory"]["llama-3.1-8b"]["lora_parameters"] == 41_943_040
    assert details["training_memory"]["llama-3.1-70b"]["lora_parameters"] == 207_093_760
    assert details["kv_cache"]["llama-3.1-8b"]["kv_bytes_per_token"] == 131_072
    assert details["kv_cache"]["llama-3.1-70b"]["kv_bytes_per_token"] == 327_680
