"""Any process may be killed at any moment: nothing is lost, nothing is doubled, nothing is left behind."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import Cairn, alive, descendants, postmaster, start
from tests.acceptance.database import cards, indexed, server, stages, turns
from tests.acceptance.page import BOT, GENERAL, Page, content, until

pytestmark = pytest.mark.acceptance

DOCUMENTS = 60
# What keeps a dead worker's stage from being taken up again, kept short so that the tests are.
QUICK = {"CAIRN_LEASE_S": "2"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to the bot, and words that only the answer to it has."""

    thread: str
    ts: str
    answer: str


@dataclass(slots=True)
class Site:
    """A data directory and a folder of documents with a `cairn local` on them, started again where it ended."""

    data: Path
    documents: Path
    cairn: Cairn | None = None
    # Every process that ran here at some time.
    seen: dict[int, str] = field(default_factory=dict)

    @property
    def running(self) -> Cairn:
        if self.cairn is None or self.cairn.process.poll() is not None:
            self.cairn = start(self.data, "--docs", str(self.documents), environment=QUICK)
        return self.cairn

    @property
    def page(self) -> Page:
        return Page(self.running.url)

    def take_stock(self) -> dict[int, str]:
        """Remember and return the processes that run here now."""
        postgres = postmaster(self.data)
        assert postgres is not None
        family = descendants(self.running.process.pid) | alive([postgres]) | descendants(postgres)
        self.seen |= family
        return family

    def write_documents(self, subject: str) -> None:
        """Put fresh documents into the folder, none of which was ever embedded."""
        for old in self.documents.iterdir():
            old.unlink()
        for number in range(DOCUMENTS):
            lamp = f"The lamp in hall {number} has the colour of sample {number + 700}."
            boxes = [f"The {subject} of shelf {number} holds box {number * 80 + box}." for box in range(80)]
            text = "\n\n".join([f"# Shelf {number}", lamp, *boxes])
            (self.documents / f"shelf-{number:02}.md").write_text(text)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # Not under pytest's own folders, which the embedded server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="cairn-kills-"))
    (folder / "documents").mkdir()
    there = Site(folder / "data", folder / "documents")
    there.write_documents("first")
    yield there
    if there.cairn is not None and there.cairn.process.poll() is None:
        there.cairn.stop()
    # Shown by pytest where a test failed.
    for log in sorted((there.data / "logs").glob("*.log")):
        print(f"== {log.name}", *log.read_text(errors="replace").splitlines()[-60:], sep="\n")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_worker_killed_in_mid_index_is_replaced_and_repeats_nothing(site: Site) -> None:
    site.write_documents("worker")
    thread = site.page.index("worker")
    wait_for_a_part(site, "worker")
    worker = site.running.child("worker")
    doomed = {worker, *descendants(worker)}
    os.kill(worker, signal.SIGKILL)
    require_whole_index(site, "worker", thread)
    assert stages(site.data, "worker")["ingest"]["attempt"] == 2, "another worker took it up"
    until(lambda: not alive(doomed), lambda: f"these to end: {alive(doomed)}")
    require_each_card_once(site)


def test_a_bot_killed_in_mid_turn_answers_every_message_once(site: Site) -> None:
    require_an_index_to_ask(site)
    asked = ask_and_kill_in_mid_turn(site, site.running.child("serve"))
    require_every_answer_once(site, asked)
    require_each_card_once(site)


def test_a_postgres_killed_in_mid_index_and_mid_turn_loses_nothing(site: Site) -> None:
    require_an_index_to_ask(site)
    site.write_documents("postgres")
    thread = site.page.index("postgres")
    wait_for_a_part(site, "postgres")
    postgres = postmaster(site.data)
    assert postgres is not None
    doomed = {postgres, *descendants(postgres)}
    asked = ask_and_kill_in_mid_turn(site, postgres)
    require_every_answer_once(site, asked)
    require_whole_index(site, "postgres", thread)
    until(lambda: not alive(doomed), lambda: f"these to end: {alive(doomed)}")
    require_each_card_once(site)


def test_a_supervisor_killed_in_mid_index_and_mid_turn_is_started_again(site: Site) -> None:
    require_an_index_to_ask(site)
    site.write_documents("supervisor")
    thread = site.page.index("supervisor")
    wait_for_a_part(site, "supervisor")
    supervisor = site.running
    orphans = descendants(supervisor.process.pid)
    asked = ask_and_kill_in_mid_turn(site, supervisor.process.pid)
    supervisor.wait()
    until(lambda: not alive(orphans), lambda: f"these to end: {alive(orphans)}")
    require_every_answer_once(site, asked)
    require_whole_index(site, "supervisor", thread)
    require_each_card_once(site)
    site.take_stock()
    assert site.running.stop() == 0
    assert not alive(site.seen), "Ctrl-C leaves no process, not even of a start before"


def require_an_index_to_ask(site: Site) -> None:
    if not indexed_at_all(site):
        site.write_documents("lamps")
        site.page.shows(site.page.index("lamps"), "Index lamps: done")


def indexed_at_all(site: Site) -> bool:
    return bool(site.running) and bool(indexed(site.data, "lamps"))


def ask_and_kill_in_mid_turn(site: Site, pid: int) -> list[Asked]:
    """Send messages, kill the process as soon as the bot is at one of them, and return them."""
    dsn = server(site.data)
    assert dsn is not None
    with psycopg.connect(dsn, autocommit=True) as connection:
        asked = ask_in_many_threads(site.page)
        query = "SELECT count(*) FROM app.slack_event WHERE handled_at IS NULL AND attempts > 0"
        until(lambda: (connection.execute(query).fetchone() or (0,))[0], "a turn in hand", every_s=0.001)
        os.kill(pid, signal.SIGKILL)
    return asked


def ask_in_many_threads(page: Page) -> list[Asked]:
    """Send messages that open decisions, and questions to an index, two to a thread."""
    asked = []
    for words in ("20k requests a day", "30k requests a day"):
        ts = page.say(f"@cairn it costs too much, {words}")
        asked.append(Asked(ts, ts, "So far"))
    for hall in range(0, 6, 2):
        thread = None
        for question in (
            f"Which colour has the lamp in hall {hall}?",
            f"Which colour has the lamp in hall {hall + 1}?",
        ):
            ts = page.say(f"@cairn ask lamps {question}", **({"thread_ts": thread} if thread else {}))
            thread = thread or ts
            asked.append(Asked(thread, ts, question))
    return asked


def wait_for_a_part(site: Site, name: str) -> None:
    """Wait until the run has stored some documents, and has most of them before it."""
    until(
        lambda: stages(site.data, name).get("ingest", {"checkpoint": {}})["checkpoint"].get("embedded"),
        lambda: f"a part of {stages(site.data, name)}",
        every_s=0.02,
    )
    ingest = stages(site.data, name)["ingest"]
    assert ingest["state"] == "running", "the run was over before anything could be killed"
    site.take_stock()


def require_whole_index(site: Site, name: str, thread: str) -> None:
    """The run ends with what a run that nobody disturbs ends with, and did no stage twice but the one cut off.

    A worker that lives on, for a moment without Postgres or as an orphan that is told to stop, may finish that one.
    """
    page = site.page
    page.shows(thread, f"Index {name}: done")
    done = stages(site.data, name)
    assert {stage["state"] for stage in done.values()} == {"done"}
    attempts = {stage: row["attempt"] for stage, row in done.items()}
    assert attempts.pop("ingest") in {1, 2}
    assert attempts == {"list": 1, "build": 1, "switch": 1}
    assert [each["uri"] for each in indexed(site.data, name)] == [f"shelf-{n:02}.md" for n in range(DOCUMENTS)]
    again = page.index(f"{name}-again")
    page.shows(again, f"Index {name}-again: done")
    assert indexed(site.data, name) == indexed(site.data, f"{name}-again")
    for place in (thread, again):
        require_its_three_cards(site, place)


def require_its_three_cards(site: Site, thread: str) -> None:
    """The proposal, the run with its stages, and the reply that tells that it is over."""

    def kinds() -> list[str]:
        return sorted(card["kind"] for card in cards(site.data) if card["thread_ts"] == thread and card["ts"])

    until(lambda: "run_end" in kinds(), lambda: f"the end in {kinds()}")
    assert kinds() == ["proposal", "run", "run_end"]
    assert "✓ ingest" in content(site.page.shows(thread, "✓ switch"))


def require_every_answer_once(site: Site, asked: list[Asked]) -> None:
    """Every message was stored once and got its answer, once.

    Not necessarily in order: Slack sends again what was not acknowledged, whatever came after it.
    """
    page = site.page
    for each in asked:
        page.shows(each.thread, each.answer, by=BOT)
    stored = [turn["message_ts"] for turn in turns(site.data)]
    assert [stored.count(each.ts) for each in asked] == [1] * len(asked)
    for each in asked:
        assert len(said(page, each)) == 1, f"{each} was answered {said(page, each)}"


def said(page: Page, asked: Asked) -> list[str]:
    """Return the ts of the bot's replies to a message."""
    replies = page.replies(asked.thread)
    return [str(each["ts"]) for each in replies if each["user"] == BOT and asked.answer in content(each)]


def require_each_card_once(site: Site) -> None:
    """Slack shows every card once and in its newest state, nothing else of the bot's, and no turn is open or failed."""
    until(lambda: all(turn["is_handled"] for turn in turns(site.data)), lambda: f"the end of {turns(site.data)}")
    assert [turn for turn in turns(site.data) if turn["error"]] == []
    until(lambda: all(card["is_newest"] for card in cards(site.data)), lambda: f"the newest of {cards(site.data)}")
    known = cards(site.data)
    assert [card for card in known if card["error"]] == []
    page = site.page
    roots = page.roots()
    threads = [reply for root in roots if root.get("reply_count") for reply in page.replies(root["ts"])]
    shown = [each["ts"] for each in [*roots, *threads] if each["user"] == BOT and not each.get("is_ephemeral")]
    assert sorted(shown) == sorted(card["ts"] for card in known if card["channel"] == GENERAL)
