"""Which examples a student learns from, and which watch its training."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from agents.distillation.examples import Example
from agents.distillation.similarity import folded, groups

_SCALE: Final = 16**16


@dataclass(frozen=True, slots=True)
class Split:
    """Examples to learn from and examples to watch training by, in the order they came."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]


def split(examples: Sequence[Example], validation_share: float, *, seed: int = 0, near: float = 0.7) -> Split:
    """Return examples in two parts that share nothing that is nearly the same.

    An input goes where its own hash says, so that it stays there as data grows. Those that are nearly the same go
    together, where the hash of one of them says, itself chosen by hash: so the share is met on average whatever their
    number. Where one part would be empty the nearest group goes there, if there are two.

    Args:
        examples: With ids of their own.
        validation_share: Above 0 and below 1.
        seed: Another one parts them otherwise.
        near: Likeness from which two inputs stay together; lower than what is dropped as nearly the same.
    """
    if not 0 < validation_share < 1:
        raise ValueError(f"a share to validate on lies between 0 and 1, not at {validation_share}")
    inputs = {each.id: each.input for each in examples}
    together = groups(list(inputs.items()), near)

    def place(names: list[str]) -> float:
        return _place(
            min((inputs[name] for name in names), key=lambda text: _place(text, f"{seed}, spokesman")), str(seed)
        )

    together.sort(key=place)
    watching = sum(place(names) < validation_share for names in together)
    if len(together) > 1:
        watching = min(max(watching, 1), len(together) - 1)
    held_out = {name for names in together[:watching] for name in names}
    return Split(
        tuple(each for each in examples if each.id not in held_out),
        tuple(each for each in examples if each.id in held_out),
    )


def _place(text: str, purpose: str) -> float:
    """Return where a text lies between 0 and 1: by chance, but always there for one purpose."""
    return int(sha256(f"{purpose}: {folded(text)}".encode()).hexdigest()[:16], 16) / _SCALE
