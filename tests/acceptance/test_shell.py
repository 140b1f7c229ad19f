"""The commands as scripts use them: what they print, and the exit codes 0 (done), 1 (failed), 2 (wrong use)."""

import csv
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import jsonschema
import pytest

from bot.shell import COMMANDS
from tests.acceptance.conftest import Cairn, run_cairn, start
from tests.acceptance.page import BOB, Page, until

pytestmark = pytest.mark.acceptance

DECISION_KEYS = {
    "id", "verdict", "method", "add", "blockers", "todo", "rules", "not_because", "confidence", "next_question",
    "optional_questions", "blocker_state", "what_would_change", "method_would_change", "crossings", "evidence",
}  # fmt: skip
COSTS = """
requests_per_day: 10000
tokens_in: 1000
static_prefix: 800
tokens_out: 300
models: [claude-sonnet-4-5, claude-haiku-4-5]
student: llama-3.1-8b
"""
FOLDER = {
    "leave.md": "# Time off\n\nParental leave is twenty weeks, fully paid. Ask your lead two months ahead.\n",
    "travel.md": "# Travel\n\nTrains are booked through the travel desk. Flights need approval by finance.\n",
    "desks.txt": "Standing desks are ordered from the workshop. The order takes nine days.\n",
    "broken.pdf": "this is no PDF",
}


@dataclass(frozen=True, slots=True)
class Office:
    """A data directory, and a folder that was indexed there as `handbook`."""

    data: Path
    folder: Path
    first: dict[str, Any]

    def cairn(self, *arguments: str) -> "CompletedProcess[str]":
        return run_cairn(*arguments, data=self.data)

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what a command that is done printed, an object for each line."""
        return printed(self.cairn(*arguments, "--json"))

    def text(self, uri: str) -> str:
        return (self.folder / uri).read_text()


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    # Not under pytest's own folders, which the embedded server's user may not enter.
    home = Path(tempfile.mkdtemp(prefix="cairn-shell-"))
    folder = home / "documents"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)
    indexed = run_cairn("index", str(folder), "--name", "handbook", "--yes", "--json", data=home / "data")
    yield Office(home / "data", folder, printed(indexed)[-1])
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def local(office: Office) -> Iterator[Cairn]:
    """A `cairn local` on the same data, for the commands to attach to."""
    running = start(office.data, "--docs", str(office.folder), environment={"CAIRN_LEASE_S": "2"})
    yield running
    running.stop()


def test_help_lists_every_command() -> None:
    shown = run_cairn("--help")
    assert shown.returncode == 0
    listed = {line.split()[0] for line in shown.stdout.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed == set(COMMANDS)


def test_decide_prints_one_object_for_each_case(tmp_path: Path) -> None:
    cases = [
        {"id": "facts", "answers": {"problem": ["knowledge"], "knowledge_tokens": 900_000}},
        {"id": "bill", "answers": {"problem": ["cost"], "requests_per_day": 20_000}, "expect": {"verdict": "none"}},
    ]
    decided = printed(run_cairn("decide", written(tmp_path, {"scenarios": cases}), "--json"))
    assert [case["id"] for case in decided] == ["facts", "bill"]
    assert all(case.keys() == DECISION_KEYS for case in decided)
    assert decided[0]["verdict"] == "rag"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answers: [", "cannot be read as YAML"),
        ("answers: {problm: [cost]}", "Did you mean 'problem'"),
        ("answers: {problem: [speeling]}", "speeling"),
        ("- a list", "keys with values are needed"),
    ],
)
def test_decide_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(text)
    require_failure(run_cairn("decide", str(file), "--json"), 2, str(file), said)


def test_cost_prints_figures_and_writes_a_picture_and_a_table(tmp_path: Path) -> None:
    inputs, chart, table = tmp_path / "inputs.yaml", tmp_path / "costs.png", tmp_path / "costs.csv"
    inputs.write_text(COSTS)
    (compared,) = printed(run_cairn("cost", str(inputs), "--json", "--chart", str(chart), "--csv", str(table)))
    approaches = {each["id"]: each for each in compared["approaches"]}
    prompting, tuned = approaches["prompt:claude-sonnet-4-5"], approaches["fine_tune:llama-3.1-8b"]
    for name in ("usd_upfront", "usd_per_request", "usd_per_month", "usd_per_million_tokens"):
        assert prompting[name]["low"] <= prompting[name]["base"] <= prompting[name]["high"]
    assert {"replicas", "utilisation", "break_even", "payback_days"} <= tuned.keys()
    assert set(tuned["break_even"]) == {"claude-sonnet-4-5", "claude-haiku-4-5"}
    assert chart.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert {row["approach"] for row in rows} == set(approaches)
    assert float(rows[0]["usd_per_month_base"]) > 0


def test_the_cost_schema_takes_what_the_command_takes(tmp_path: Path) -> None:
    (schema,) = printed(run_cairn("cost", "--schema"), is_one_document=True)
    jsonschema.Draft202012Validator.check_schema(schema)
    checked = jsonschema.Draft202012Validator(schema)
    accepted = {"requests_per_day": 10_000, "tokens_in": 1000, "static_prefix": 800, "tokens_out": 300}
    checked.validate(accepted)
    assert run_cairn("cost", written(tmp_path, accepted)).returncode == 0
    for key, refused in {"requests_per_day": -4, "no_such_key": 1}.items():
        assert not checked.is_valid({**accepted, key: refused})
        require_failure(run_cairn("cost", written(tmp_path, {**accepted, key: refused})), 2, key)


def test_index_reports_what_it_did_and_what_it_could_not_read(office: Office) -> None:
    first = office.first
    assert (first["index"], first["state"], first["documents"]) == ("handbook", "done", 3)
    assert first["chunks"] >= first["documents"]
    (failed,) = first["failed"]
    assert failed["uri"] == "broken.pdf"
    assert failed["reason"]
    assert first["seconds"] > 0
    assert first["cpu_seconds"] > 0


def test_an_unchanged_folder_is_indexed_without_work(office: Office) -> None:
    again = office.json("index", str(office.folder), "--name", "handbook", "--yes")[-1]
    assert again["unchanged"]
    assert again["embedded"] == 0
    assert {key: again[key] for key in ("documents", "chunks", "failed")} == {
        key: office.first[key] for key in ("documents", "chunks", "failed")
    }


def test_nothing_is_indexed_that_nobody_approved(office: Office) -> None:
    require_failure(office.cairn("index", str(office.folder), "--name", "unasked"), 1, "--yes")
    require_failure(office.cairn("ask", "unasked", "Anything?"), 1, "unasked", "handbook")


def test_answers_quote_the_documents_to_the_character(office: Office) -> None:
    (answer,) = office.json("ask", "handbook", "How long is parental leave?", "-k", "2")
    assert answer.keys() >= {"id", "passages", "answer", "citations", "abstained"}
    assert not answer["abstained"]
    assert "twenty weeks" in answer["answer"]
    assert len(answer["passages"]) == 2
    for passage in answer["passages"]:
        assert passage.keys() >= {"document", "start", "end", "text", "score"}
        assert passage["text"] == office.text(passage["document"])[passage["start"] : passage["end"]]
    assert answer["citations"]
    for citation in answer["citations"]:
        assert citation["quote"] == office.text(citation["document"])[citation["start"] : citation["end"]]


def test_questions_of_a_file_are_answered_by_id(office: Office, tmp_path: Path) -> None:
    asked = {"trains": "Who books trains?", "moon": "What is the capital of the moon?"}
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps({"id": id_, "question": text}) for id_, text in asked.items()) + "\n\n")
    answers = {answer["id"]: answer for answer in office.json("ask", "handbook", "--questions", str(file))}
    assert answers.keys() == asked.keys()
    assert "travel desk" in answers["trains"]["answer"]
    assert answers["moon"]["abstained"]
    assert answers["moon"]["citations"] == []
    file.write_text('{"id": 1, "query": "Who?"}\n')
    require_failure(office.cairn("ask", "handbook", "--questions", str(file)), 2, "line 1", "question")


def test_runs_are_listed_newest_first_and_shown_by_the_start_of_their_id(office: Office) -> None:
    listed = office.json("runs")
    assert listed[-1]["id"] == office.first["run"]
    assert listed[-1]["state"] == "done"
    assert [stage["name"] for stage in listed[-1]["stages"]] == ["list", "ingest", "build", "switch"]
    shown = office.cairn("runs", office.first["run"][:6])
    assert shown.returncode == 0
    assert "switch" in shown.stdout
    require_failure(office.cairn("runs", "nosuchrun"), 1, "nosuchrun", office.first["run"])


def test_a_proposal_from_slack_is_approved_in_a_shell_and_done_by_the_running_worker(
    office: Office, local: Cairn
) -> None:
    page = Page(local.url)
    thread, proposal = propose(page, "from-slack")
    (approved,) = office.json("approve", proposal)
    assert approved["approved_by"].startswith("shell:")
    page.shows(thread, "Index from-slack: done")
    assert office.json("approve", proposal)[0]["id"] == approved["id"], "one proposal starts one run"
    assert [run["id"] for run in office.json("runs") if run["params"]["name"] == "from-slack"] == [approved["id"]]


def test_a_proposal_is_listed_and_denied_in_a_shell_with_the_reason_on_its_card(office: Office, local: Cairn) -> None:
    page = Page(local.url)
    thread, proposal = propose(page, "too-dear")
    (listed,) = [each for each in office.json("proposals") if each["id"] == proposal]
    assert (listed["state"], listed["approvals_needed"], listed["approvals"]) == ("pending", 1, [])
    assert "0 of 1 approvals" in office.cairn("proposals").stdout
    (denied,) = office.json("deny", proposal, "--reason", "not this month")
    assert (denied["state"], denied["reason"]) == ("denied", "not this month")
    page.shows(thread, "not this month")
    require_failure(office.cairn("approve", proposal), 1, "was denied by", "not this month")


def test_commands_attach_to_what_runs(office: Office, local: Cairn) -> None:
    (office.folder / "parking.md").write_text("# Parking\n\nBicycles are parked behind the kitchen.\n")
    indexed = office.json("index", str(office.folder), "--name", "handbook", "--yes")[-1]
    assert (indexed["state"], indexed["documents"], indexed["changed"]) == ("done", 4, 1)
    page = Page(local.url)
    thread = page.say("@cairn ask handbook Where are bicycles parked?")
    page.shows(thread, "behind the kitchen")


def test_a_run_is_cancelled_from_a_shell(office: Office, local: Cairn) -> None:
    page = Page(local.url)
    thread, _ = propose(page, "unwanted")
    worker = local.child("worker")
    # Held still, so that the run cannot be done before it is cancelled.
    os.kill(worker, signal.SIGSTOP)
    try:
        page.press(page.shows(thread, "Waiting for approval"), "Approve", user=BOB)
        run = until(
            lambda: next((each for each in office.json("runs") if each["params"]["name"] == "unwanted"), None), "a run"
        )
        (cancelled,) = office.json("cancel", run["id"])
    finally:
        os.kill(worker, signal.SIGCONT)
    assert cancelled["state"] == "cancelled"
    page.shows(thread, "Index unwanted: cancelled")
    require_failure(office.cairn("cancel", run["id"]), 1, run["id"], "cancelled already")


def test_check_says_what_is_missing_and_how_to_mend_it(office: Office, dsn: str) -> None:
    checked = office.cairn("check")
    assert checked.returncode == 1, "no tokens are set here"
    assert "SLACK_BOT_TOKEN: not set" in checked.stdout
    assert "embedded Postgres" in checked.stdout
    own = run_cairn("check", data=office.data, environment={"DATABASE_URL": dsn})
    assert "schema up to date" in own.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("serve",), {}, "SLACK_BOT_TOKEN is not set"),
        (("migrate",), {"DATABASE_URL": "postgresql:///cairn?host=/nowhere"}, "Correct DATABASE_URL"),
        (("runs",), {"CAIRN_LEASE_S": "soon"}, "CAIRN_LEASE_S"),
    ],
)
def test_what_is_not_set_up_is_told_in_a_sentence(
    data: Path, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    require_failure(run_cairn(*arguments, data=data, environment=environment), 1, said)


@pytest.mark.parametrize("arguments", [("nosuch",), ("ask", "handbook"), ("decide", "absent")])
def test_wrong_use_ends_with_two(data: Path, arguments: tuple[str, ...]) -> None:
    require_failure(run_cairn(*arguments, data=data), 2, "Usage:")


def propose(page: Page, name: str) -> tuple[str, str]:
    """Have alice propose an index in Slack; return its thread and the proposal's id."""
    page.command(f"index {name} documents")
    thread = page.root(f"Index `documents` as *{name}*")
    card = page.shows(thread, "Waiting for approval")
    buttons = next(block for block in card["blocks"] if block["type"] == "actions")["elements"]
    return thread, json.loads(buttons[0]["value"])["proposal_id"]


def written(folder: Path, document: object) -> str:
    """Return the path of a file that holds the document."""
    file = folder / "document.yaml"
    file.write_text(json.dumps(document))
    return str(file)


def printed(done: "CompletedProcess[str]", *, is_one_document: bool = False) -> list[dict[str, Any]]:
    """Return the JSON that a command which is done printed."""
    assert done.returncode == 0, done
    return [json.loads(part) for part in ([done.stdout] if is_one_document else done.stdout.splitlines())]


def require_failure(failed: "CompletedProcess[str]", code: int, *words: str) -> None:
    """It ended with `code`, these words and no traceback."""
    assert failed.returncode == code, failed
    assert "Traceback" not in failed.stderr
    for each in words:
        assert each in failed.stderr, failed
