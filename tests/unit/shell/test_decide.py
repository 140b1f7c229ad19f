"""`cairn decide` on a file of answers."""

import json
from pathlib import Path

from click.testing import CliRunner

from bot.shell.decide import decide

ANSWERS = """
id: labels
answers:
  problem: [cost]
  prompt_tried: systematic
  evals: golden
  demand: proven
  task_stable: true
  teacher_meets_bar: true
  small_api_meets_bar: false
  requests_per_day: 20000
  tokens: {static_prefix: 0, tokens_in: 500, tokens_out: 10}
"""


def run(folder: Path, *options: str) -> str:
    file = folder / "answers.yaml"
    file.write_text(ANSWERS, encoding="utf-8")
    result = CliRunner().invoke(decide, [str(file), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_facts_that_a_file_does_not_give_are_left_unknown(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, "--json"))

    assert found["blocker_state"] == {"economics": "unknown"}
    assert "facts" not in found


def test_facts_can_be_computed_with_todays_prices(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, "--json", "--compute-facts"))

    assert found["computed_facts"] == ["payback_days"]
    assert found["blocker_state"] == {"economics": "failed"}
    assert "requests_per_day" in {one["key"] for one in found["crossings"]}


def test_people_are_told_what_was_computed_and_what_would_change_it(tmp_path: Path) -> None:
    said = run(tmp_path, "--compute-facts")

    assert "computed: payback_days=never" in said
    assert "requests/day" in said.partition("what would change it:")[2]
