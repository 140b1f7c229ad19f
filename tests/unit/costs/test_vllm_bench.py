"""Results of `vllm bench serve`: read as the tool writes them, refused where they tell nothing."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.costs.vllm_bench import read_bench
from agents.errors import UserError


def result(**changed: Any) -> dict[str, Any]:
    """Return what `vllm bench serve --save-result` writes of 500 requests of 1,000 and 200 tokens in 20 s."""
    completed = 500
    duration = 40.0 if changed.get("duration") == 40.0 else 20.0
    tokens = {"total_input_tokens": 1_000 * completed, "total_output_tokens": 200 * completed}
    found = {
        "date": "20261120-101500",
        "endpoint_type": "vllm",
        "label": None,
        "model_id": "meta-llama/Llama-3.1-8B-Instruct",
        "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct",
        "num_prompts": 500,
        "request_rate": "inf",
        "burstiness": 1.0,
        "max_concurrency": None,
        "duration": duration,
        "completed": completed,
        **tokens,
        "request_throughput": completed / duration,
        "request_goodput": None,
        "output_throughput": 200 * completed / duration,
        "total_token_throughput": 1_200 * completed / duration,
        "mean_ttft_ms": 812.5,
        "median_ttft_ms": 790.1,
        "p99_ttft_ms": 1_900.0,
        "mean_tpot_ms": 31.2,
        "mean_itl_ms": 31.0,
    }
    return found | changed


def text(**changed: Any) -> str:
    return json.dumps(result(**changed))


def without(key: str) -> str:
    return json.dumps({name: value for name, value in result().items() if name != key})


def test_a_result_gives_tokens_per_request_and_gpu_seconds() -> None:
    (run,) = read_bench(text(), "a.json")
    assert (run.tokens_in, run.tokens_out, run.completed, run.failed) == (1_000, 200, 500, 0)
    assert run.gpu_seconds(1) == pytest.approx(0.04)
    assert run.gpu_seconds(2) == pytest.approx(0.08)
    assert run.made_on == dt.date(2026, 11, 20)
    assert run.model == "meta-llama/Llama-3.1-8B-Instruct"


def test_runs_that_were_appended_to_one_file_are_all_read() -> None:
    runs = read_bench(text() + "\n" + text(duration=40.0), "a.json")
    assert [run.duration_s for run in runs] == [20, 40]
    assert runs[1].name == "a.json, run 2"
    assert len(read_bench(f"[{text()}, {text()}]", "a.json")) == 2


def test_failed_requests_are_counted_also_where_an_older_release_does_not_say() -> None:
    assert read_bench(text(failed=3), "a")[0].failed == 3
    assert read_bench(text(num_prompts=520), "a")[0].failed == 20


def test_a_server_that_was_not_full_is_refused() -> None:
    with pytest.raises(UserError, match=r"sent 25 requests a second and finished 25.*--request-rate inf"):
        read_bench(text(request_rate=25.0), "a")
    assert read_bench(text(request_rate=100.0), "a")[0].completed == 500


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("[]", "is empty"),
        ("not json", "is no JSON"),
        ('{"completed": 500', "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("9" * 5_000, "is no JSON"),
        ('"text"', "holds str"),
        ("[1, 2]", "holds int"),
        ("{}", "is no result of `vllm bench serve`: it lacks duration, completed"),
        (json.dumps({"elapsed_time": 3, "num_requests": 5}), "is no result of `vllm bench serve`"),
        (without("duration"), "it lacks duration"),
        (text(completed=0, failed=500), "no request was finished, 500 failed"),
        (text(failed=100), "100 of 600 requests failed"),
        (text(completed=5, num_prompts=5), "5 requests are too few"),
        (text(duration=0), "duration is 0"),
        (text(duration=-1.0), "duration is -1"),
        (text(duration="20"), "duration is '20'"),
        (text(duration=True), "duration is True"),
        (text(duration=float("nan")), "duration is nan"),
        (text(duration=10**400), "duration is 1000"),
        (text(completed=500.5), "completed is 500.5"),
        (text(completed=-500), "completed is -500"),
        (text(total_output_tokens=0), "total_output_tokens is 0"),
        (text(output_throughput=100.0), "contradicts itself: output_throughput is 100"),
        (text(request_throughput=1.0), "contradicts itself"),
        (text(request_rate="fast"), "request_rate is 'fast'"),
        (text(request_rate={}), "request_rate is {}"),
    ],
)
def test_a_file_that_tells_nothing_is_refused_with_its_name(content: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_bench(content, "a.json")
    assert says in str(refused.value)
    assert "a.json" in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(sorted(result()))


@given(changed=st.dictionaries(KEYS, JSON, max_size=4))
def test_whatever_stands_in_a_result_it_is_read_or_refused_in_words(changed: Mapping[str, Any]) -> None:
    try:
        runs = read_bench(json.dumps(result() | dict(changed)), "a.json")
    except UserError as refused:
        assert str(refused)  # noqa: PT017  # either outcome is right
    else:
        assert all(0 < run.gpu_seconds(1) < float("inf") for run in runs)
