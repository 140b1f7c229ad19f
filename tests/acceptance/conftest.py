"""The product as a person starts it: `cairn local` as a process, and a browser before its page."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import needs
from tests.shared_data import SHARED

START_S = 90
FIXTURE_DOCUMENTS = Path(__file__).parents[2] / "bot" / "sample_documents"
CHROMIUM_ARGUMENTS = (
    # Root, as which CI runs, has no user namespace for the sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(slots=True)
class Cairn:
    """A started `cairn local`."""

    data: Path
    process: subprocess.Popen[str]
    url: str
    started_in_s: float

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a shell command on the same data."""
        return run_cairn(*arguments, data=self.data)

    def child(self, command: str) -> int:
        """Return the process id of a child by its command: serve or worker."""
        return next(pid for pid, line in children(self.process.pid) if f"bot.cli {command}" in line)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Return the exit status once it has ended."""
        status = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def run_cairn(
    *arguments: str, data: Path | None = None, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user would, but with nobody at the terminal, and return what it said."""
    more = {} if data is None else {"CAIRN_DATA": str(data)}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False,
        env=_environment({**more, **(environment or {})}),
    )  # fmt: skip


def start(data: Path, *options: str, environment: Mapping[str, str] | None = None) -> Cairn:
    """Start `cairn local` on `data` and wait until it says where its page is."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "local", "--data", str(data), "--port", "0", "--no-open", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=_environment(environment or {}),
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return Cairn(data, process, found.group(), time.monotonic() - begun)
    raise AssertionError("".join(said) or "cairn local ended without a word")


def children(pid: int) -> list[tuple[int, str]]:
    """Return the live processes that were started by `pid`, with their command lines."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return [(int(row[0]), row[3]) for row in rows if row[1] == str(pid) and not row[2].startswith("Z")]


def descendants(pid: int) -> dict[int, str]:
    """Return the live processes that `pid` started, and those they started, with their command lines."""
    found = dict(children(pid))
    for child in list(found):
        found |= descendants(child)
    return found


def postmaster(data: Path) -> int | None:
    """Return the process id that the embedded Postgres under `data` has or last had."""
    written = data / "pg" / "postmaster.pid"
    return int(written.read_text().splitlines()[0]) if written.exists() else None


def alive(pids: Iterable[int]) -> dict[int, str]:
    """Return those of the processes that still run, with their command lines."""
    wanted = set(pids)
    listed = subprocess.run(["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return {int(row[0]): row[2] for row in rows if int(row[0]) in wanted and not row[1].startswith("Z")}


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of somebody who has set up nothing."""
    # Without byte code beside its modules each command would compile all of them anew, which takes seconds.
    dropped = {"DATABASE_URL", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {name: value for name, value in kept.items() if not name.startswith(("CAIRN_", "SLACK_"))} | dict(more)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory that the embedded server's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="cairn-local-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A real company handbook; where that is absent the bundled sample, with enough beside it to watch a run."""
    packed = SHARED / "data" / "18f-handbook" / "handbook.tar.gz"
    if not packed.exists():
        folder = tmp_path / "sample"
        shutil.copytree(FIXTURE_DOCUMENTS, folder)
        for number in range(300):
            lines = [
                f"Bicycle {number}-{part} was looked at on day {number + part} and found sound." for part in range(20)
            ]
            (folder / f"workshop-note-{number:03}.md").write_text(f"# Workshop note {number}\n\n" + "\n\n".join(lines))
        return folder
    # Not under tmp_path, whose parents are private to this user: the worker is this user, so that is fine here.
    shutil.unpack_archive(packed, tmp_path / "handbook", filter="data")
    return tmp_path / "handbook"


@pytest.fixture
def cairn(data: Path, documents: Path) -> Iterator[Cairn]:
    """A running `cairn local` over the documents."""
    started = start(data, "--docs", str(documents))
    yield started
    if started.process.poll() is None:
        started.stop()
    # Shown by pytest where the test failed.
    for log in sorted((data / "logs").glob("*.log")):
        print(f"== {log.name}", *log.read_text(errors="replace").splitlines()[-40:], sep="\n")


# Not for the session: as long as Playwright runs, it holds this thread's event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    executable = needs.chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def screenshots() -> Path:
    """Where the screenshots are left to be looked at."""
    folder = Path(os.environ.get("CAIRN_SCREENSHOTS", tempfile.gettempdir())) / "cairn-screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
