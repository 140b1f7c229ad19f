"""Reading the rows of a training, without the libraries that train."""

import json
from pathlib import Path

from agents.adapters.trainers.examples import label_examples, read_lines
from agents.adapters.trainers.recipe import read_recipe


def test_a_text_with_separators_of_lines_in_it_is_one_row(tmp_path: Path) -> None:
    rows = [{"input": "one\u2028two\u0085three\u001cfour", "label": "x"}, {"input": "five", "label": "y"}]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    assert read_lines(path, "train.jsonl") == rows


class Letters:
    """A tokenizer of an encoder that reads eight letters at most, and cuts where it is told to, as transformers' do."""

    model_max_length = 8

    def __call__(self, text: str, *, truncation: bool, max_length: int) -> dict[str, list[int]]:
        assert truncation
        return {"input_ids": [ord(letter) for letter in text[:max_length]]}


def test_a_text_is_cut_where_the_encoder_ends_or_before_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"input": "a" * 20, "label": "x"}), "utf-8")
    encoder = {"base": "b", "kind": "encoder", "labels": ["x", "y"]}

    lengths = [
        len(label_examples(path, "train.jsonl", Letters(), read_recipe({**encoder, **cut}))[0]["input_ids"])
        for cut in ({}, {"sequence": 1_024})
    ]
    longer = Letters()
    longer.model_max_length = 512
    cut_before = label_examples(path, "train.jsonl", longer, read_recipe({**encoder, "sequence": 16}))

    assert lengths == [8, 8]
    assert len(cut_before[0]["input_ids"]) == 16
