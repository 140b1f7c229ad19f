"""Processes for stages that begin with their libraries imported, which takes 8 s and more of every fresh one.

`forking.py SOCKET`, of the Python that trains: each connection brings three descriptors and a line of JSON, and is
answered with the id of a process that runs the stage on them, in a session of its own. The connection ends with it.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

_LARGEST: Final = 64 * 1024


class ForkedProcess:
    """A process that was forked for a test, as `subprocess.Popen` shows one."""

    def __init__(self, connection: socket.socket, stdin: BinaryIO, stdout: BinaryIO, pid: int) -> None:
        self._connection = connection
        self.stdin = stdin
        self.stdout = stdout
        self.pid = pid

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> None:
        """Wait for its end."""
        while self._connection.recv(1):
            pass
        self._connection.close()


class Forks:
    """The process that forks others; `close` ends it.

    Args:
        python: The Python that trains.
        folder: Of its own.
        environment: Of all that it forks.
    """

    def __init__(self, python: Path, folder: Path, environment: Mapping[str, str]) -> None:
        # A path of a socket is short.
        self._path = folder / "s"
        argv = [str(python), "-m", "tests.integration.training.forking", str(self._path)]
        self._process = subprocess.Popen(argv, env=dict(environment), cwd=folder, stdout=subprocess.DEVNULL)

    def start(self, module: str, folder: Path, output: BinaryIO) -> ForkedProcess:
        """Start a stage in a folder, with what it prints going to `output`."""
        stdin, ours_in = os.pipe()
        ours_out, stdout = os.pipe()
        connection = self._connected()
        asked = json.dumps({"module": module, "folder": str(folder)}).encode()
        socket.send_fds(connection, [asked], [stdin, stdout, output.fileno()])
        os.close(stdin)
        os.close(stdout)
        pid = int(connection.recv(64))
        return ForkedProcess(connection, os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb"), pid)

    def close(self) -> None:
        """Fork no more."""
        self._process.kill()
        self._process.wait()

    def _connected(self) -> socket.socket:
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._path))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                if self._process.poll() is not None:
                    raise RuntimeError("the process that forks others has ended") from None
                time.sleep(0.05)


def main(path: str) -> None:
    """Import what stages import, and fork until this process is killed."""
    import peft  # noqa: PLC0415, F401  # only the Python that trains has these
    import torch  # noqa: PLC0415, F401
    import transformers  # noqa: PLC0415
    import trl  # noqa: PLC0415

    from agents.adapters.trainers import causal, encoder, loop  # noqa: PLC0415, F401
    from agents.engine import child_main  # noqa: PLC0415

    # Of packages that load their parts when they are first asked for them.
    for package, names in ((transformers, ("AutoModelForCausalLM", "AutoTokenizer")), (trl, ("SFTTrainer",))):
        for name in names:
            getattr(package, name)
    gc.freeze()
    # Nobody waits for what is forked.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            asked, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, 3)
            pid = os.fork()
            if pid == 0:
                listening.close()
                _run(json.loads(asked), descriptors, child_main.main)
            for descriptor in descriptors:
                os.close(descriptor)
            connection.sendall(str(pid).encode())
            connection.close()


def _run(asked: Mapping[str, str], descriptors: list[int], stage: Any) -> None:
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(asked["folder"])
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        status = stage(asked["module"])
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1])
