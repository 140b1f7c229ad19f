"""What the parsers make of files, and of what only looks like them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.adapters.parsers import LARGEST_FILE_BYTES, PARSERS, parser_for, refusal
from agents.adapters.parsers.child import answer
from agents.adapters.parsers.text import decoded
from agents.knowledge.documents import Parsed, Unreadable
from tests.shared_data import shared


def parse(name: str, content: bytes) -> Parsed:
    parser = parser_for(name)
    assert parser is not None
    return parser.parse(content, name)


def make_pdf(*pages: str) -> bytes:
    """Return a PDF with a line of text on each page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET" if text else ""
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        font = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {number + 1} 0 R {font} >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    body, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(body)
    return (
        f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ).encode()


def test_markdown_and_text_are_the_files_own_characters() -> None:
    content = "# Größe\r\n\r\nLine *one*.\r\n"

    assert parse("a/größe.md", content.encode()).text == content
    assert parse("notes.TXT", content.encode()).text == content


def test_a_title_comes_from_the_document_or_else_its_file() -> None:
    assert parse("x.md", b"# The title\n").title == "The title"
    assert parse("notes/plan.txt", b"text").title == "plan"
    assert parse("x.html", b"<title>A &amp; B</title><p>text</p>").title == "A & B"


def test_html_keeps_headings_lists_tables_and_code_but_not_scripts() -> None:
    page = (
        "<html><head><style>p {color: red}</style><script>alert(1)</script></head><body><h1>Leave</h1><h2>Days</h2>"
        "<ul><li>thirty</li></ul><table><tr><th>grade</th><th>days</th></tr><tr><td>A</td><td>30</td></tr></table>"
        "<pre><code>x = 1</code></pre></body></html>"
    )

    text = parse("page.html", page.encode()).text

    assert "# Leave" in text
    assert "## Days" in text
    assert "- thirty" in text
    assert "| A " in text
    assert "x = 1" in text
    assert "alert" not in text
    assert "color" not in text


def test_html_in_another_encoding_is_read_by_what_it_says_of_itself() -> None:
    page = '<html><head><meta charset="iso-8859-1"></head><body><p>Straße und Größe</p></body></html>'

    assert "Straße und Größe" in parse("page.html", page.encode("latin-1")).text


def test_a_pdf_gives_its_pages_in_order_with_where_each_begins() -> None:
    parsed = parse("guide.pdf", make_pdf("Flights are booked early.", "Trains are preferred."))

    assert [parsed.text[start:].split(".")[0] for start in parsed.page_starts] == [
        "Flights are booked early",
        "Trains are preferred",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("scan.pdf", make_pdf("", ""), "probably a scan"),
        ("a.pdf", b"PK\x03\x04" + b"0" * 100, "Not a PDF"),
        ("cut.pdf", make_pdf("text")[:60], "Damaged"),
        ("a.html", b"no markup here", "no markup"),
        ("a.html", b"<html><script>1</script></html>", "No text"),
        ("a.md", bytes(range(1, 32)) * 10, "binary"),
    ],
)
def test_what_gives_no_text_gives_the_reason(name: str, content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse(name, content)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    for parser in PARSERS:
        try:
            text = parser.parse(content, f"file{parser.suffixes[0]}").text
        except Unreadable:
            continue
        assert "\0" not in text
        text.encode()


@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs"])))
def test_valid_utf_8_is_read_as_it_stands(text: str) -> None:
    assert decoded(text.encode()) == (text, None)


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        (b"\xef\xbb\xbfTitle", "Title", None),
        ("Größe".encode("utf-16"), "Größe", None),
        ("Größe".encode("utf-32"), "Größe", None),
        ("plain words".encode("utf-16-be"), "plain words", "utf-16-be"),
        ("Größe – 5 €".encode("cp1252"), "Größe – 5 €", "Windows-1252"),  # noqa: RUF001  # as Windows writes it
    ],
)
def test_the_encoding_is_recognised_and_a_guess_is_said(content: bytes, text: str, note: str | None) -> None:
    found, said = decoded(content)

    assert found == text
    assert (said is None) if note is None else (note in (said or ""))


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("a.png", 5, "No parser reads .png"),
        ("Makefile", 5, "files without an ending"),
        ("a.md", 0, "Empty"),
        ("a.pdf", LARGEST_FILE_BYTES + 1, "Larger than 64 MB"),
    ],
)
def test_a_name_or_size_can_be_reason_enough(name: str, size: int, why: str) -> None:
    assert why in (refusal(name, size) or "")


def test_a_file_is_answered_with_its_text_and_the_digest_of_what_was_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n")

    reply = answer({"path": str(tmp_path / "a.md"), "uri": "a.md"})

    assert (reply["text"], reply["title"]) == ("# A\n", "A")
    assert json.loads(json.dumps(reply)) == reply


@pytest.mark.parametrize("make", ["missing", "link", "folder"])
def test_what_is_no_plain_file_any_more_is_answered_with_the_reason(tmp_path: Path, make: str) -> None:
    path = tmp_path / "a.md"
    if make == "link":
        (tmp_path / "other.md").write_text("secret")
        path.symlink_to(tmp_path / "other.md")
    elif make == "folder":
        path.mkdir()

    reply = answer({"path": str(path), "uri": "a.md"})

    assert "Could not be opened" in reply["reason"]
    assert reply["may_pass"] is True


@pytest.mark.parametrize("folder", ["md", "html", "pdf"])
def test_samples_keep_nearly_all_their_words(folder: str) -> None:
    for expected in sorted(shared(f"data/parser-samples/{folder}").glob("*.expected.md")):
        file = expected.with_name(expected.name.removesuffix(".expected.md"))
        wanted = _words(expected.read_text(encoding="utf-8"))

        kept = wanted & _words(parse(file.name, file.read_bytes()).text)

        assert len(kept) >= 0.8 * len(wanted), (file.name, wanted - kept)


def _words(text: str) -> set[Any]:
    return {word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(word) > 2}
