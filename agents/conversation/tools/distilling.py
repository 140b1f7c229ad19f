"""Distillation: proposing to make a student."""

import re
from typing import Final

from agents.conversation.tools.arguments import ProposeDistill
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.services.decisions import Decisions
from agents.services.distillations import Distillations

# A registered name has no slash, no colon and no dot.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TRAINING: Final = frozenset({"distill", "fine_tune"})


class DistillingTools:
    """Tools that lead to a model of one's own."""

    def __init__(self, distillations: Distillations, decisions: Decisions) -> None:
        self._distillations = distillations
        self._decisions = decisions

    async def propose_distill(self, calling: Calling, arguments: ProposeDistill) -> Outcome:
        """Propose a distillation run; a person has to approve it."""
        if not _NAME.fullmatch(arguments.source):
            raise UserError(
                "Only the name of a registered source is taken, never a path or an address. Whoever runs Cairn "
                "registers folders."
            )
        await self._require_advised(calling)
        turn = calling.turn
        proposal = await self._distillations.propose_from(
            calling.team_id,
            arguments.source,
            requested_by=turn["who"],
            channel=turn["channel"],
            thread_ts=turn["thread_ts"],
            conversation_id=calling.conversation_id,
            event_key=calling.key,
        )
        text = f"Proposal {proposal.id} is in the thread with its estimate; it waits for somebody to approve it."
        return Outcome(text, {"proposal_id": proposal.id})

    async def _require_advised(self, calling: Calling) -> None:
        """Let nothing be trained that the verdict of the thread does not advise.

        Raises:
            UserError: There is no such verdict; the text says what it is and what is in the way.
        """
        verdict = (await self._decisions.state(calling.team_id, calling.conversation_id)).verdict
        if verdict is None:
            raise UserError("There is no verdict yet, and nothing is trained without one. Answer the open question.")
        if verdict.approach not in _TRAINING:
            gates = " ".join(f"{each.text} Lifted by: {each.lifted_by}" for each in verdict.blockers)
            raise UserError(
                f"The verdict is {verdict.label}, so no training is proposed.{f' In the way: {gates}' if gates else ''}"
            )
