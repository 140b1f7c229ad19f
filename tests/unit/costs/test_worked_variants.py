"""Cases like the shared worked examples, at other volumes, models and methods; worked out by hand."""

from collections.abc import Mapping
from typing import Any

import pytest

from agents.costs.compare import compare
from agents.costs.documents import read_inputs
from agents.costs.report import to_json
from tests.unit.costs.books import make_book

SONNET, HAIKU = "claude-sonnet-5-5", "claude-haiku-5-5"
# fitted throughput: prompt tokens and output tokens per GPU second, seconds per output token and token of context
FP8_8B = {"Rp": 45_478, "Rd": 56_807, "c": 8.07e-8, "n_gpu": 1}
FP8_70B = {"Rp": 6_129, "Rd": 9_000, "c": 7.15e-8, "n_gpu": 2}


def details(**inputs: Any) -> Mapping[str, Any]:
    return to_json(compare(read_inputs(inputs), make_book()))["details"]  # type: ignore[no-any-return]  # a mapping


@pytest.mark.parametrize(
    ("calibration", "hour", "tokens", "expected"),
    [
        (
            FP8_8B,
            3.99,
            (1024, 128),
            {"cap_rps": 27.77, "replicas": 2, "usd_month": 5825.4, "usd_per_req": 1.9152e-4, "utilisation": 0.20838},
        ),
        (FP8_8B, 3.99, (500, 10), {"cap_rps": 86.37, "replicas": 1, "usd_month": 2912.7, "utilisation": 0.134}),
        (
            FP8_70B,
            4.59,
            (1024, 128),
            {"cap_rps": 10.457, "replicas": 5, "usd_month": 33_507, "usd_per_req": 1.1016e-3},
        ),
        (FP8_70B, 4.59, (500, 10), {"cap_rps": 24.08, "replicas": 3, "usd_month": 20_104, "utilisation": 0.1602}),
    ],
)
def test_a_million_requests_a_day_on_other_models_and_precisions(
    calibration: Mapping[str, Any], hour: float, tokens: tuple[int, int], expected: Mapping[str, float]
) -> None:
    found = details(
        requests_per_day=1_000_000,
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        calibration=calibration,
        usd_per_gpu_hour=hour,
    )["serving"]

    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.001)


@pytest.mark.parametrize(
    ("student", "precision", "full", "tenth"), [("8B", "fp8", 0.03464, 0.3464), ("70B", "fp8", 0.21167, 2.1167)]
)
def test_the_fits_that_are_shipped_price_a_million_tokens(
    student: str, precision: str, full: float, tenth: float
) -> None:
    serving = details(tokens_in=1024, tokens_out=128, student=student, precision=precision)["serving"]

    assert serving["usd_per_mtok_at_utilisation"]["1.0"] == pytest.approx(full, rel=0.001)
    assert serving["usd_per_mtok_at_utilisation"]["0.1"] == pytest.approx(tenth, rel=0.001)


def test_opus_4_1_writes_data_at_half_price_in_batches_though_its_list_has_no_batch_rate() -> None:
    found = details(
        model="claude-opus-4-1",
        prices_usd_per_mtok={"claude-opus-4-1": {"i": 15, "o": 75, "cr": 1.5, "cw": 18.75}},
        examples_kept=20_000,
        reject_rate=0.1,
        tokens_in=650,
        tokens_out=13,
    )["data_generation"]["claude-opus-4-1"]

    assert found["usd"] == pytest.approx(119.17, rel=0.001)
    assert found["usd_without_batch"] == pytest.approx(238.33, rel=0.001)


@pytest.mark.parametrize(
    ("volume", "hit_rate", "usd", "pays"), [(500, 0.8238, 0.0042275, True), (10_000, 1.0, 0.00372, True)]
)
def test_caching_pays_once_requests_come_often_enough(volume: int, hit_rate: float, usd: float, pays: bool) -> None:
    found = details(model=SONNET, requests_per_day=volume, static_prefix=1200, dynamic_in=300, tokens_out=300)
    cache = found["prompt_cache"][SONNET]

    assert cache["hit_rate"] == pytest.approx(hit_rate, rel=0.001)
    assert cache["usd_per_request"] == pytest.approx(usd, rel=0.001)
    assert cache["caching_pays"] is pays


def test_retrieval_over_five_million_tokens() -> None:
    found = details(
        corpus_tokens=5_000_000,
        chunk_tokens=512,
        overlap_tokens=64,
        dims=1536,
        embedding_model="text-embedding-3-small",
        requests_per_day=2000,
        top_k=5,
        other_in=400,
        tokens_out=300,
    )["knowledge"]

    assert found["chunks"] == 11_161
    assert found["embedded_tokens"] == 5_714_240
    assert found["embed_usd"] == pytest.approx(0.11428, rel=0.001)
    assert (found["vector_bytes"], found["halfvec_bytes"]) == (68_662_472, 34_375_880)
    assert found["rag_tokens_in"] == 2960
    # 2,960 prompt tokens at $2, 300 answer tokens at $10, and 400 tokens of question at the embedder's $0.02; the
    # database is paid by the month.
    assert found["rag_usd_per_request"] == pytest.approx(0.00892 + 8e-6, rel=0.001)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {"model": "llama-3.1-70b", "method": "qlora", "gpu": "A100-80", "n_gpu": 1, "usd_per_gpu_hour": 1.79},
            {"tok_s": 353.8, "wall_h": 23.56, "gpu_h": 23.56, "usd": 42.16},
        ),
        (
            {"model": "llama-3.1-70b", "method": "full", "gpu": "A100-80", "n_gpu": 16, "usd_per_gpu_hour": 1.79},
            {"tok_s": 4717, "wall_h": 1.7667, "gpu_h": 28.27, "usd": 50.6},
        ),
        (
            {
                "model": "llama-3.1-8b",
                "method": "qlora",
                "gpu": "A100-80",
                "n_gpu": 1,
                "usd_per_gpu_hour": 1.79,
                "runs": 3,
            },
            {"tok_s": 3108, "wall_h": 2.681, "usd_per_run": 4.799, "usd": 14.4},
        ),
        (
            {
                "model": "llama-3.1-8b",
                "method": "lora",
                "gpu": "H100-80",
                "n_gpu": 1,
                "usd_per_gpu_hour": 3.99,
                "runs": 3,
            },
            {"tok_s": 10_776, "wall_h": 0.7733, "usd_per_run": 3.085, "usd": 9.256},
        ),
    ],
)
def test_thirty_million_tokens_are_trained_by_other_methods(
    inputs: Mapping[str, Any], expected: Mapping[str, float]
) -> None:
    found = details(**{"trained_tokens": 30_000_000, "runs": 1, **inputs})["training"]

    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.001)


def test_haikus_long_prompts_cost_five_times_as_much_cached_or_not() -> None:
    found = details(model=HAIKU, requests_per_day=100_000, static_prefix=100_001, dynamic_in=0, tokens_out=0)

    assert found["prompt_cache"][HAIKU]["usd_per_request"] == pytest.approx(100_001 * 0.05 / 1e6, rel=0.001)
