"""Taking answers, from code and from a model."""

from agents.conversation.state import Turn
from agents.conversation.tools.arguments import RecordAnswers
from agents.conversation.tools.outcome import Outcome
from agents.services.decisions import Decisions, Recorded


class AnswerTools:
    """Tools that take answers."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def record_answers(self, turn: Turn, arguments: RecordAnswers) -> Outcome:
        """Take what code read from a press or a text."""
        recorded = await self._decisions.record(
            turn["team_id"],
            turn["conversation_id"],
            answers=arguments.answers,
            who=turn["who"],
            source=turn["source"],
            question_id=arguments.question_id,
            show_answers=arguments.show,
        )
        text = f"Recorded: {', '.join(recorded.slots) or 'nothing new'}. Open question: {recorded.open_slot or 'none'}."
        return Outcome(" ".join([text, *recorded.replaced]), recorded_data(recorded))


def recorded_data(recorded: Recorded) -> dict[str, object]:
    """Return what code needs to know of answers that were taken."""
    return {
        "slots": list(recorded.slots),
        "unasked": list(recorded.unasked),
        "replaced": list(recorded.replaced),
        "open_slot": recorded.open_slot,
        "is_finished": recorded.is_finished,
    }
