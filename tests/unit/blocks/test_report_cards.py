"""The reply that ends a distillation run, and what its thread gets beside it."""

from datetime import UTC, datetime
from typing import Any

from agents.distillation.report import Report
from agents.runs.states import RunState
from agents.runs.views import RunView
from agents.services.reports import Drawn, ReportView
from bot.blocks.message import without_pictures
from bot.blocks.report import loss_message, model_card_message, report_message
from tests.unit.blocks.checks import check_message
from tests.unit.distillation.reports import make_report, results

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def make_run(result: dict[str, Any] | None = None) -> RunView:
    return RunView(
        id="r1", proposal_id="p1", kind="distil", state=RunState.DONE, params={"name": "tickets"},
        requested_by="UALICE0001", approved_by="UBOB000001", channel="C1", thread_ts="1.0", error=None, result=result,
        created_at=NOW, finished_at=NOW, stages=(),
    )  # fmt: skip


def make_view(report: Report, *, passes: bool = True, by: str | None = None) -> ReportView:
    gate = {"passes": passes, "reasons": ["student is <as good> as its teacher"], "overridden_by": by}
    run = make_run({"student": report.student, "gate": gate, "report": report.document()})
    return ReportView(run=run, report=report, png=b"png", alt="In words.")


def test_the_end_of_a_run_shows_every_candidate_with_quality_cost_and_speed() -> None:
    report = make_report()
    made = check_message(report_message(make_view(report), report))

    (table,) = [block for block in made.blocks if block["type"] == "table"]
    rows = [[cell["text"] for cell in row] for row in table["rows"]]
    assert [row[0] for row in rows[1:]] == [
        "claude-opus-5-5 (teacher)",
        "base, prompted",
        "tickets@v1 (student)",
        "tfidf (free)",
    ]
    assert rows[3][1:4] == ["95.0% (93.0 to 97.0)", "$11.11", "30 / 50 ms"]


def test_it_says_from_which_volume_it_pays_and_ends_with_one_next_step() -> None:
    report = make_report()
    said = str(check_message(report_message(make_view(report), report)).blocks)

    assert "against claude-opus-5-5: from 10,700 requests a day, 324,000 a month" in said
    assert "*Next step:* Send a part of your traffic to t0/tickets" in said
    assert "student is &lt;as good&gt; as its teacher" in said


def test_without_pictures_and_without_blocks_all_of_it_is_said() -> None:
    report = make_report()
    made = report_message(make_view(report), report)

    assert "In words." in str(without_pictures(made.blocks))
    assert "tickets@v1 (student): 95.0% (93.0 to 97.0), $11.11 per 1M requests" in made.text
    assert "Next step: " in made.text


def test_one_that_was_let_pass_says_by_whom() -> None:
    report = make_report(results(passes=False))
    said = str(report_message(make_view(report, passes=False, by="UBOB000001"), report).blocks)

    assert "Gate: not passed" in said
    assert "<@UBOB000001> let it pass all the same" in said


def test_a_training_that_left_no_curve_says_so() -> None:
    made = check_message(loss_message(Drawn(run=make_run())))

    assert made.pictures == ()
    assert "has left no curve" in str(made.blocks)


def test_the_model_card_is_a_file_named_by_its_student() -> None:
    made = model_card_message(make_run({"student": "tickets@v1"}), "# Model card")

    assert made.attachment is not None
    assert (made.attachment.filename, made.attachment.content) == ("tickets@v1.md", b"# Model card")
