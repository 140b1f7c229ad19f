"""How a distillation ended, as a terminal shows it."""

from agents.runs.states import RunState
from bot.shell.distill import summary_text
from tests.unit.distillation.reports import DEPLOYED, make_report, results


def test_the_end_says_scores_costs_from_when_it_pays_and_what_is_next() -> None:
    gate = results()["gate"]
    told = summary_text(
        {
            "run": "r1", "state": RunState.DONE, "student": "tickets@v1", "gate": gate, "scores": gate["candidates"],
            "free_baseline_enough": None, "deployment": DEPLOYED, "report": make_report().document(),
            "spent_usd": 1.5, "seconds": 60.0, "error": None,
        }
    )  # fmt: skip

    assert "tickets@v1 passed its gate." in told
    assert "student      accuracy 95.0% (93.0% to 97.0%)" in told
    assert "student      $11.11 per 1M requests: measured on the endpoint" in told
    assert "it pays against claude-opus-5-5: from 10,700 requests a day" in told
    assert "next: Send a part of your traffic to" in told
    assert "$1.50 spent, 60 s, run r1" in told
