"""A real handbook, a part of it, indexed and asked."""

import tarfile

from tests.integration.index.desk import TEAM, WHO, Desk
from tests.shared_data import shared

PART = "pages/travel-and-leave/"


async def test_a_handbook_is_indexed_and_answers_with_quotes_that_stand_in_its_files(desk: Desk) -> None:
    with tarfile.open(shared("data/18f-handbook/handbook.tar.gz")) as archive:
        members = [member for member in archive.getmembers() if member.name.removeprefix("./").startswith(PART)]
        archive.extractall(desk.root, members, filter="data")
    texts = {str(path.relative_to(desk.root)): path.read_bytes().decode() for path in desk.root.rglob("*.md")}

    result = await desk.fill()

    assert (result["documents"], result["failed"]) == (len(texts), [])
    answer = await desk.indexes.ask(TEAM, "docs", "How many hours of annual leave can I carry over?", who=WHO)
    assert "240" in answer.text
    for citation in answer.citations:
        assert texts[citation.document][citation.start : citation.end] == citation.quote
    for passage in answer.passages:
        assert texts[passage.document][passage.start : passage.end] == passage.text
    for uri, text in texts.items():
        assert await desk.indexes.document(TEAM, "docs", uri) == text
