"""One rule of thumb of the guide beside the figure computed here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuideLine:
    """What the guide says, what was computed, and the reason for the difference."""

    topic: str
    guide: str
    computed: str
    reason: str
