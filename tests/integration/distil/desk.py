"""Distillation runs as far as their examples: what a team gives, a teacher that answers, and what came of it."""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.adapters.sources.data_files import DataFiles
from agents.adapters.teachers import Access, Teachers
from agents.costs.prices.book import ModelPrice, PriceBook, Rates
from agents.distillation.examples import jsonl
from agents.distillation.load import ServedLoad
from agents.distillation.spec import TeacherSpec
from agents.engine.stage import StageContext, Stages
from agents.runs import Recipe, StageSpec
from agents.runs.effects import EFFECT_QUESTION
from agents.runs.money import BUDGET_QUESTION
from agents.services.budgets import budget_answered
from agents.services.effect_answers import effect_answered
from agents.services.questions import Questions
from agents.services.runs import Runs
from agents.stages.distil import generate
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import lines_of
from agents.store.db import Connection, Database
from tests.fakes.messages_api import API_KEY, Answer, Clock, FakeMessagesApi, JsonObject, say
from tests.fakes.messages_api.script import Turn
from tests.people import make_people
from tests.unit.distillation.specs import taught_spec

TEAM, APPROVER, REQUESTER = "T0LOCAL", "U0BOB", "U0ALICE"
QUEUE = "distil"
RECIPES = {
    "distil": Recipe("distil", tuple(StageSpec(name, QUEUE) for name in ("prepare", "generate", "last"))),
}
RATES = Rates(Decimal(4), Decimal(20), Decimal("0.2"), Decimal(5))
PRICE = ModelPrice("m", "anthropic", RATES, "list", date(2026, 11, 1), batch=RATES.times(Decimal("0.5")))
FILES = ("generated", "second", "teacher-golden", "synthetic")
INPUT = re.compile(r"<input>\n(.*?)\n</input>", re.DOTALL)

Say = Callable[[str], Turn]


async def prepare(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Keep what the team gives."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in context.params["files"].items():
            path = Path(folder) / "file"
            path.write_text(text, encoding="utf-8")
            await context.artifacts.save(name, path)
    return {}


async def last(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Return what generate said and left."""
    rows = {name: [json.loads(line) for line in await lines_of(context, f"{name}.jsonl")] for name in FILES}
    return {**context.previous["generate"], "rows": rows}


STAGES: Stages = {
    ("distil", "prepare"): prepare,
    ("distil", "generate"): generate.execute,
    ("distil", "last"): last,
}


def make_deps(teachers: Teachers, **changed: Any) -> DistilDeps:
    async def price_of(team_id: str, spec: TeacherSpec) -> ModelPrice | None:
        assert team_id == TEAM
        return None if spec.kind == "vllm" else PRICE

    async def book_of(_: str) -> PriceBook:
        return PriceBook(as_of=date(2026, 11, 30))

    async def keep_load(_: Connection, team_id: str, load: ServedLoad) -> str:
        raise AssertionError(f"no test here serves {load.student} of {team_id}")

    return DistilDeps(
        data_files=DataFiles(()),
        today=lambda: date(2026, 11, 30),
        teacher_for=teachers.of,
        price_of=price_of,
        book_of=book_of,
        keep_load=keep_load,
        **{"poll_every": timedelta(seconds=0.05), **changed},
    )


def make_teachers(url: str) -> Teachers:
    """Return teachers of every kind that are all reached at one address."""
    access = Access(
        anthropic_key=API_KEY, anthropic_url=url, openai_key="sk-fake", openai_url=url, vllm_url=url, vllm_key=None
    )
    return Teachers(access)


def make_api(answer: Say | None = None) -> FakeMessagesApi:
    """Return the teacher's API, whose time is that of Postgres; by default it answers with the label in the text."""

    def script(body: JsonObject) -> Turn:
        text = body["messages"][0]["content"]
        found = INPUT.findall(text)
        return (answer or labelled)(found[-1] if found else text)

    return FakeMessagesApi(script, clock=Clock(datetime.now(UTC)))


def labelled(text: str) -> Answer:
    """Return the label that a text names."""
    return say(json.dumps({"label": "billing" if "billing" in text else "shipping"}))


def texts(count: int, word: str = "input") -> list[str]:
    return [f"{word} {number} about {'billing' if number % 2 else 'shipping'}" for number in range(count)]


def make_runs(database: Database) -> Runs:
    return Runs(database, make_people(approvers={APPROVER}), RECIPES)


def make_questions(database: Database) -> Questions:
    people = make_people(approvers={APPROVER})
    return Questions(database, people, {EFFECT_QUESTION: effect_answered, BUDGET_QUESTION: budget_answered})


async def start_run(
    runs: Runs,
    inputs: int = 6,
    golden: int = 2,
    *,
    high_usd: int = 100,
    data: dict[str, Any] | None = None,
    task: dict[str, Any] | None = None,
    **teacher: Any,
) -> str:
    """Propose and approve a distillation, and return its id."""
    spec = taught_spec(task=task, data=data, **{"model": "claude-sonnet-5-5", **teacher})
    files = {
        "inputs.jsonl": jsonl({"id": f"i{at}", "input": text} for at, text in enumerate(texts(inputs))),
        "golden.jsonl": jsonl(
            {"id": f"gold {at}", "input": text, "output": "billing"} for at, text in enumerate(texts(golden, "golden"))
        ),
        "labelled.jsonl": jsonl([{"id": "l", "input": "a labelled one", "output": "billing"}]),
    }
    proposal = await runs.propose(
        TEAM,
        kind="distil",
        params={"spec": spec.model_dump(mode="json"), "files": files},
        estimate={"cost_usd": {"low": 0, "base": 0, "high": high_usd}},
        requested_by=REQUESTER,
        channel="C1",
    )
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER)
    assert run_id is not None
    return run_id


def asked_texts(api: FakeMessagesApi) -> list[str]:
    """Return the inputs that the teacher was asked for, in the order in which they were answered."""
    bodies = [*api.bodies("batch"), *api.bodies("messages")]
    return [INPUT.findall(body["messages"][0]["content"])[-1] for body in bodies]


def require_sums(result: Mapping[str, Any]) -> None:
    """Require that the counts add up: each request has one end, and each answer makes a row or has a fault."""
    ends = [result["answered"], result["cut"], result["expired"], result["cancelled"]]
    ends += [sum(result["refused"].values()), sum(result["errored"].values())]
    assert sum(ends) == result["asked"]
    rows = result["rows"]
    made = len(rows["generated"]) + len(rows["second"]) + len(rows["teacher-golden"])
    assert made + sum(result["unusable"].values()) == result["answered"]
    assert result["examples"] == len(rows["generated"])
