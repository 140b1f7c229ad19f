"""A vLLM server that all processes of a test run share: the first that needs it starts it, the last ends it.

Locks on files do it, since the kernel lets go of them whatever becomes of a process:

- `held`, shared by every process that has used the server, for as long as it lives; without one the server ends.
- `starting`, by whoever looks whether it runs and starts it.
- `used`, shared by the tests that use it, and taken alone by one that kills it.
"""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
API_KEY: Final = "key-of-the-tests"
# Quiet a minute on two cores; six times that on a machine that does much else.
_START_S: Final = 600
_END_S: Final = 30


def vllm_python() -> Path:
    """Return the Python that has vLLM: CAIRN_VLLM_PYTHON, else of what install.sh makes; skips where there is none."""
    given = os.environ.get("CAIRN_VLLM_PYTHON")
    found = Path(given) if given else ROOT / ".venv-vllm" / "bin" / "python"
    if not found.exists() or not (given or (ROOT / ".venv-vllm" / "installed").exists()):
        pytest.skip("needs vLLM: tests/vllm/install.sh adds it (3 GB), or set CAIRN_VLLM_PYTHON to a Python with it")
    return found


@dataclass(frozen=True, slots=True)
class VllmServer:
    """A server that runs, on 127.0.0.1."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it answers, without /v1."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def answers(self) -> bool:
        """Whether it says that it can work."""
        # One that is dead refuses at once, and one that has much to do is not to be started again.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """End all its processes, as a host ends that loses power."""
        os.killpg(self.pid, signal.SIGKILL)
        ends = time.monotonic() + _END_S
        while self._is_open():
            if time.monotonic() > ends:
                raise TimeoutError(f"vLLM is still there {_END_S} s after it was killed")
            time.sleep(0.05)

    def _is_open(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class SharedVllm:
    """Lends the server of a test run.

    Args:
        folder: The same for all processes of a run, and of no other run.
        write_model: Writes the model that is served into a folder that is not there yet.
        options: Of `vllm serve`, beside those that every server of a test has.
    """

    def __init__(self, folder: Path, write_model: Callable[[Path], None], options: Sequence[str]) -> None:
        self._python = vllm_python()
        self._folder = folder
        self._write_model = write_model
        self._options = options
        self._opened = ExitStack()
        folder.mkdir(parents=True, exist_ok=True)
        self._opened.enter_context(_locked(folder / "held", fcntl.LOCK_SH))

    @property
    def model(self) -> Path:
        """The folder of the model that is served; there once a server has run."""
        return self._folder / "model"

    @contextmanager
    def lent(self, *, alone: bool = False) -> Iterator[VllmServer]:
        """Have a server that runs; `alone` while no other test uses it, so that it may be killed."""
        with _locked(self._folder / "used", fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
            yield self.running()

    def running(self) -> VllmServer:
        """Return the server, started where it does not run, at the address where it was before."""
        with _locked(self._folder / "starting", fcntl.LOCK_EX):
            return self._found() or self._start()

    def close(self) -> None:
        """Need no server any more."""
        self._opened.close()

    def _found(self) -> VllmServer | None:
        pid, port = self._number("pid"), self._number("port")
        server = VllmServer(port, pid)
        return server if port and server.answers else None

    def _number(self, name: str) -> int:
        """Return what stands in a file; 0 where there is none."""
        path = self._folder / name
        return int(path.read_text(encoding="ascii")) if path.exists() else 0

    def _start(self) -> VllmServer:
        """Start it; where it once did not, say so again without another try.

        Raises:
            RuntimeError: It does not start; the end of its log is in the text.
        """
        log, failed = self._folder / "log", self._folder / "failed"
        if failed.exists():
            raise RuntimeError(failed.read_text(encoding="utf-8"))
        if not self.model.exists():
            self._write_model(self.model)
        port = _free_port(self._number("port"))
        entry = [str(self._python), str(Path(__file__).with_name("entry.py")), str(self._folder)]
        began = time.monotonic()
        with log.open("ab") as output:
            subprocess.run(
                [*entry, "serve", str(self.model), f"--port={port}", *_OPTIONS, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                cwd=self._folder,
                env={**os.environ, **ENVIRONMENT, "HOME": str(self._folder)},
            )
        server = VllmServer(port, self._number("pid"))
        while not server.answers:
            if not _exists(server.pid) or time.monotonic() > began + _START_S:
                told = f"vLLM did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3_000:]}"
                failed.write_text(told, encoding="utf-8")
                raise RuntimeError(told)
            time.sleep(0.5)
        (self._folder / "port").write_text(str(port), encoding="ascii")
        return server


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("a") as opened:
        fcntl.flock(opened, how)
        yield


def _free_port(wanted: int) -> int:
    """Return a port that is free: the one that is wanted, if it can be had."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", wanted))
        except OSError:
            free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


_OPTIONS: Final = (
    "--enforce-eager",
    "--max-num-seqs=8",
    f"--api-key={API_KEY}",
    "--host=127.0.0.1",
)
ENVIRONMENT: Final = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    # Beside other tests no process may have a core of its own.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    "HF_HUB_OFFLINE": "1",
    # What is shipped to stand in vLLM's process.
    "PYTHONPATH": str(ROOT / "deploy" / "vllm"),
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
