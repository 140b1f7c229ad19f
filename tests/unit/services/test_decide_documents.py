"""Files of answers: facts as they are given, or computed from the answers at some prices."""

from typing import Any

import pytest
import yaml

from agents.errors import UserError
from agents.services.decide_documents import decide_document
from tests.shared_data import shared
from tests.unit.costs.books import make_book

BOOK = make_book()
DISTILLABLE = {
    "problem": ["cost"],
    "prompt_tried": "systematic",
    "evals": "golden",
    "demand": "proven",
    "task_stable": True,
    "teacher_meets_bar": True,
    "small_api_meets_bar": False,
    "requests_per_day": 20_000,
    "tokens": {"static_prefix": 0, "tokens_in": 500, "tokens_out": 10},
    "gpu": {"kind": "A100-80", "count": 1},
}


def decided(answers: dict[str, Any], facts: dict[str, Any] | None = None, *, priced: bool = True) -> dict[str, Any]:
    document = {"answers": answers, "facts": facts or {}}
    [found] = decide_document(document, BOOK if priced else None)
    return found


def test_without_prices_facts_that_are_not_given_stay_unknown() -> None:
    found = decided(DISTILLABLE, priced=False)

    assert found["blocker_state"] == {"economics": "unknown"}
    assert not {"facts", "computed_facts", "unpriced"} & found.keys()


def test_with_prices_they_are_computed_and_say_where_they_turn() -> None:
    found = decided(DISTILLABLE)

    assert found["blocker_state"] == {"economics": "failed"}
    assert found["facts"]["payback_days"] is None
    assert found["computed_facts"] == ["payback_days", "lora_fits", "qlora_fits", "full_fits"]
    [payback] = [flip for flip in found["what_would_change"] if flip["name"] == "payback_days"]
    assert payback["verdict"] == "distill"
    assert payback["text"].startswith("Payback: 90 days or less (above ")
    assert {"requests_per_day", "prices_usd_per_mtok.claude-sonnet-5-5"} <= {one["key"] for one in payback["crossings"]}


def test_above_the_volume_it_names_the_verdict_is_the_one_it_names() -> None:
    [volume] = [one["at"] for one in decided(DISTILLABLE)["crossings"] if one["key"] == "requests_per_day"]

    assert decided({**DISTILLABLE, "requests_per_day": int(volume * 0.99)})["verdict"] == "prompt"
    assert decided({**DISTILLABLE, "requests_per_day": int(volume * 1.01) + 1})["verdict"] == "distill"


def test_a_fact_that_is_given_stays_what_it_is_and_is_moved_by_nothing() -> None:
    found = decided(DISTILLABLE, {"payback_days": 12})

    assert found["facts"]["payback_days"] == 12
    assert "payback_days" not in found["computed_facts"]
    assert {one["fact"] for one in found["crossings"]} <= {"lora_fits", "qlora_fits", "full_fits"}


def test_what_cannot_be_priced_is_said_and_decides_nothing() -> None:
    found = decided({**DISTILLABLE, "requests_per_day": 20_000_000_000_000})

    assert "requests_per_day: 20000000000000 cannot be used" in found["unpriced"]
    assert found["computed_facts"] == []
    assert found["blocker_state"] == {"economics": "unknown"}


def test_answers_without_volume_compute_what_they_can() -> None:
    answers = {key: value for key, value in DISTILLABLE.items() if key not in ("requests_per_day", "tokens")}

    assert decided(answers)["computed_facts"] == ["lora_fits", "qlora_fits", "full_fits"]


def test_a_file_that_is_no_case_is_refused_with_prices_as_without() -> None:
    for book in (None, BOOK):
        with pytest.raises(UserError, match="has no answers"):
            decide_document({"facts": {}}, book)


def test_every_shared_case_keeps_its_verdict_where_its_facts_are_given() -> None:
    document = yaml.safe_load(shared("domain/scenarios.yaml").read_text(encoding="utf-8"))
    given = [case for case in document["scenarios"] if case.get("facts")]

    plain = decide_document({"scenarios": given})
    priced = decide_document({"scenarios": given}, BOOK)

    assert [case["verdict"] for case in priced] == [case["verdict"] for case in plain]
