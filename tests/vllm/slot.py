"""A slot with a real vLLM, started as its shipped unit says: stands in for systemd, which a test run is without."""

import asyncio
import fcntl
import os
import shlex
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from tests.fakes.slot_servers import slot_settings
from tests.vllm.server import ENVIRONMENT, ROOT, vllm_python

_UNIT: Final = ROOT / "deploy" / "systemd" / "vllm-slot@.service"
_PROGRAM: Final = "/opt/vllm/bin/vllm"
# As on a processor: what would be compiled for minutes is not, and no rounding of half precision hides a fault.
_HERE: Final = ("--enforce-eager", "--max-num-seqs=8", "--dtype=float32")


def command(students: Path, number: int, settings: Mapping[str, str]) -> list[str]:
    """Return what the unit of a slot starts, without the program: systemd's rules for its variables are kept."""
    lines = _UNIT.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (start,) = [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]
    program, *words = start.replace("%i", str(number)).replace("/srv/students", str(students)).split()
    assert program == _PROGRAM
    found: list[str] = []
    for word in words:
        if word.startswith("${"):
            found.append(settings[word[2:-1]])
        elif word.startswith("$"):
            found += shlex.split(settings[word[1:]])
        else:
            found.append(word)
    return found


@asynccontextmanager
async def real_slot(students: Path, number: int, folder: Path) -> AsyncIterator[Path]:
    """Run a slot of the host whose students lie in a folder; yield the log of its server, which ends with this.

    One student is served: a second would take a minute more.
    """
    python = vllm_python()
    for each in (folder, students / "sockets"):
        each.mkdir(parents=True)
    log = folder / "log"
    with (folder / "held").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        running = asyncio.create_task(_run(python, students, number, folder, log))
        try:
            yield log
        finally:
            running.cancel()
            await asyncio.wait({running})
            if (folder / "pid").exists():
                with suppress(ProcessLookupError):
                    os.killpg(int((folder / "pid").read_text(encoding="ascii")), signal.SIGKILL)


async def _run(python: Path, students: Path, number: int, folder: Path, log: Path) -> None:
    file = students / "slots" / f"{number}.env"
    while not (settings := slot_settings(file)).get("CAIRN_MODEL"):  # noqa: ASYNC110  # a file sets no event
        await asyncio.sleep(0.05)
    entry = [str(python), str(Path(__file__).with_name("entry.py")), str(folder)]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *entry,
            *command(students, number, settings),
            *_HERE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT, "VLLM_SERVER_DEV_MODE": "1", "HOME": str(folder)},
        )
    # It leaves the server running in the background.
    await process.wait()
