"""Files that are broken, hostile or no documents: each ends with a reason, and the rest goes on."""

import os
import sys
import zipfile
from io import BytesIO

import pytest

from agents.errors import UserError
from tests.integration.index.desk import TEAM, WHO, Desk

GOOD = {"good.md": "# Good\n\nThis page can be read.\n"}


def zipped(name: str, content: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


async def reasons(desk: Desk) -> dict[str, str]:
    """Index the folder and return why files could not be read; the good page must have been."""
    result = await desk.fill()
    assert result["documents"] >= 1
    assert not (await desk.indexes.ask(TEAM, "docs", "Which page can be read?", who=WHO)).abstained
    return {failed["uri"]: failed["reason"] for failed in result["failed"]}


async def test_each_file_that_cannot_be_read_is_listed_with_its_reason(desk: Desk) -> None:
    desk.write(
        {
            **GOOD,
            "empty.md": b"",
            "blank.md": b" \n\n ",
            "archive.pdf": zipped("a.txt", b"0" * 1_000_000),
            "broken.pdf": b"%PDF-1.7\n" + os.urandom(2000),
            "binary.txt": bytes(range(1, 32)) * 100,
            "picture.png": b"\x89PNG\r\n",
            "noending": b"text",
            "nomarkup.html": b"just words",
            "script.html": b"<html><script>var x = 1</script></html>",
            "archive.md": zipped("a.txt", os.urandom(5000)),
        }
    )

    found = await reasons(desk)

    assert found.keys() == {
        "empty.md", "blank.md", "archive.pdf", "broken.pdf", "binary.txt", "picture.png", "noending", "nomarkup.html",
        "script.html", "archive.md",
    }  # fmt: skip
    assert found["empty.md"] == "Empty file."
    assert "No text" in found["blank.md"]
    assert "Not a PDF" in found["archive.pdf"]
    assert "binary" in found["binary.txt"]
    assert "No parser reads .png" in found["picture.png"]
    assert "no markup" in found["nomarkup.html"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("latin.md", "# Größe\n\nDie Straße ist naß.\n".encode("latin-1")),
        ("wide.txt", "Die Straße".encode("utf-16")),
        ("wide-no-mark.txt", ("Plain words in a row. " * 20).encode("utf-16-le")),
        ("marked.md", b"\xef\xbb\xbf# Title\n\nText."),
        ("nul.md", b"# A\n\nbefore\0after " + b"more words " * 30),
        ("crlf.md", b"# A\r\n\r\nLine one.\r\nLine two.\r\n"),
    ],
)
async def test_text_in_other_encodings_is_read(desk: Desk, name: str, content: bytes) -> None:
    desk.write({**GOOD, name: content})

    assert await reasons(desk) == {}
    text = await desk.indexes.document(TEAM, "docs", name)
    assert "\ufeff" not in text
    assert [text[c["start_char"] : c["end_char"]] for c in await desk.chunks() if c["uri"] == name] == [
        c["content"] for c in await desk.chunks() if c["uri"] == name
    ]


async def test_html_as_deep_as_a_well_ends_in_text_or_a_reason(desk: Desk) -> None:
    depth = 100_000
    desk.write({**GOOD, "deep.html": b"<html><body>" + b"<div>" * depth + b"x" + b"</div>" * depth + b"</body></html>"})

    assert (await reasons(desk)).keys() <= {"deep.html"}


# A parser child with a document that kills it and one that it never finishes.
MOODY_CHILD = """
import os, time
from agents.adapters.parsers import child
real = child.answer
def answer(question):
    if question["uri"] == "kill.md":
        os.kill(os.getpid(), 9)
    if question["uri"] == "sleep.md":
        time.sleep(60)
    return real(question)
child.answer = answer
child.main()
"""


async def test_a_parser_that_dies_or_hangs_costs_one_document(desk: Desk) -> None:
    desk.write({**GOOD, "kill.md": "die", "sleep.md": "hang", "zoo.md": "# Zoo\n\nAfter the others.\n"})
    desk.with_deps(parse_command=(sys.executable, "-c", MOODY_CHILD), document_timeout_s=3.0)

    found = await reasons(desk)

    assert found.keys() == {"kill.md", "sleep.md"}
    assert "signal 9" in found["kill.md"]
    assert "more than 3 s" in found["sleep.md"]


async def test_what_may_pass_is_tried_again_though_the_file_is_the_same(desk: Desk) -> None:
    desk.write({**GOOD, "kill.md": "# Kill\n\nReadable after all.\n"})
    good = desk.deps
    desk.with_deps(parse_command=(sys.executable, "-c", MOODY_CHILD))
    assert (await reasons(desk)).keys() == {"kill.md"}
    desk.deps = good

    assert await reasons(desk) == {}


async def test_a_bomb_ends_within_its_memory(desk: Desk) -> None:
    # 60 MB of markup that unfolds to millions of nodes.
    desk.write({**GOOD, "huge.html": b"<html><body>" + b"<p>word word word</p>" * 2_500_000 + b"</body></html>"})

    assert (await reasons(desk)).keys() <= {"huge.html"}


async def test_hidden_files_and_links_are_not_read(desk: Desk) -> None:
    outside = desk.root.parent / "secret.md"
    outside.write_text("# Secret\n\nNot for the index.\n")
    desk.write({**GOOD, ".env.md": "hidden", ".git/config.md": "hidden", "node_modules/a.md": "not ours"})
    (desk.root / "link.md").symlink_to(outside)
    (desk.root / "up").symlink_to(desk.root.parent)

    assert await reasons(desk) == {}
    assert {chunk["uri"] for chunk in await desk.chunks()} == {"good.md"}


async def test_a_document_replaced_by_a_link_after_it_was_listed_is_not_followed(desk: Desk) -> None:
    outside = desk.root.parent / "secret.md"
    outside.write_text("# Secret\n\nNot for the index.\n")
    desk.write({**GOOD, "swap.md": "# Swap\n\nPlain.\n"})
    source = desk.deps.sources.open(str(desk.root))
    list(source.files())
    (desk.root / "swap.md").unlink()
    (desk.root / "swap.md").symlink_to(outside)

    with pytest.raises(Exception, match="no longer a plain file"):
        source.path("swap.md")
    with pytest.raises(Exception, match="no longer a plain file"):
        source.path("../secret.md")


async def test_a_name_that_is_not_utf_8_is_listed_with_its_reason(desk: Desk) -> None:
    desk.write(GOOD)
    (desk.root / os.fsdecode(b"caf\xe9.md")).write_text("# Café\n")

    found = await reasons(desk)

    assert list(found) == ["caf\\xe9.md"]
    assert "not valid UTF-8" in found["caf\\xe9.md"]


async def test_a_folder_outside_the_allowed_ones_cannot_be_registered(desk: Desk) -> None:
    (desk.root / "inside").symlink_to(desk.root.parent)

    for folder in (desk.root.parent, desk.root / "inside", desk.root / ".."):
        with pytest.raises(UserError, match="outside the folders"):
            await desk.indexes.register_source(TEAM, "docs", folder, WHO)


@pytest.mark.parametrize("name", ["", "Docs", "a b", "-docs", "x" * 64, "döcs", "a/b"])
async def test_a_name_that_cannot_be_used_says_which_can(desk: Desk, name: str) -> None:
    with pytest.raises(UserError, match="lower-case letters"):
        await desk.indexes.register_source(TEAM, name, desk.root, WHO)
