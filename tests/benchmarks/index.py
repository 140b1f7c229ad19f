"""The index suite: what indexing and asking cost, and what is found.

Figures of finding come from public questions, on which nothing of Cairn is tuned.
"""

import asyncio
import gzip
import json
import shutil
import statistics
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from agents.knowledge.fusion import fuse
from agents.store import rag_search
from agents.store.db import Database
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.integration.index.desk import TEAM, WHO, CountingEmbedder, Desk
from tests.shared_data import SHARED

Figure = Mapping[str, Any]
Question = tuple[str, str]

_ASKED = 100
_QUESTIONS = 1000
_CEILING_SAMPLE = 500
# Two thirds of the text for a quarter of the questions: they would take most of the suite's time.
_AWS_LEFT_OUT = ("amazon-dynamodb-", "amazon-ec2-", "aws-codepipeline-", "aws-greengrass-")
_RANKS = (1, 5, 10)
_ARMS = {"words only": 0.0, "vectors only": 1.0}


async def run() -> AsyncIterator[Figure]:
    """Yield the figures, each as soon as it is known."""
    home = Path(tempfile.mkdtemp(prefix="cairn-bench-"))
    try:
        dsn = make_conninfo(await start_embedded(home / "data"))
        await migrate(dsn)
        async with Database(dsn) as database:
            for name, prepare in {"handbook": _handbook, "squad": _squad, "aws-docs-qa": _aws}.items():
                folder = home / name
                questions = await asyncio.to_thread(prepare, folder)
                if questions is None:
                    continue
                desk = Desk(database, dsn, folder.resolve(), CountingEmbedder(), patience_s=3600)
                async for figure in _suite(name, desk, questions):
                    yield {"suite": "index", "case": name, **figure}
    finally:
        await stop_embedded(home / "data")
        shutil.rmtree(home, ignore_errors=True)


async def _suite(name: str, desk: Desk, questions: Sequence[Question]) -> AsyncIterator[Figure]:
    async for figure in _indexing(desk, name):
        yield figure
    if questions:
        async for figure in _finding(desk, name, questions):
            yield figure
    async for figure in _asking(desk, name, [question for question, _ in questions] or _OWN_QUESTIONS):
        yield figure


async def _indexing(desk: Desk, name: str) -> AsyncIterator[Figure]:
    # The model is loaded once for a worker's life.
    await desk.embedder.embed(["warm"])
    result, wall_s = await _timed(lambda: desk.fill(name))
    texts = list(desk.embedder.embedded)
    sample = texts[:: max(1, len(texts) // _CEILING_SAMPLE)]
    began_s = time.process_time()
    for first in range(0, len(sample), 64):
        await desk.embedder.embed(sample[first : first + 64])
    ceiling = len(sample) / (time.process_time() - began_s)
    rate = len(texts) / result["cpu_seconds"]
    yield _figure("chunks per CPU-second", rate, "1/s", "embedding the same chunks alone", ceiling)
    yield _figure("documents per CPU-second", result["documents"] / result["cpu_seconds"], "1/s")
    yield _figure("wall time", wall_s, "s")
    _, again_s = await _timed(lambda: desk.fill(name))
    yield _figure("wall time, nothing changed", again_s, "s", "first run", wall_s)


async def _finding(desk: Desk, name: str, questions: Sequence[Question]) -> AsyncIterator[Figure]:
    step = max(1, len(questions) // _QUESTIONS)
    chosen = questions[::step]
    ranks: dict[str, list[int]] = {arm: [] for arm in ("fused", *_ARMS)}
    for question, document in chosen:
        vector = (await desk.embedder.embed([question]))[0]
        async with desk.database.team(TEAM) as connection:
            source = await rag_search.answering(connection, TEAM, name)
            assert source is not None
            found = await rag_search.search(connection, TEAM, source.generation, question, vector)
        for arm, places in ranks.items():
            weight = _ARMS.get(arm, source.vector_weight)
            order = list(dict.fromkeys(each.uri for _, each in fuse(found, weight)))
            places.append(order.index(document) if document in order else len(order) + max(_RANKS))
    for rank in _RANKS:
        recall = {arm: statistics.mean(place < rank for place in places) for arm, places in ranks.items()}
        best = max(_ARMS, key=lambda arm: recall[arm])
        yield _figure(f"document recall@{rank}", recall["fused"], "share", best, recall[best])


async def _asking(desk: Desk, name: str, questions: Sequence[str]) -> AsyncIterator[Figure]:
    chosen = (list(questions) * _ASKED)[:_ASKED]
    taken: list[float] = []
    abstained = 0
    for question in chosen:
        began_s = time.perf_counter()
        abstained += (await desk.indexes.ask(TEAM, name, question, who=WHO)).abstained
        taken.append((time.perf_counter() - began_s) * 1000)
    cuts = statistics.quantiles(taken, n=100)
    yield _figure("ask p50", cuts[49], "ms")
    yield _figure("ask p99", cuts[98], "ms")
    yield _figure("abstained", abstained / len(chosen), "share")


async def _timed(work: Callable[[], Awaitable[Mapping[str, Any]]]) -> tuple[Mapping[str, Any], float]:
    began_s = time.perf_counter()
    result = await work()
    return result, time.perf_counter() - began_s


def _figure(metric: str, value: float, unit: str, reference: str | None = None, beside: float | None = None) -> Figure:
    ratio = value / beside if beside else None
    return {"metric": metric, "value": value, "unit": unit, "reference": reference, "ratio": ratio}


_OWN_QUESTIONS = [
    "How do I get reimbursed for travel expenses?",
    "How many hours of annual leave can I carry over?",
    "What should I do if my laptop is stolen?",
    "Who approves overtime?",
    "How deep is the Mariana trench?",
]


def _handbook(folder: Path) -> list[Question] | None:
    archive = SHARED / "data/18f-handbook/handbook.tar.gz"
    return _unpacked(archive, folder, [])


def _squad(folder: Path) -> list[Question] | None:
    packed = SHARED / "data/squad/squad_v1.1_dev_part.json.gz"
    if not packed.exists():
        return None
    folder.mkdir()
    questions = []
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        paragraphs = [part for article in json.load(file)["data"] for part in article["paragraphs"]]
    for number, paragraph in enumerate(paragraphs):
        document = f"{number:04}.txt"
        (folder / document).write_text(paragraph["context"], encoding="utf-8")
        questions += [(asked["question"], document) for asked in paragraph["qas"]]
    return questions


def _aws(folder: Path) -> list[Question] | None:
    data = SHARED / "data/aws-docs-qa"
    if not data.exists():
        return None
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [(entry["question"], entry["document"]) for entry in map(json.loads, lines)]
    kept = [(question, document) for question, document in asked if not document.startswith(_AWS_LEFT_OUT)]
    return _unpacked(data / "docs.tar.gz", folder, kept, left_out=_AWS_LEFT_OUT)


def _unpacked(
    archive: Path, folder: Path, questions: list[Question], left_out: tuple[str, ...] = ()
) -> list[Question] | None:
    if not archive.exists():
        return None
    folder.mkdir()
    with tarfile.open(archive) as packed:
        members = [member for member in packed if not left_out or not member.name.startswith(left_out)]
        packed.extractall(folder, members, filter="data")
    return questions
