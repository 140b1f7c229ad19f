"""Models of the Hugging Face Hub: fetched with progress, or refused with what to do."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.adapters.trainers.stage import TrainingStage
from agents.errors import UserError

# No format that can hold code, and no second copy of the weights in another.
_WANTED = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "LICENSE*")
_UNWANTED = ("original/*", "onnx/*", "openvino/*", "*.gguf")
_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_MB = 1e6


def download(name: str, revision: str, stage: TrainingStage) -> Path:
    """Return the folder of a model of the Hub, which is fetched where it is not there yet.

    Raises:
        UserError: It is unknown, asks for a licence to be accepted, cannot be reached, or the disk is too small.
    """
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415  # only the training Python has it

    if not _ID.fullmatch(name):
        raise UserError(f"{name!r} is neither a folder nor an id of the Hugging Face Hub such as Qwen/Qwen3-8B.")
    wanted: dict[str, Any] = {
        "revision": revision or None,
        "allow_patterns": list(_WANTED),
        "ignore_patterns": list(_UNWANTED),
    }
    try:
        if _is_offline():
            return Path(snapshot_download(name, local_files_only=True, **wanted))
        files = snapshot_download(name, dry_run=True, **wanted)
        missing = sum(file.file_size or 0 for file in files if file.will_download)
        if missing:
            _require_room(name, missing)
            stage.log(f"{name} is downloaded: {missing / _MB:,.0f} MB in {len(files)} files")
        with _watched(name, missing, stage):
            return Path(snapshot_download(name, **wanted))
    except OSError as cause:
        # Before it is known what there is, the hub's answer stands behind an error of its own.
        behind = cause.__cause__ if isinstance(cause, errors.DryRunError) else None
        raise UserError(_refusal(behind or cause, name, revision)) from cause


def _refusal(cause: BaseException, name: str, revision: str) -> str:
    """Return why a model was not to be had, and what to do."""
    from huggingface_hub import errors  # noqa: PLC0415  # as above

    if isinstance(cause, errors.GatedRepoError):
        return (
            f"The licence of {name} has to be accepted first: open https://huggingface.co/{name}, accept it, set "
            "HF_TOKEN to a token of that account for the worker, and retry the run."
        )
    if isinstance(cause, errors.RevisionNotFoundError):
        return f"{name} has no revision {revision!r} on the Hugging Face Hub. Correct it."
    if isinstance(cause, errors.RepositoryNotFoundError):
        return (
            f"The Hugging Face Hub shows no model {name} here. Correct base, or set HF_TOKEN for the worker where the "
            "model is private; a folder on this host has to be given with its whole path."
        )
    if isinstance(cause, errors.HfHubHTTPError):
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
        return f"{name} could not be downloaded: {said}. Retry the run."
    why = "HF_HUB_OFFLINE is set" if _is_offline() else "the Hugging Face Hub does not answer"
    return (
        f"{name} is not on this host and cannot be downloaded, since {why}. Download it here once, or give base as the "
        "path of a folder that holds it."
    )


def _is_offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _cache() -> Path:
    from huggingface_hub import constants  # noqa: PLC0415  # as above

    return Path(constants.HF_HUB_CACHE)


def _require_room(name: str, wanted: int) -> None:
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < wanted:
        raise UserError(
            f"{name} takes {wanted / 1e9:,.1f} GB, and {cache} has room for {free / 1e9:,.1f} GB. Make room there, or "
            "set HF_HOME for the worker to a folder on a larger disk."
        )


@contextlib.contextmanager
def _watched(name: str, missing: int, stage: TrainingStage) -> Iterator[None]:
    """Report once a second how much of what was missing has come, by what lies on the disk."""
    folder = _cache() / f"models--{name.replace('/', '--')}"
    before = _size(folder)
    has_ended = threading.Event()

    def watch() -> None:
        while missing and not has_ended.wait(1):
            come = min(missing, max(0, _size(folder) - before))
            stage.progress(come / _MB, missing / _MB, "MB", f"downloading {name}")

    watching = threading.Thread(target=watch, name="download", daemon=True)
    watching.start()
    try:
        yield
    finally:
        has_ended.set()
        watching.join()


def _size(folder: Path) -> int:
    size = 0
    for path in (folder / "blobs").glob("*"):
        # One that was incomplete a moment ago has another name now.
        with contextlib.suppress(FileNotFoundError):
            size += path.stat().st_size
    return size
