"""What students, aliases and models may be called."""

import re
from typing import Final

NAME: Final = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
"""Of a student or an alias: it stands in addresses, folders and the names that a server lists."""

MODEL_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")
"""Of a model of others, as APIs and the Hugging Face Hub have them."""


def versioned(name: str, version: int) -> str:
    """Return what a server lists one version of a student as: "tickets@v3"."""
    return f"{name}@v{version}"
