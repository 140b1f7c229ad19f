"""Artifacts in a directory, or wherever fsspec reaches: S3 and what speaks like it.

A file is there as a whole or not at all: a directory gets it by a rename after everything was written down, an
object store by the request that ends the upload. What was cut off stays unseen: in the folder `incoming` of a
directory, or as an upload that was never ended.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from agents.adapters.artifacts.directory import Directory
from agents.adapters.artifacts.kept import Artifacts
from agents.adapters.artifacts.remote import remote
from agents.errors import UserError

__all__ = ["Artifacts", "open_artifacts"]


def open_artifacts(setting: str | None, data_dir: Path) -> Artifacts:
    """Return the place that CAIRN_ARTIFACTS names, or a folder of this host's where it is not set.

    Raises:
        UserError: It cannot be used; the text says what to install or to write instead.
    """
    if setting is None:
        directory = (data_dir / "artifacts").absolute()
        return Artifacts(directory.as_uri(), Directory(directory), is_shared=False)
    parts = urlsplit(setting)
    if parts.scheme in {"", "file"}:
        directory = Path(setting if not parts.scheme else unquote(parts.path))
        if not directory.is_absolute() or parts.netloc not in {"", "localhost"}:
            raise UserError(
                f"CAIRN_ARTIFACTS={setting!r} cannot be used: name a folder from its root, such as /mnt/cairn, "
                "or a URL such as s3://BUCKET/PREFIX."
            )
        return Artifacts(directory.as_uri(), Directory(directory), is_shared=True)
    return Artifacts(setting.rstrip("/"), remote(setting), is_shared=True)
