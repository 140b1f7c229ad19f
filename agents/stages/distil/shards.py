"""The shards of a run's requests, as its checkpoint holds them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from agents.dialogue.chat import Usage
from agents.distillation.answers import added
from agents.distillation.teaching import TeacherAnswer

Phase = Literal["inputs", "outputs", "golden"]
"""First the inputs that the teacher writes, where it does, then the outputs for all inputs; or golden ones alone."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Requests that are handed in together.

    Attributes:
        key: Of its effect, and so the same in every attempt.
        round: From 1; what a round leaves open is asked again in the next.
        size: Its requests, which are the next so many of those that the round is for.
        file: The artifact with its answers, once it is done.
        batch: Its batch, once it is handed in.
        states: How many requests came to which end, once it is done.
        has_failed: Its batch did nothing as a whole, so its requests are as if they had never been asked.
    """

    key: str
    phase: Phase
    round: int
    size: int
    file: str
    batch: str | None = None
    states: Mapping[str, int] | None = None
    has_failed: bool = False
    usage: Usage = Usage()  # noqa: RUF009  # a frozen value
    usd: Decimal = Decimal(0)  # as above

    @property
    def is_done(self) -> bool:
        """Whether its answers are kept."""
        return self.states is not None

    def done(self, answers: Sequence[TeacherAnswer], usd: Decimal) -> "Shard":
        """Return it with what came of it."""
        states = Counter[str](each.state for each in answers)
        return replace(self, states=dict(states), usage=added(each.usage for each in answers), usd=usd)

    def as_json(self) -> dict[str, Any]:
        """Return it for a checkpoint."""
        return {**asdict(self), "usd": str(self.usd)}


def shard_of(document: Mapping[str, Any]) -> Shard:
    """Return a shard of a checkpoint."""
    return Shard(**{**document, "usage": Usage(**document["usage"]), "usd": Decimal(document["usd"])})


def cut(sizes_bytes: Sequence[int], *, most: int, most_bytes: int) -> list[int]:
    """Return how many requests each shard takes, in their order; one that is too large by itself is alone."""
    shards: list[int] = []
    number, held = 0, 0
    for each in sizes_bytes:
        if number and (number == most or held + each > most_bytes):
            shards.append(number)
            number, held = 0, 0
        number, held = number + 1, held + each
    return [*shards, number] if number else shards


def round_shards(phase: Phase, round_: int, sizes: Sequence[int], first_file: int) -> list[Shard]:
    """Return the shards of a new round; files are numbered through all rounds."""
    # Of another stage than the others, whose files have the same numbers.
    kind = "golden-answers" if phase == "golden" else "answers"
    return [
        Shard(f"{phase}-{round_}-{number:03d}", phase, round_, size, f"{kind}-{first_file + number:03d}.jsonl")
        for number, size in enumerate(sizes)
    ]
