"""Where the rows of a data set come from: a file, a query of a database, or a file that was kept for a run."""

import posixpath
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

MOST_QUERY_ROWS: Final = 1_000_000
DATABASE_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"

_FILE, _QUERY, _KEPT = "a path", "a query", "a kept file"
TAGS: Final = frozenset({_FILE, _QUERY, _KEPT})
"""What pydantic puts between the keys of a fault's place and that is no key of a file."""

Column = Annotated[str, Field(min_length=1, max_length=200)]
Place = Annotated[str, Field(min_length=1, max_length=1_000)]


class _Origin(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(_Origin):
    """Rows of a Postgres database that whoever runs Cairn registered; read once, as the run is proposed."""

    database: Annotated[
        str, Field(pattern=DATABASE_NAME, description="its name, as `cairn sources add-database` took it; no address")
    ]
    query: Annotated[str, Field(min_length=7, max_length=8_000, description="one SELECT; it can change nothing")]
    input: Annotated[Column, Field(description="the column that holds the input")] = "input"
    output: Annotated[Column, Field(description="the column that holds the output, where rows are labelled")] = "output"
    id: Annotated[Column | None, Field(description="the column that tells rows apart; their number if absent")] = None
    rows: Annotated[
        int, Field(strict=True, ge=1, le=MOST_QUERY_ROWS, description="more than these are refused, not cut off")
    ] = 100_000


class KeptFile(_Origin):
    """A file that was dropped in a thread, known by what it holds."""

    file: Annotated[str, Field(min_length=1, max_length=255, description="what it was called")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _kind(origin: Any) -> str:
    if isinstance(origin, KeptFile) or (isinstance(origin, Mapping) and "sha256" in origin):
        return _KEPT
    return _QUERY if isinstance(origin, Query | Mapping) else _FILE


Origin = Annotated[
    Annotated[Place, Tag(_FILE)] | Annotated[Query, Tag(_QUERY)] | Annotated[KeptFile, Tag(_KEPT)],
    Discriminator(_kind),
]


def origin_words(origin: str | Query | KeptFile) -> str:
    """Return what people call it: a path, the name of a file, or whose query it is."""
    if isinstance(origin, Query):
        return f"the query of {origin.database}"
    return origin.file if isinstance(origin, KeptFile) else origin


def folder_of(path: str, folders: Iterable[str]) -> str | None:
    """Return which of these folders a path lies in by its name; None where it is none."""
    plain = posixpath.normpath(path)
    return next((folder for folder in folders if plain.startswith(f"{folder.rstrip('/')}/")), None)
