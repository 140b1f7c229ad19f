"""Where a training stands, as one file: weights, optimiser, schedule, random state and the curve so far."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

from agents.adapters.trainers.stage import TrainingStage
from agents.errors import UserError

NAME = "checkpoint.tar"
# Pickled, and never read.
_LEFT_OUT = "training_args.bin"


def keep_checkpoint(folder: Path, stage: TrainingStage, checkpoint: dict[str, Any]) -> None:
    """Keep what the trainer wrote into `folder`; return when another attempt can go on from it."""
    packed = stage.scratch / NAME
    try:
        with tarfile.open(packed, "w") as tar:
            for path in sorted(folder.iterdir()):
                if path.name != _LEFT_OUT:
                    tar.add(path, path.name)
        stage.save(checkpoint, {NAME: packed})
    finally:
        packed.unlink(missing_ok=True)


def restore_checkpoint(folder: Path, stage: TrainingStage) -> Path | None:
    """Return the folder that the trainer goes on from, under `folder`; None where it begins anew."""
    step = stage.checkpoint.get("step", 0)
    if not step:
        return None
    restored = folder / f"checkpoint-{step}"
    # One that an earlier try of this attempt has left may be half of one.
    shutil.rmtree(restored, ignore_errors=True)
    restored.mkdir(parents=True)
    packed = stage.fetch(NAME)
    with tarfile.open(packed) as tar:
        tar.extractall(restored, filter="data")
    packed.unlink()
    return restored


def require_free(folder: Path, wanted: float, what: str) -> None:
    """Require free space for the files of a training.

    Raises:
        UserError: There is less.
    """
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise UserError(
            f"{what} takes about {wanted / 1e9:,.1f} GB of disk for checkpoints, and {folder} has room for "
            f"{free / 1e9:,.1f} GB. Make room, or set TMPDIR for the worker to a folder on a larger disk."
        )
