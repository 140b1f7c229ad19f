"""What people ask of an assistant, with the intents that are meant: a task for students (snips-nlu)."""

import gzip
import json
import random
from typing import Final

from tests.shared_data import shared

INTENTS: Final = (
    "AddToPlaylist",
    "BookRestaurant",
    "GetWeather",
    "PlayMusic",
    "RateBook",
    "SearchCreativeWork",
    "SearchScreeningEvent",
)
TASK: Final = {
    "kind": "extraction",
    "instructions": "Say what is wished for.",
    "record": {
        "type": "object",
        "properties": {"intent": {"type": "string", "enum": list(INTENTS)}},
        "required": ["intent"],
        "additionalProperties": False,
    },
}


def wishes(name: str, count: int) -> list[tuple[str, str]]:
    """Return texts that differ with their intents, drawn by chance."""
    with gzip.open(shared(f"data/snips-nlu/{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = {"".join(part["text"] for part in row["data"]).strip(): row["intent"] for row in rows}
    return random.Random(0).sample(sorted(found.items()), count)  # noqa: S311  # a sample, no secret
