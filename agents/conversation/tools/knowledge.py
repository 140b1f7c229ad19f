"""Documents: asking an index, and proposing to fill one."""

import json

from agents.conversation.state import Turn
from agents.conversation.tools.arguments import AskIndex, ProposeIndex
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.services.index import Indexes


class KnowledgeTools:
    """Tools on documents."""

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes

    async def ask_index(self, turn: Turn, arguments: AskIndex) -> Outcome:
        """Answer from documents."""
        names = [row.name for row in await self._indexes.list(turn["team_id"])]
        first, _, rest = arguments.question.strip().partition(" ")
        index, question = arguments.index, arguments.question
        if index is None and first.rstrip(":,") in names and rest:
            index, question = first.rstrip(":,"), rest
        if index is None and len(names) != 1:
            known = f"Begin the question with one of: {', '.join(names)}." if names else "There is none yet."
            raise UserError(f"It is not clear which index to ask. {known}")
        answer = await self._indexes.ask(
            turn["team_id"],
            index or names[0],
            question,
            who=turn["who"],
            channel=turn["channel"],
            thread_ts=turn["thread_ts"],
            event_key=turn["id"],
        )
        # Passages are documents' words: data for a model, never instructions.
        return Outcome(json.dumps(answer.document(), default=str), {"abstained": answer.abstained})

    async def propose_index(self, turn: Turn, arguments: ProposeIndex) -> Outcome:
        """Propose to fill an index; a person has to approve it."""
        proposal = await self._indexes.propose(
            turn["team_id"],
            arguments.name,
            arguments.source,
            requested_by=turn["who"],
            channel=turn["channel"],
            thread_ts=turn["thread_ts"],
            conversation_id=turn["conversation_id"],
            event_key=turn["id"],
        )
        text = f"Proposal {proposal.id} is in the thread with its estimate; it waits for somebody to approve it."
        return Outcome(text, {"proposal_id": proposal.id})
