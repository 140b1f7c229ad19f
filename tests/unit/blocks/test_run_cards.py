"""The card of a run, its end and its details, for ordinary values as people see them, for any within Slack's limits."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.runs.artifacts import Artifact
from agents.runs.logs import LogLine
from agents.runs.money import RunSpend
from agents.runs.outputs import RunOutput
from agents.runs.progress import Progress
from agents.runs.questions import QuestionView
from agents.runs.states import RunState, StageState
from agents.runs.views import Halt, RunView, StageView
from bot.blocks.run import run_end_message, run_line, run_message
from bot.blocks.run_details import details_view
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
text = st.text(st.characters(codec=None), max_size=300)
few = st.integers(0, 14)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it
people = st.sampled_from(["UALICE0001", "shell:root", "?"])


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=14).map(tuple)


progress = st.builds(
    Progress,
    done=st.floats(0, 1e9),
    total=st.none() | st.floats(0, 1e9),
    unit=text,
    rate=st.none() | st.floats(0, 1e6),
    eta_s=st.none() | st.floats(0, 1e7),
    note=text,
)
stages = st.builds(
    StageView,
    seq=few,
    name=text,
    queue=text,
    state=st.sampled_from(StageState),
    attempt=few,
    owner=st.none() | text,
    progress=st.none() | progress,
    result=st.none()
    | st.fixed_dictionaries({"failed": st.lists(st.fixed_dictionaries({"uri": text, "reason": text}), max_size=60)}),
    error=st.none() | text,
    started_at=st.none() | moments,
    finished_at=st.none() | moments,
    waits_for=st.none() | text,
)
log_lines = st.builds(
    LogLine, seq=few, attempt=few, n=few, at=moments, level=st.sampled_from(["info", "warning", "error"]), line=text
)
artifacts = st.builds(
    Artifact, name=text, version=few, seq=few, attempt=few, place=text, key=text, size=few, sha256=text,
    host=st.none() | text, created_at=moments,
)  # fmt: skip
outputs = st.builds(RunOutput, artifacts=tuples(artifacts), last_lines=tuples(log_lines), log_lines=few)
questions = st.builds(
    QuestionView, id=text, run_id=text, seq=few, kind=text, text=text, details=st.just({}), choices=st.just(()),
    state=st.just("open"), asked_at=moments, choice=st.none(), value=st.none(), answered_by=st.none(),
    answered_at=st.none(),
)  # fmt: skip
amounts = st.decimals(0, 10**9, places=2)
plain_values = st.dictionaries(
    text, text | st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=14
)
runs = st.builds(
    RunView,
    id=st.just("ab12"),
    proposal_id=text,
    kind=text,
    state=st.sampled_from(RunState),
    params=plain_values,
    requested_by=people,
    approved_by=people,
    channel=st.none(),
    thread_ts=st.none(),
    error=st.none() | text,
    result=st.none(),
    created_at=moments,
    finished_at=st.none() | moments,
    stages=tuples(stages),
    question=st.none() | questions,
    halt=st.none() | st.builds(Halt, who=people, reason=text, at=moments),
    spend=st.none() | st.builds(RunSpend, approved_usd=amounts, spent_usd=amounts, reserved_usd=amounts),
)


@given(runs, outputs)
def test_any_run_fits(run: RunView, output: RunOutput) -> None:
    check_message(run_message(run, output))
    check_message(run_end_message(run))
    check_view(details_view(run, output))
    assert run_line(run)


def test_who_asked_for_a_run_is_told_its_end_and_the_next_step() -> None:
    shown = str(run_end_message(make_run(RunState.DONE)).blocks)
    for words in ("<@UALICE0001>", "Index handbook", "done", "write _ask_ and your question"):
        assert words in shown


def test_a_running_run_shows_bar_rate_and_time_left() -> None:
    made = run_message(make_run(RunState.RUNNING))
    shown = str(made.blocks)
    for words in ("50%", "140 of 280 files", "12/s", "12 s left", "approved by <@UBOB000001>"):
        assert words in shown
    assert [button["text"]["text"] for button in made.blocks[-1]["elements"]] == ["Cancel", "Details"]
    assert made.text == "Index handbook: ingest, 50%"


def make_output(*, host: str | None = None) -> RunOutput:
    line = LogLine(1, 2, 7, NOW, "warning", "```b.pdf``` <is> encrypted")
    file = Artifact("adapter.safetensors", 3, 1, 2, "s3://bucket", "k", 12_345_678, "ab" * 32, host, NOW)
    return RunOutput(artifacts=(file,), last_lines=(line,), log_lines=1_234)


def test_a_running_run_shows_what_it_said_last_what_it_spent_and_what_it_has_kept() -> None:
    spend = RunSpend(approved_usd=Decimal(12), spent_usd=Decimal("3.1"), reserved_usd=Decimal(0))
    shown = str(run_message(replace(make_run(RunState.RUNNING), spend=spend), make_output()).blocks)
    for words in ("Last: ```b.pdf``` &lt;is&gt; encrypted", "$3.10 of $12.00 spent", "1 file kept, 12.3 MB"):
        assert words in shown
    assert "resumes only" not in shown


def test_a_run_whose_files_lie_on_one_host_says_that_it_resumes_only_there() -> None:
    shown = str(run_message(make_run(RunState.RUNNING), make_output(host="gpu-1")).blocks)
    assert "1 file kept, 12.3 MB · ingest resumes only on gpu-1" in shown
    assert "resumes only" not in str(run_message(make_run(RunState.DONE), make_output(host="gpu-1")).blocks)


def test_a_run_that_waits_says_for_what() -> None:
    run = make_run(RunState.RUNNING)
    pending = replace(run.stages[1], state=StageState.PENDING, waits_for="needs 2x80 GB; gpu-1 has 1x48 GB")
    for_gpus = str(run_message(replace(run, stages=(run.stages[0], pending))).blocks)
    assert "waits: needs 2x80 GB; gpu-1 has 1x48 GB" in for_gpus
    for_anybody = replace(pending, waits_for=None)
    assert "waits: for a free worker" in str(run_message(replace(run, stages=(run.stages[0], for_anybody))).blocks)


def test_a_run_that_asks_shows_its_question_and_one_that_was_stopped_who_stopped_it() -> None:
    run = make_run(RunState.NEEDS_ATTENTION)
    asking = replace(run.stages[1], state=StageState.WAITING, progress=None)
    question = QuestionView(
        "q1", "ab12", 1, "budget", "It needs $5\nmore.", {}, (), "open", NOW, None, None, None, None
    )
    shown = str(run_message(replace(run, stages=(run.stages[0], asking), question=question)).blocks)
    assert "✋ *Index handbook* · needs attention" in shown
    assert "asks: It needs $5 more." in shown
    stopped = str(run_message(replace(make_run(RunState.RUNNING), halt=Halt("UBOB000001", "the bill", NOW))).blocks)
    assert "· stopped" in stopped
    assert "Everything here was stopped by <@UBOB000001>: the bill" in stopped


def test_the_details_of_a_run_show_its_log_its_files_and_where_its_stages_ran() -> None:
    run = make_run(RunState.RUNNING)
    again = replace(run.stages[1], attempt=2, owner="gpu-1")
    view = details_view(replace(run, stages=(run.stages[0], again)), make_output(host="gpu-1"))
    shown = str(view["blocks"])
    for words in (
        "```12:00:00Z warning: '''b.pdf''' &lt;is&gt; encrypted```",
        "attempt 2, on gpu-1",
        "`adapter.safetensors` 12.3 MB · sha256 `abababababab` · version 3 · on gpu-1 only",
        "Post the log in the thread (1,234 lines)",
    ):
        assert words in shown.replace("\\'", "'")
    assert json.loads(view["private_metadata"]) == {"channel": "C1", "thread_ts": "1.1"}


def test_a_failed_run_says_why_and_can_be_retried() -> None:
    made = run_message(replace(make_run(RunState.FAILED), error="The disk is full."))
    assert "The disk is full." in str(made.blocks)
    assert made.blocks[-1]["elements"][0]["text"]["text"] == "Retry"


def test_files_that_could_not_be_read_are_listed_once_with_their_reasons() -> None:
    failed = [{"uri": "a.pdf", "reason": "encrypted"}]
    done = make_run(RunState.DONE)
    stages = tuple(replace(stage, result={"failed": failed}) for stage in done.stages)
    shown = str(run_message(replace(done, stages=stages)).blocks)
    assert shown.count("a.pdf") == 1
    assert "1 file could not be read" in shown
    assert "encrypted" in shown


def make_run(state: RunState) -> RunView:
    ongoing = Progress(140, 280, "files", 12.0, 11.7, "a.md") if state is RunState.RUNNING else None
    stage_state = StageState.RUNNING if ongoing else StageState.DONE
    done = StageView(0, "list", "cpu", StageState.DONE, 1, "w", None, None, None, NOW, NOW + timedelta(seconds=2))
    ingest = StageView(1, "ingest", "cpu", stage_state, 1, "w", ongoing, None, None, NOW, None)
    return RunView(
        "ab12", "p1", "index", state, {"name": "handbook"}, "UALICE0001", "UBOB000001", "C1", "1.1", None, None, NOW,
        None if state is RunState.RUNNING else NOW, (done, ingest),
    )  # fmt: skip
