"""A question that is with a colleague: the line that says so, and the card by which they are asked."""

from agents.services.decision_state import Delegated, Question
from bot.blocks.elements import actions, button, context, escaped, message, person
from bot.blocks.message import Message
from bot.blocks.words import instant

ASK_COLLEAGUE, REMIND, TAKE_BACK = "ask_colleague", "remind_colleague", "take_back_question"


def delegate_action(conversation_id: str, question_id: str) -> str:
    """Return the id of the list of people under a question; such a list carries no value of its own."""
    return f"{ASK_COLLEAGUE}:{conversation_id}:{question_id}"


def delegated_question(action_id: str) -> tuple[str, str]:
    """Return the conversation and the question that the id of a list of people names."""
    _, conversation_id, question_id = action_id.split(":")
    return conversation_id, question_id


def with_colleague_message(question: Question, delegated: Delegated) -> Message:
    """Return the quiet line in the place of a question that a colleague was asked, with when and by whom."""
    identity = {"delegation_id": delegated.delegation_id}
    reminded = f" · reminded {instant(delegated.reminded_at)}" if delegated.reminded_at is not None else ""
    line = (
        f"\u21aa {escaped(question.text)}\n{person(delegated.asked_by)} asked {person(delegated.asked_of)} "
        f"{instant(delegated.asked_at)}{reminded}"
    )
    buttons = (button("Remind", REMIND, identity), button("Take it back", TAKE_BACK, identity))
    return message(f"{question.text} {delegated.asked_of} is asked.", [context(line), actions(*buttons)])
