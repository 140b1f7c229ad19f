"""Where tests find the data sets that live beside the checkout, or why they cannot run without them."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def shared(relative: str) -> Path:
    """Return a path of the data folder beside the checkout; skip the test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"needs {relative} from the data folder beside the checkout, which is not on this machine")
    return path
