"""What a file is taken for, by its bytes and its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localslack.filekinds import PREVIEW_CHARACTERS, PREVIEW_LINES, known_kind


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [
        ("run.log", "text/plain"),
        ("costs.CSV", "text/csv"),
        ("rows.jsonl", "text/plain"),
        ("report.json", "application/json"),
        ("page.html", "text/html"),
    ],
)
def test_a_text_has_its_first_lines_and_how_many_there_are(name: str, mimetype: str) -> None:
    kind = known_kind(name, b"a\nb\n")
    assert (kind["mimetype"], kind["filetype"]) == (mimetype, name.rpartition(".")[2].lower())
    assert (kind["preview"], kind["lines"], kind["lines_more"]) == ("a\nb", 2, 0)
    assert not kind["preview_is_truncated"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("run.log", b"\xff\xfe\x00"), ("run.log", b"a\0b"), ("model.bin", b"text"), ("none", b"text")],
)
def test_what_is_no_text_has_no_preview(name: str, content: bytes) -> None:
    assert "preview" not in known_kind(name, content)


def test_a_picture_is_one_by_its_bytes_alone() -> None:
    assert known_kind("run.log", b"GIF89a\x03\x00\x02\x00") == {
        "mimetype": "image/gif",
        "filetype": "gif",
        "original_w": 3,
        "original_h": 2,
    }
    assert known_kind("chart.png", b"no picture")["mimetype"] == "application/octet-stream"


@given(st.text(max_size=4000))
def test_a_preview_is_how_the_text_begins_and_says_what_it_leaves_out(text: str) -> None:
    if "\0" in text:
        return
    kind = known_kind("run.log", text.encode())
    preview = kind["preview"]
    assert text.startswith(preview)
    assert len(preview) <= PREVIEW_CHARACTERS
    assert preview.count("\n") < PREVIEW_LINES
    assert kind["preview_is_truncated"] == (preview != text.removesuffix("\n"))
    assert kind["lines_more"] == 0 or kind["preview_is_truncated"]
    assert kind["lines"] == preview.count("\n") + 1 + kind["lines_more"] or kind["lines"] == 0
