"""Migrations and queries as files, and the small loader that hands them out; only agents.store reads them."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

MIGRATIONS = Path(str(files(__name__) / "migrations"))
_NAMED = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def query(name: str) -> str:
    """Return one statement by `file.name`, such as `inbox.unhandled`.

    Raises:
        KeyError: No such file or no such name in it.
    """
    file, _, wanted = name.partition(".")
    return _queries(file)[wanted]


@cache
def script(name: str) -> str:
    """Return a whole script, such as `bootstrap`."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")


@cache
def _queries(file: str) -> dict[str, str]:
    text = (files(__name__) / "queries" / f"{file}.sql").read_text(encoding="utf-8")
    parts = _NAMED.split(text)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
