"""Tables read as rows: CSV files, and what a query of a database returns."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from agents.distillation.examples import LONGEST_TEXT
from agents.distillation.origins import Query
from agents.errors import UserError, quoted

_COLUMNS: Final = ("id", "input", "output")
# As spreadsheets write them, whatever the language they speak.
_SEPARATORS: Final = ",;\t"


def is_csv(name: str) -> bool:
    """Return whether a file is read as a table by its name."""
    return name.lower().endswith(".csv")


def csv_lines(text: str, name: str) -> list[str]:
    """Return a CSV file as JSON Lines, each row in the line where it begins in the file, so that errors name that.

    The first row names the columns: input, output and id, whatever stands beside them; empty ids are none.

    Raises:
        UserError: There is no such column, or the file is no CSV; the text says where.
    """
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[str] = []
    places: dict[str, int] | None = None
    try:
        while (row := next(reader, None)) is not None:
            if places is None:
                places = _places(row, name)
            elif any(cell.strip() for cell in row):
                lines.append(json.dumps(_document(row, places, name, reader.line_num), ensure_ascii=False))
            # A cell may hold line ends: the next row begins below all of them.
            lines += [""] * (reader.line_num - len(lines)) if places else []
    except csv.Error as cause:
        raise UserError(
            f"{name}, line {reader.line_num} is no CSV: {cause}. Cells with quotes, separators or line ends stand in "
            f"quotes, and have {LONGEST_TEXT:,} characters at most."
        ) from cause
    return lines


def query_line(row: Mapping[str, Any], query: Query, number: int) -> str:
    """Return a row of a query as a line of JSON.

    Args:
        row: By column.
        query: Which column is what.
        number: Which row it is, from 1, for its id where no column has it.

    Raises:
        UserError: There is no such column; the text names those there are.
    """
    document: dict[str, Any] = {"id": f"row-{number}"}
    wanted = {"id": query.id, "input": query.input, "output": query.output}
    for name, column in wanted.items():
        if column is None or (name == "output" and column not in row):
            continue
        if column not in row:
            known = ", ".join(map(repr, row)) or "none"
            raise UserError(
                f"The query of {query.database} returns no column {column!r} for {name}. It returns: {known}. Name one "
                f"of these as {name}, or rename it in the query: … AS {column}."
            )
        if row[column] is not None:
            document[name] = _plain(row[column])
    return json.dumps(document, ensure_ascii=False)


def _places(header: Sequence[str], name: str) -> dict[str, int]:
    found = {cell.strip().lower(): at for at, cell in reversed(list(enumerate(header)))}
    if "input" not in found:
        known = ", ".join(quoted(cell.strip()) for cell in header) or "none"
        raise UserError(
            f"{name}, line 1 has the columns {known}, and none is called input. Name them input, output and, if you "
            "like, id."
        )
    return {column: found[column] for column in _COLUMNS if column in found}


def _document(row: Sequence[str], places: Mapping[str, int], name: str, line: int) -> dict[str, str]:
    if len(row) <= max(places.values()):
        raise UserError(
            f"{name}, line {line} has {len(row)} cells, and the first line names more: {quoted(','.join(row))}. "
            "Put in what is missing, or quote what holds a line end."
        )
    given = {column: row[at] for column, at in places.items()}
    return {column: cell for column, cell in given.items() if cell.strip() or column == "input"}


def _plain(value: Any) -> Any:
    """Return a value of Postgres as JSON: records stay, everything else is its text."""
    if isinstance(value, dict | list):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
