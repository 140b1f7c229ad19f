"""Facts of the costs in what would change a decision: the figure, and the value at which it turns."""

from dataclasses import replace

from agents.decision import Approach, Crossing, Facts, Method, crossings_to_json, decide, flip_text, parse_crossings
from agents.decision.output import to_json
from tests.unit.decision.cases import about_knowledge, distillable, fine_tunable


def make_crossing(fact: str = "payback_days", **changes: object) -> Crossing:
    found: dict[str, object] = {
        "fact": fact,
        "key": "requests_per_day",
        "at": 67_000.0,
        "direction": "above",
        "becomes": True,
        "is_plausible": False,
        "text": "above 67,000 requests/day",
    }
    return Crossing(**(found | changes))  # type: ignore[arg-type]  # the defaults have the fields' types


GPU_PRICE = make_crossing(
    key="usd_per_gpu_hour",
    at=1.19,
    direction="below",
    is_plausible=True,
    text="H100-80 for serving below $1.19/GPU hour",
)


def test_a_payback_that_fails_names_the_volume_above_which_it_would_not() -> None:
    facts = Facts(payback_days=200.0, crossings=(make_crossing(),))

    [flip] = [flip for flip in decide(distillable(), facts).what_would_change if flip.name == "payback_days"]

    assert flip.verdict is Approach.DISTILL
    assert flip.crossings == facts.crossings
    assert flip_text(flip) == "Payback: 90 days or less (above 67,000 requests/day) → Distillation"


def test_a_payback_that_holds_names_only_what_would_end_it() -> None:
    ends = make_crossing(direction="below", becomes=False, text="below 20,000 requests/day")
    facts = Facts(payback_days=20.0, crossings=(make_crossing(), ends))

    flips = [flip for flip in decide(distillable(), facts).what_would_change if flip.name == "payback_days"]

    assert [flip.crossings for flip in flips] == [(ends,)]


def test_the_volume_comes_first_and_then_what_may_well_happen() -> None:
    unlikely = make_crossing(key="tokens_in", text="Prompt above 9,000 tokens")
    facts = Facts(payback_days=200.0, crossings=(unlikely, GPU_PRICE, make_crossing()))

    [flip] = [flip for flip in decide(distillable(), facts).what_would_change if flip.name == "payback_days"]

    inside = flip_text(flip).partition("(")[2].partition(")")[0]
    assert inside.split(", or ") == [
        "above 67,000 requests/day",
        "H100-80 for serving below $1.19/GPU hour",
        "Prompt above 9,000 tokens",
    ]


def test_long_context_names_the_size_from_which_retrieval_is_cheaper() -> None:
    size = make_crossing(
        "longctx_cheaper", key="knowledge_tokens", becomes=False, text="Documents above 114,000 tokens"
    )
    facts = Facts(longctx_cheaper=True, crossings=(size,))

    decision = decide(about_knowledge(knowledge_tokens=60_000), facts)

    [flip] = [flip for flip in decision.what_would_change if flip.name == "longctx_cheaper"]
    assert flip.verdict is Approach.RAG
    assert "Documents above 114,000 tokens" in flip_text(flip)


def test_figures_that_flip_the_verdict_stand_before_answers_that_do() -> None:
    ends = make_crossing(direction="below", becomes=False, text="below 20,000 requests/day")

    decision = decide(distillable(), Facts(payback_days=20.0, crossings=(ends,)))

    assert decision.what_would_change[0].name == "payback_days"


def test_memory_that_would_change_the_method_is_named_apart_from_the_verdict() -> None:
    gpus = make_crossing("lora_fits", key="seq", becomes=False, text="Training sequences above 37,600 tokens")
    facts = Facts(payback_days=20.0, lora_fits=True, qlora_fits=True, full_fits=True, crossings=(gpus,))

    decision = decide(fine_tunable(), facts)

    assert decision.method is Method.LORA
    assert [(flip.name, flip.method) for flip in decision.method_would_change] == [("lora_fits", Method.QLORA)]
    assert flip_text(decision.method_would_change[0]) == (
        "LoRA fits the GPUs: no (Training sequences above 37,600 tokens) → QLoRA"
    )
    assert all(flip.verdict is not decision.verdict for flip in decision.what_would_change)


def test_where_neither_fits_the_gpus_that_would_be_enough_are_named() -> None:
    enough = make_crossing("qlora_fits", key="n_gpu", at=1.0, text="from 2 x L40S-48")
    facts = Facts(payback_days=20.0, lora_fits=False, qlora_fits=False, crossings=(enough,))

    texts = [flip_text(flip) for flip in decide(fine_tunable(), facts).method_would_change]

    assert "QLoRA fits the GPUs: yes (from 2 x L40S-48) → QLoRA" in texts
    assert "LoRA fits the GPUs: yes → LoRA" in texts


def test_crossings_change_no_verdict() -> None:
    facts = Facts(payback_days=200.0, longctx_cheaper=False)
    crossed = replace(facts, crossings=(make_crossing(), GPU_PRICE))

    for answers in (distillable(), fine_tunable(), about_knowledge(knowledge_tokens=60_000)):
        plain, with_crossings = to_json(decide(answers, facts)), to_json(decide(answers, crossed))
        for key in ("verdict", "method", "blockers", "todo", "rules", "confidence", "next_question"):
            assert plain[key] == with_crossings[key]


def test_crossings_come_back_from_json_as_they_went_in() -> None:
    both = (make_crossing(), GPU_PRICE)

    assert parse_crossings(crossings_to_json(both)) == both
    assert parse_crossings(to_json(decide(distillable(), Facts(crossings=both)))["crossings"]) == both
