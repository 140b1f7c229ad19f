"""The form of a distillation: the file that it stands for, and faults at their fields."""

import json
from decimal import Decimal
from typing import Any

import pytest

from agents.distillation.documents import read_spec
from agents.distillation.form import Places, begun_with, spec_of
from agents.distillation.origins import KeptFile

PLACES = Places({"tickets": "/data/tickets"}, ("warehouse",), {"gold.csv": "a" * 64, "mine.jsonl": "b" * 64})
ENTERED = {
    "name": "tickets",
    "kind": "classification",
    "instructions": "Tell which team a ticket belongs to.",
    "answers": "billing\nshipping\n",
    "golden": "tickets/golden.jsonl",
    "labelled": "",
    "inputs": "tickets/inputs.jsonl",
    "licence": "internal",
    "teacher": "claude",
    "model": "claude-opus-5-5",
    "base": "meta-llama/Llama-3.1-8B-Instruct",
    "method": "qlora",
    "margin": "1.5 %",
    "minimum": "",
    "epochs": "2",
    "learning_rate": "",
    "rank": "32",
    "batch": "16",
    "micro_batch": "8",
    "sequence": "1,024",
    "gpus": "2",
    "gpu_memory_gb": "80",
    "budget_usd": "$1,200",
}


def entered(**changed: str) -> dict[str, str]:
    return {**ENTERED, **changed}


def faults(**changed: str) -> dict[str, str]:
    return dict(spec_of(entered(**changed), PLACES)[1])


def test_a_form_stands_for_a_distillation_file() -> None:
    document, wrong = spec_of(ENTERED, PLACES)
    assert wrong == {}
    spec = read_spec(document)
    assert spec.data.golden == "/data/tickets/golden.jsonl"
    assert spec.teacher is not None
    assert (spec.teacher.kind, spec.teacher.model) == ("claude", "claude-opus-5-5")
    assert (spec.student.method, spec.gate.margin) == ("qlora", 0.015)
    assert spec.budget_usd == Decimal(1_200)
    training = spec.training
    assert (training.epochs, training.rank, training.sequence, training.gpus) == (2.0, 32, 1024, 2)
    assert document["task"]["labels"] == ["billing", "shipping"]


def test_rows_can_come_from_a_query_of_a_registered_database() -> None:
    document, wrong = spec_of(entered(inputs="warehouse: SELECT text AS input FROM tickets;"), PLACES)
    assert wrong == {}
    assert document["data"]["inputs"] == {"database": "warehouse", "query": "SELECT text AS input FROM tickets"}


@pytest.mark.parametrize(
    ("kind", "answers", "task"),
    [
        ("extraction", '{"type": "object", "properties": {"a": {"type": "string"}}}', {"record": dict}),
        ("generation", "", {"match": "exact"}),
        ("generation", "numeric", {"match": "numeric"}),
        ("generation", r"#### (\d+)", {"match": "regex", "pattern": r"#### (\d+)"}),
    ],
)
def test_what_answers_are_like_is_read_by_the_kind_of_task(kind: str, answers: str, task: dict[str, Any]) -> None:
    document, wrong = spec_of(entered(kind=kind, answers=answers), PLACES)
    assert wrong == {}
    for key, value in task.items():
        assert document["task"][key] == (json.loads(answers) if value is dict else value)


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"name": "Not a name!"}, "name", ""),
        ({"instructions": ""}, "instructions", ""),
        ({"answers": "only one"}, "answers", ""),
        ({"kind": "extraction", "answers": "{no json"}, "answers", "this is no JSON"),
        ({"kind": "extraction", "answers": '{"type": "nonsense"}'}, "answers", ""),
        ({"golden": "nowhere/golden.jsonl"}, "golden", "tickets/FILE, warehouse: SELECT …"),
        ({"inputs": "other: SELECT 1"}, "inputs", "is no file that was dropped here or lies in a source"),
        ({"model": ""}, "model", "Which model?"),
        ({"teacher": "none", "labelled": ""}, "labelled", "there have to be examples of your own"),
        ({"teacher": "none", "labelled": "tickets/l.jsonl", "inputs": ""}, "minimum", ""),
        ({"margin": "a little"}, "margin", "is no share"),
        ({"margin": "150 %"}, "margin", ""),
        ({"rank": "many"}, "rank", "'many' is no whole number."),
        ({"rank": "0"}, "rank", "at least 1"),
        ({"epochs": "a few"}, "epochs", "is no number"),
        ({"micro_batch": "7"}, "micro_batch", "must be a multiple"),
        ({"base": ""}, "base", ""),
        ({"budget_usd": "a lot"}, "budget_usd", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changed: dict[str, str], field: str, says: str) -> None:
    found = faults(**changed)
    assert list(found) == [field], found
    assert says in found[field]
    assert found[field].strip()


def test_a_file_that_was_dropped_is_taken_by_its_name_and_known_by_what_it_holds() -> None:
    document, wrong = spec_of(
        entered(golden="gold.csv", inputs="", labelled="mine.jsonl", teacher="none", minimum="90 %"), PLACES
    )

    assert wrong == {}
    assert document["data"]["golden"] == {"file": "gold.csv", "sha256": "a" * 64}
    assert read_spec(document).data.labelled == KeptFile(file="mine.jsonl", sha256="b" * 64)


def summary(rows: int, with_output: int, *labels: str) -> dict[str, Any]:
    return {"rows": rows, "with_output": with_output, "labels": list(labels)}


def test_dropped_files_fill_the_fields_that_their_names_and_rows_speak_of() -> None:
    begun = begun_with(
        [
            ("tickets-golden.csv", summary(60, 60, "billing", "shipping")),
            ("unlabelled.jsonl", summary(900, 0)),
            ("labelled.jsonl", summary(80, 80, "billing")),
            ("older.jsonl", summary(70, 70)),
        ]
    )

    assert begun == {
        "golden": "tickets-golden.csv",
        "kind": "classification",
        "answers": "billing\nshipping",
        "inputs": "unlabelled.jsonl",
        "labelled": "labelled.jsonl",
    }


@pytest.mark.parametrize(
    ("name", "field"), [("latest.csv", "labelled"), ("test.csv", "golden"), ("HOLD-OUT.csv", "golden")]
)
def test_only_a_name_that_says_so_makes_a_file_the_golden_set(name: str, field: str) -> None:
    assert begun_with([(name, summary(9, 9))]) == {field: name}
