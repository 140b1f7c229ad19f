"""Reading the rows of a training, without the libraries that train."""

import json
from pathlib import Path

from agents.adapters.trainers.examples import read_lines


def test_a_text_with_separators_of_lines_in_it_is_one_row(tmp_path: Path) -> None:
    rows = [{"input": "one\u2028two\u0085three\u001cfour", "label": "x"}, {"input": "five", "label": "y"}]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    assert read_lines(path, "train.jsonl") == rows
