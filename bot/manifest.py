"""The app's manifest: what a workspace admin pastes into Slack, and what the local Slack is started with."""

import json
from importlib.resources import files
from typing import Any


def load_manifest() -> dict[str, Any]:
    """Return the manifest of the Slack app."""
    text = (files("bot") / "manifest.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
