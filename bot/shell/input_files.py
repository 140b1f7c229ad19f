"""Files of answers and costs that commands read."""

from pathlib import Path
from typing import Any

import click

from agents.errors import UserError
from agents.yaml_text import MOST_LETTERS, parse_yaml

# Four bytes a letter at most.
_MOST_BYTES = 4 * MOST_LETTERS


def read_document(file: Path) -> dict[str, Any]:
    """Return the mapping that a YAML (or JSON) file holds.

    Raises:
        click.UsageError: The file cannot be read or is no YAML mapping; the text says what is wrong with it.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        document = parse_yaml(content.decode("utf-8-sig"))
    except OSError as cause:
        raise click.UsageError(f"{file} cannot be read: {cause.strerror}.") from cause
    except UnicodeDecodeError as cause:
        raise click.UsageError(f"{file} cannot be read: it is no text in UTF-8, but YAML or JSON is needed.") from cause
    except UserError as cause:
        raise click.UsageError(f"{file} cannot be read: {cause}") from cause
    if document is None:
        raise click.UsageError(f"{file} is empty; it must hold keys with values, such as requests_per_day: 10000.")
    if not isinstance(document, dict):
        raise click.UsageError(
            f"{file} holds {_KINDS.get(type(document), 'a single value')}, but keys with values are needed, "
            "such as requests_per_day: 10000."
        )
    return document


_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "yes or no"}
