"""What a teacher is not asked for, since the filter would drop it whatever was answered."""

import json
from typing import Any

import pytest

from agents.adapters.teachers import Access, Teachers
from agents.runs.states import RunState
from tests.fakes.messages_api import API_KEY, say
from tests.fakes.messages_api.script import Turn
from tests.integration.distil.desk import asked_texts, make_api
from tests.integration.distillation.desk import TEAM, WHO, Desk, document, label_of, rows

pytestmark = pytest.mark.integration

TEACHER = {"kind": "claude", "model": "claude-sonnet-5-5", "batch": False}
OWN = rows(30, 100)
LONG = f"{' '.join(f'word{number}' for number in range(40))} about my invoice"


def labelled(text: str) -> Turn:
    return say(json.dumps({"label": label_of(0 if "invoice" in text or "refund" in text else 4)}))


def data_of(desk: Desk, inputs: list[dict[str, Any]]) -> dict[str, str]:
    desk.write("inputs.jsonl", inputs)
    return {use: str(desk.folder / f"{use}.jsonl") for use in ("golden", "labelled", "inputs")}


async def test_it_is_neither_paid_nor_forgotten(desk: Desk) -> None:
    again = [
        {"input": OWN[0]["input"].upper()},
        {"input": rows(1)[0]["input"]},
        {"input": LONG},
        {"input": f"{LONG} thanks"},
        {"input": "x" * 30_000},
    ]
    data = data_of(desk, [*({"input": row["input"]} for row in rows(20, 300)), *again])
    desk.write("labelled.jsonl", OWN)
    async with make_api(labelled) as api:
        teachers = Teachers(Access(anthropic_key=API_KEY, anthropic_url=api.url))
        desk.teacher_for = teachers.of
        proposal = await desk.distillations.propose(
            TEAM, document(desk.folder, data=data, teacher=TEACHER), requested_by=WHO
        )
        view = await desk.finish(await desk.start(data=data, teacher=TEACHER, gate={"margin": 0.9}))
        await teachers.close()

    assert (
        "22 inputs to label, 3 inputs are not asked for (1 length, 1 leakage, 1 duplicate)"
        in proposal.params["examples"]
    )
    assert view.state is RunState.DONE, view.error
    assert view.result is not None
    golden = {row["input"] for row in rows(60)}
    assert set(asked_texts(api)) - golden == {*(row["input"] for row in rows(20, 300)), LONG}
    assert view.result["data"]["dropped"] == {"length": 1, "leakage": 1, "duplicate": 1, "near_duplicate": 1}
    assert view.result["data"]["given"] == 30 + 25


async def test_a_run_that_could_not_have_enough_is_refused_before_it_pays(desk: Desk) -> None:
    desk.write("labelled.jsonl", rows(2, 100))
    # A quick look takes them for thirty; they are nearly the same.
    data = data_of(desk, [{"input": f"{LONG} {'!' * number}"} for number in range(30)])
    async with make_api(labelled) as api:
        teachers = Teachers(Access(anthropic_key=API_KEY, anthropic_url=api.url))
        desk.teacher_for = teachers.of
        view = await desk.finish(await desk.start(data=data, teacher=TEACHER, gate={"margin": 0.9}))
        await teachers.close()

    assert view.state is RunState.FAILED
    assert "2 labelled examples, 1 inputs and 0 to be written make fewer than the 20" in (view.error or "")
    assert "Left out: 29 near_duplicate" in (view.error or "")
    assert api.requests == []
