"""Comparisons to draw: named ones, and any that a person may describe."""

from typing import Any

from hypothesis import strategies as st

from agents.costs.compare import Comparison, compare
from agents.costs.documents import read_inputs
from tests.unit.costs.books import make_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10, "student": "8B"}
MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", "gpt-4o", "gpt-4")
LONG_NAMES = ("ein-sehr-langer-Modellname-mit-$-Zeichen-und-$-noch-einem", "日本語モデル", "m", "UPPER case model 70B")
ANSWERS = ("yes", "no", "not_tested")


def make_comparison(**more: Any) -> Comparison:
    """Return the comparison of the classification example with other inputs."""
    return compare(read_inputs({**LABELS, **more}), make_book())


def compared(document: dict[str, Any]) -> Comparison:
    """Return the comparison of a cost file."""
    return compare(read_inputs(document), make_book())


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a cost file: any volume, few or many models, documents, air gaps, people's time, odd names."""
    own = draw(st.lists(st.sampled_from(LONG_NAMES), unique=True))
    models = draw(st.lists(st.sampled_from(MODELS), unique=True))
    document: dict[str, Any] = {
        "requests_per_day": 10.0 ** draw(st.floats(-2, 10)),
        "tokens_in": round(10.0 ** draw(st.floats(0, 5))),
        "tokens_out": round(10.0 ** draw(st.floats(0, 4))),
        "student": draw(st.sampled_from(["8B", "70B"])),
        "small_api_meets_bar": draw(st.sampled_from(ANSWERS)),
        "engineering_day_rate": draw(st.sampled_from([0, 1, 800, 100_000])),
        "payback_limit_days": draw(st.sampled_from([1, 90, 36_500])),
        "air_gapped": draw(st.booleans()),
        "prices_usd_per_mtok": {
            name: {"i": draw(st.sampled_from([0, 0.01, 1, 3, 1_000])), "o": draw(st.sampled_from([0, 1, 15]))}
            for name in own
        },
    }
    if models or own:
        document["models"] = draw(st.permutations([*models, *own]))
    if draw(st.booleans()):
        document["knowledge_tokens"] = draw(st.sampled_from([500, 60_000, 5_000_000]))
    return document
