"""Files of examples are read from the allowed folders and from a registered source, and from nowhere else."""

import os
from pathlib import Path

import pytest

from agents.adapters.sources.data_files import DataFiles
from agents.errors import UserError


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    secret = tmp_path / "other" / "secret.jsonl"
    secret.write_text('{"input": "x"}', encoding="utf-8")
    return secret


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    (tmp_path / "allowed").mkdir()
    return DataFiles([str(tmp_path / "allowed")])


def test_a_file_in_an_allowed_folder_is_read_without_its_mark_of_order(files: DataFiles, tmp_path: Path) -> None:
    (tmp_path / "allowed" / "a.jsonl").write_bytes(b"\xef\xbb\xbf{}\n")

    assert files.read(str(tmp_path / "allowed" / "a.jsonl")) == "{}\n"


def test_a_file_elsewhere_is_refused_whatever_leads_to_it(files: DataFiles, tmp_path: Path, outside: Path) -> None:
    link = tmp_path / "allowed" / "link.jsonl"
    link.symlink_to(outside)

    for path in (outside, link, tmp_path / "allowed" / ".." / "other" / "secret.jsonl"):
        with pytest.raises(UserError, match="outside the folders that data may be read from"):
            files.read(str(path))


def test_a_registered_source_may_hold_it(files: DataFiles, tmp_path: Path, outside: Path) -> None:
    assert files.read(str(outside), str(tmp_path / "other")) == '{"input": "x"}'
    with pytest.raises(UserError, match="outside"):
        files.read(str(outside), str(tmp_path / "others"))


def test_what_is_no_file_or_no_text_is_said(files: DataFiles, tmp_path: Path) -> None:
    folder = tmp_path / "allowed"
    (folder / "odd.jsonl").write_bytes(b"{}\xff")
    os.mkfifo(folder / "pipe")

    for name, told in (("odd.jsonl", "no text in UTF-8: byte 2"), ("pipe", "no file"), ("none", "cannot be read")):
        with pytest.raises(UserError, match=told):
            files.read(str(folder / name))
    with pytest.raises(UserError, match="Is a directory"):
        files.read(str(folder))
