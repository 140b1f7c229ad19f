"""Run a command in a session of its own, and kill all of it when whoever watches it goes away or falls silent.

This file is started as a script, by path and with the standard library alone, so that it costs little. It shares a
control socket with its watcher, tells it the command's process id, and reads a line now and then: for how many more
seconds the command may run, or `stop`, which asks the command by SIGTERM to come to an end. End of file (the watcher
died) or a time that ran out (the watcher is frozen, or lost its lease) kills the command's whole process group.

Exit status: the command's own, 128 + N where signal N ended it, `TIMED_OUT` or `ABANDONED`.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time

TIMED_OUT = 124
ABANDONED = 125
STOP = b"stop"
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command after `--` under the options before it, and return the exit status."""
    split = arguments.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int, required=True, help="file descriptor of the control socket")
    parser.add_argument("--allowance", type=float, required=True, help="seconds until the first line must be there")
    parser.add_argument("--timeout", type=float, default=0, help="seconds the command may take in all; 0 for any")
    parser.add_argument("--memory", type=int, default=0, help="bytes of address space for each process; 0 for any")
    parser.add_argument("--scratch", help="folder of the command's own, removed when it has ended")
    options = parser.parse_args(arguments[:split])
    started = time.monotonic()
    woken = _wake_on_child()
    own_pid = os.getpid()
    child = subprocess.Popen(
        arguments[split + 1 :],
        start_new_session=True,
        # Safe here: this process has one thread.
        preexec_fn=lambda: _limit(options.memory, own_pid),  # noqa: PLW1509
    )
    with contextlib.suppress(OSError):
        # Where this process is killed, its watcher still ends the command's group.
        os.write(options.control, b"%d\n" % child.pid)
    # The pipes belong to the command now: with copies here, its watcher would not see it close them.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    end = started + options.timeout if options.timeout else float("inf")
    status = _watch(child, options.control, woken, started + options.allowance, end)
    _kill_group(child.pid)
    code = child.wait()
    if options.scratch:
        _remove(options.scratch)
    return status or (code if code >= 0 else 128 - code)


def _wake_on_child() -> int:
    """Return a descriptor that becomes readable when the command ends."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    os.set_blocking(readable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return readable


def _limit(memory: int, guard_pid: int) -> None:
    """Limit the process that is about to become the command."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        # macOS knows the limit and refuses to set it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if sys.platform == "linux":
        # A guard that is itself killed takes the command along.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard_pid:
            os._exit(ABANDONED)


def _watch(child: "subprocess.Popen[bytes]", control: int, woken: int, allowed_until: float, end: float) -> int:
    """Wait until the command ends (0), takes too long, or is abandoned."""
    pending = b""
    while child.poll() is None:
        now = time.monotonic()
        if now >= end:
            return TIMED_OUT
        if now >= allowed_until:
            return ABANDONED
        ready, _, _ = select.select([control, woken], [], [], min(end, allowed_until) - now)
        if woken in ready:
            os.read(woken, 4096)
        if control in ready:
            received = _read(control)
            if not received:
                return ABANDONED
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                if line == STOP:
                    # To the command alone: helpers of its own, such as those that load data, would die of it, and
                    # the command with them before it has saved anything.
                    child.terminate()
                else:
                    allowed_until = time.monotonic() + float(line)
    return 0


def _read(control: int) -> bytes:
    try:
        return os.read(control, 4096)
    except ConnectionResetError:
        # The watcher died before it had read the process id.
        return b""


def _kill_group(group: int) -> None:
    """End the command's whole group, also what it left behind."""
    # macOS answers EPERM for a group of which only zombies are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _remove(folder: str) -> None:
    # Imported when there is something to remove: most commands have no folder, and each start counts.
    import shutil  # noqa: PLC0415  # see above

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
