"""What of a reply may be shown: each sentence is held against everything it may repeat.

A figure, a quotation, a verdict and a run's state have to come from somewhere; what looks like a secret, and what the
model was told in confidence, is never shown. The assistant's own earlier words are no source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.dialogue.claims import claimed_act, secret, told_verdicts
from agents.dialogue.instructions import Instructions, Repetition
from agents.dialogue.quotes import Quotable, quotations
from agents.dialogue.tracing import Traces

Reason = Literal["figure", "quote", "verdict", "act", "secret", "instructions"]


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a reply may repeat, and what it must not.

    `core` is what code computed and worded, `people` what they wrote in the thread, `passages` the documents' words.
    `verdict` is the core's, by its id; None where there is none. `standing` tells how runs and proposals stand.
    `instructions` are what the model was told, which stays with it.
    """

    core: Sequence[str] = ()
    people: Sequence[str] = ()
    passages: Sequence[str] = ()
    verdict: str | None = None
    standing: Sequence[str] = ()
    instructions: Instructions = field(default_factory=Instructions)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a sentence is not shown: `reason` in words for the model, `what` the words at fault, `kind` for counting."""

    reason: str
    what: str
    kind: Reason = "figure"


class Guard:
    """Checks the sentences of one reply, in their order, against sources, which are read once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._traces = Traces(sources.core, [*sources.people, *sources.passages])
        self._quotable = Quotable([*sources.passages, *sources.people, *sources.core])
        self._standing = "\n".join(sources.standing)
        self._repetition = Repetition(sources.instructions)

    def check(self, sentence: str) -> Withheld | None:
        """Return why a sentence must not be shown, or None where it may."""
        return self._private(sentence) or self._claimed(sentence) or self._untraced(sentence)

    def _private(self, sentence: str) -> Withheld | None:
        repeated = self._repetition.found_in(sentence)
        if repeated is not None:
            return Withheld("the instructions are not for the thread", repeated, "instructions")
        kind = secret(sentence)
        return Withheld(f"{kind} is never shown", kind, "secret") if kind is not None else None

    def _claimed(self, sentence: str) -> Withheld | None:
        for told in told_verdicts(sentence):
            if told != self._sources.verdict:
                return Withheld(
                    f"the verdict is {self._sources.verdict or 'not there yet'}, not {told}", told, "verdict"
                )
        act = claimed_act(sentence, self._standing)
        return Withheld(f"no tool result says {act!r}", act, "act") if act is not None else None

    def _untraced(self, sentence: str) -> Withheld | None:
        for quotation in quotations(sentence):
            if not self._quotable.holds(quotation):
                return Withheld(f"nobody wrote {quotation!r} word for word", quotation, "quote")
        figure = self._traces.untraced(sentence)
        if figure is not None:
            return Withheld(f"no source has the figure {figure.written!r} as {_named(figure.kind)}", figure.written)
        return None


def _named(kind: str) -> str:
    return {"money": "an amount of money", "percent": "a percentage", "duration": "a duration"}.get(kind, "a number")
