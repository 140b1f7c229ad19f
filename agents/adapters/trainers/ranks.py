"""What runs in each of several processes that train together: `-m agents.adapters.trainers.ranks FOLDER`."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from agents.adapters.trainers.assignment import read_assignment
from agents.adapters.trainers.launch import ASSIGNMENT, ENDED, SOCKET, STAGE
from agents.adapters.trainers.relay import RelayedStage, SilentStage
from agents.adapters.trainers.shrinking import is_out_of_memory
from agents.adapters.trainers.training import train
from agents.errors import UserError


def main(folder: Path) -> int:
    """Take part in the training that the folder describes, and leave there how it ended."""
    _end_with(os.getppid())
    is_first = os.environ.get("RANK", "0") == "0"
    given = json.loads((folder / STAGE).read_text("utf-8"))
    stage = RelayedStage(folder / SOCKET, given) if is_first else SilentStage(given)
    try:
        figures = train(read_assignment(folder / ASSIGNMENT), stage)
    except UserError as cause:
        _leave(folder, {"error": str(cause)})
        return 1
    except Exception as cause:
        if is_out_of_memory(cause):
            _leave(folder, {"out_of_memory": True})
        raise
    if is_first:
        _leave(folder, {"figures": figures})
    return 0


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it.

    The launcher gives each process a session of its own, out of reach of whoever ends the stage with all it started.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _leave(folder: Path, how: dict[str, Any]) -> None:
    """Write how it ended, whole or not at all: several processes may fail at once."""
    whole = folder / f"{ENDED}.{os.getpid()}"
    whole.write_text(json.dumps(how), "utf-8")
    whole.replace(folder / ENDED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
