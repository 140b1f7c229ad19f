"""The process of a child stage: `python -m agents.engine.child_main MODULE`, started under guard.py by a worker.

It speaks with the worker over what were its standard input and output. Those are put aside before any other code
runs: what the stage's libraries print becomes lines of its log, and cannot be taken for a message.
"""

import importlib
import io
import os
import signal
import sys
import threading
import traceback

from agents.engine.child_stage import Channel, ChildStage, HandedOver
from agents.errors import UserError


def main(module: str) -> int:
    """Run the stage of the module and return the exit status."""
    channel = _channel()
    given = channel.hear()
    stage = ChildStage(channel, given)
    signal.signal(signal.SIGTERM, lambda *_: stage.stop())
    channel.say("ready")
    threading.Thread(target=_beat, args=(channel, given["beat_s"]), name="beats", daemon=True).start()
    try:
        result = importlib.import_module(module).run(stage)
        channel.say("result", result=dict(result))
    except HandedOver as left:
        channel.say("handed_over", reason=left.reason)
    except UserError as cause:
        channel.say("error", text=str(cause))
    except MemoryError:
        # What the code held is let go of by now, so that there is room to say it.
        channel.say("out_of_memory")
    except BaseException:  # noqa: BLE001  # whatever the stage's code raises is told to the worker, which logs it
        channel.say("fault", text=traceback.format_exc())
    return 0


def _channel() -> Channel:
    """Return the channel to the worker, and give standard input, output and error to the stage."""
    # Copies are not inherited by what the stage starts.
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # A line printed is a line to see, even where the process is killed right after it.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return channel


def _beat(channel: Channel, every_s: float) -> None:
    """Say now and then that this process is alive, and end it with all it started where nobody hears that."""
    waiting = threading.Event()
    while not waiting.wait(every_s):
        try:
            channel.say("beat")
        except OSError:
            # The worker and the guard are both gone, or the guard is frozen.
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
