"""A talker that may fail, and one that cannot: a thread goes on by buttons whatever happens to the model.

Who spoke is kept with each message, so the notices of a thread come once when its model is lost and once when it is
back, in whatever process its turns are taken.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from agents.conversation.state import Message, of_turn
from agents.conversation.talking import Reply, Situation, Talker
from agents.dialogue.chat import FailureKind, ModelFailure
from agents.dialogue.speech import Suggestion
from agents.ports import Speech
from agents.telemetry import Telemetry

HOLD_OFF_S: Final = 20.0
"""How long a model is left alone that has too much to do or cannot be reached, unless it names a time itself."""

_HOLDS_OFF: Final = frozenset({"rate_limited", "overloaded", "timeout", "unreachable"})
_GO_ON: Final = "so I go on by buttons"
# {0} is the talker's name.
_NOTICES: Final[Mapping[FailureKind, str]] = {
    "rate_limited": "{0} takes no more requests just now, " + _GO_ON + ".",
    "overloaded": "{0} has too much to do just now, " + _GO_ON + ".",
    "timeout": "{0} took too long to answer, " + _GO_ON + ".",
    "unreachable": "{0} cannot be reached just now, " + _GO_ON + ".",
    "cut": "{0} broke off, " + _GO_ON + ".",
    "refused": "{0} declined to answer that, " + _GO_ON + ".",
}
_BACK: Final = "{0} answers again."
NAMES: Final[Mapping[str, str]] = {"claude": "Claude", "vllm": "The model"}

_log = logging.getLogger(__name__)


class Failover:
    """Speaks by the primary talker, and by the fallback where that one fails or is not needed.

    Args:
        primary: The one with a model.
        fallback: The one without.
        clock: Seconds that only go forward.
        telemetry: Told of turns in which the fallback speaks for the primary.
    """

    def __init__(
        self,
        primary: Talker,
        fallback: Talker,
        *,
        clock: Callable[[], float] = time.monotonic,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.name = primary.name
        self._primary = primary
        self._fallback = fallback
        self._clock = clock
        self._telemetry = telemetry or Telemetry()
        self._shown_name = NAMES.get(primary.name, primary.name.capitalize())
        # Who is said to have spoken: in the place of the model, and the model where its return is not told yet.
        self._in_place = f"{fallback.name}, in place of {primary.name}"
        self._returning = f"{primary.name}, after {fallback.name}"
        self._held_until = 0.0
        self._held: ModelFailure | None = None

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what is said and wanted next; never a failure of the model."""
        if not situation.turn.get("needs_model", not situation.turn["calls"]):
            return replace(await self._fallback.reply(situation, speech), by=self._fallback.name)
        of_this_turn = of_turn(situation.messages, situation.turn["id"])
        if self._in_place in _speakers(of_this_turn):
            return replace(await self._without(situation, speech), by=self._in_place)
        before = self._spoke_last(situation.messages)
        if self._held is not None and self._clock() < self._held_until:
            return await self._instead(situation, speech, self._held, "", was_lost=before == self._in_place)
        heard = _Heard(speech, _BACK.format(self._shown_name) if before in (self._in_place, self._returning) else "")
        try:
            reply = await self._primary.reply(situation, heard)
        except ModelFailure as failure:
            self._note(failure)
            return await self._instead(situation, speech, failure, heard.text, was_lost=before == self._in_place)
        self._held = None
        if not reply.text and heard.notice:
            # Said as soon as there is something to say.
            return replace(reply, by=self._returning)
        return replace(reply, text=heard.opening + reply.text) if heard.opening else reply

    async def _instead(
        self, situation: Situation, speech: Speech, failure: ModelFailure, said: str, *, was_lost: bool
    ) -> Reply:
        """Return the fallback's reply behind what the model had said, with a notice where the thread has none yet."""
        if self._fallback.name not in _speakers(of_turn(situation.messages, situation.turn["id"])):
            # A refusal can come at several steps of a turn.
            self._telemetry.degraded(failure.kind)
        reply = await self._without(situation, speech)
        notice = "" if was_lost else self._notice(failure)
        behind = "\n".join(part for part in (notice, reply.text) if part)
        gap = "\n\n" if said.strip() and behind else ""
        if said.strip():
            await speech.write(gap + behind)
        # A refusal says nothing of the next message, so that nothing is to be told of a return.
        by = self._fallback.name if failure.kind == "refused" else self._in_place
        return replace(reply, text=(said.rstrip() + gap + behind if said.strip() else behind), by=by)

    async def _without(self, situation: Situation, speech: Speech) -> Reply:
        """Return the fallback's reply; what was an error to the model is nothing to show a person."""
        if not situation.results:
            return await self._fallback.reply(situation, speech)
        in_words = [result for result in situation.results if "error" not in result]
        return await self._fallback.reply(replace(situation, results=in_words), speech) if in_words else Reply()

    def _spoke_last(self, messages: Sequence[Message]) -> str | None:
        known = {self._primary.name, self._in_place, self._returning}
        return next((by for by in reversed(_speakers(messages)) if by in known), None)

    def _note(self, failure: ModelFailure) -> None:
        _log.warning("%s failed: %s (category %s)", self.name, failure, failure.category)
        if failure.kind in _HOLDS_OFF:
            self._held = failure
            self._held_until = self._clock() + (failure.retry_after_s or HOLD_OFF_S)

    def _notice(self, failure: ModelFailure) -> str:
        if failure.kind in _NOTICES:
            return _NOTICES[failure.kind].format(self._shown_name)
        detail = failure.detail[:1].upper() + failure.detail[1:].rstrip(". ")
        return f"{detail}, {_GO_ON}." if failure.kind == "budget" else f"{self._shown_name}: {detail}, {_GO_ON}."


class _Heard:
    """A speech that remembers what was written, and begins with a notice where there is one."""

    def __init__(self, speech: Speech, notice: str) -> None:
        self.notice = notice
        self.opening = ""
        self.text = ""
        self._speech = speech

    async def write(self, text: str) -> None:
        """Pass a piece on."""
        if self.notice:
            self.opening, self.notice = f"{self.notice}\n\n", ""
            text = self.opening + text
        self.text += text
        await self._speech.write(text)

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Pass the end on."""
        await self._speech.finish(text, suggestions)


def _speakers(messages: Sequence[Message]) -> list[str]:
    return [message["by"] for message in messages if message["role"] == "assistant" and "by" in message]
