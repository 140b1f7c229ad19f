"""Artifacts as values: the files that a stage leaves for its later attempts, later stages and people."""

import re
from dataclasses import dataclass
from datetime import datetime

from agents.errors import UserError

# Names are shown and typed, and are never used as a path.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*(?:/[A-Za-z0-9][A-Za-z0-9._+-]*)*")
_LONGEST_NAME = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArtifactMissingError(UserError):
    """The file is not where it was kept."""


class ArtifactDamagedError(UserError):
    """The bytes that came back are not those that were saved."""


class ArtifactPlaceError(UserError):
    """The place where artifacts are kept does not answer, or refuses."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of a file that a stage saved; what was saved never changes.

    Attributes:
        name: Its own within the run; the same name again is a newer version.
        version: From 1.
        seq: The stage that saved it.
        attempt: In which of its attempts.
        place: Where artifacts are kept, as a URL.
        key: Under which key there.
        size: In bytes.
        sha256: Of the content, in hexadecimal.
        host: The one worker that reaches the place; None where all do.
        created_at: When it was saved.
    """

    name: str
    version: int
    seq: int
    attempt: int
    place: str
    key: str
    size: int
    sha256: str
    host: str | None
    created_at: datetime

    @property
    def url(self) -> str:
        """Where the file lies, for people."""
        return f"{self.place}/{self.key}"


def artifact_key(team_id: str, sha256: str) -> str:
    """Return where content is kept: by what it is, so that nothing is ever overwritten by something else.

    Raises:
        ValueError: `sha256` is not one.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256 in hexadecimal")
    return f"{team_id}/{sha256[:2]}/{sha256}"


def checked_name(name: str) -> str:
    """Return the name of an artifact.

    Raises:
        ValueError: It is not one: letters, digits, `.`, `_`, `+`, `-` and, between parts, `/`.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name an artifact")
    return name
