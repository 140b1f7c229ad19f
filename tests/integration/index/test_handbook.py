"""A whole handbook, indexed and asked."""

import tarfile
from pathlib import Path

from tests.integration.index.conftest import TEAM, WHO, Desk
from tests.shared_data import shared


async def test_a_handbook_is_indexed_and_answers_with_quotes_that_stand_in_its_files(desk: Desk) -> None:
    with tarfile.open(shared("data/18f-handbook/handbook.tar.gz")) as archive:
        archive.extractall(desk.root, filter="data")

    result = await desk.fill()

    assert (result["documents"], result["failed"]) == (246, [])
    answer = await desk.indexes.ask(TEAM, "docs", "How do I get reimbursed for travel expenses?", who=WHO)
    assert not answer.abstained
    for cited in (*answer.citations, *answer.passages):
        text = (desk.root / cited.document).read_text(encoding="utf-8")
        said = cited.quote if hasattr(cited, "quote") else cited.text
        assert text[cited.start : cited.end] == said
    assert await desk.indexes.document(TEAM, "docs", answer.citations[0].document) == Path(
        desk.root / answer.citations[0].document
    ).read_text(encoding="utf-8")
