"""Two models behind one talker: a small one takes what was said into answers, the large one does all the talking.

The small model is asked first where something is open to be filled. Of what it wants only that is done, and nothing
that it writes is said; where it fills nothing or fails, the large one is asked as if it alone were there. Whether that
loses anything, and whether it saves anything, is for the evals to say.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from agents.conversation.state import of_turn
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.talking import Reply, Situation, Talker, Wanted
from agents.dialogue.chat import ModelFailure
from agents.ports import Speech

FILLS: Final = "record_facts"
"""The one tool that a small model may call."""

LEFT_ALONE_S: Final = 60.0
"""How long a small model is left alone that failed: the large one talks meanwhile, and nobody waits for two."""

_log = logging.getLogger(__name__)


class Tiered:
    """Fills slots by a small model and speaks by a large one.

    Args:
        small: The one that is asked first.
        large: The one that speaks.
        clock: Seconds that only go forward.
    """

    def __init__(self, small: ModelTalker, large: Talker, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = large.name
        self._small = small
        self._large = large
        self._clock = clock
        self._left_alone_until = float("-inf")

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what to record, or else what the large model says and wants done.

        Raises:
            ModelFailure: The large model does not answer, or a budget is used up.
        """
        if _may_fill(situation) and self._clock() >= self._left_alone_until:
            filled = await self._filled(situation)
            if filled:
                return Reply(calls=filled)
        return await self._large.reply(situation, speech)

    async def _filled(self, situation: Situation) -> Sequence[Wanted]:
        try:
            wanted = await self._small.calls(situation)
        except ModelFailure as failure:
            _log.warning("%s: the model that fills slots failed: %s", self.name, failure)
            self._left_alone_until = self._clock() + LEFT_ALONE_S
            return ()
        return [each for each in wanted if each.name == FILLS]


def _may_fill(situation: Situation) -> bool:
    """Return whether nobody has spoken in the turn yet, and there is something to be filled."""
    of_this_turn = of_turn(situation.messages, situation.turn["id"])
    if any(message["role"] == "assistant" for message in of_this_turn):
        return False
    return situation.is_first or situation.state.open_question is not None
