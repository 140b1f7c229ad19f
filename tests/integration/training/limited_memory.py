"""The stage that trains, in a process that gets no more memory than this once its libraries are loaded."""

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from agents.adapters.trainers import causal, child, loop  # noqa: F401  # loaded before the limit is set
from agents.engine.child_stage import ChildStage

ROOM_BYTES = 750 << 20


def run(stage: ChildStage) -> Mapping[str, Any]:
    """Train within what the process has by now and a little more."""
    # Threads reserve memory of their own as they start.
    torch.ones(512, 512) @ torch.ones(512, 512)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM_BYTES, used + ROOM_BYTES))
    return child.run(stage)
