"""The talker without a model: fixed words, buttons, and the same tool calls that a model would make.

It also speaks where a model cannot be reached, so a thread goes on by buttons whatever happens.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agents.conversation.commands import command
from agents.conversation.reading import read
from agents.conversation.talking import Reply, Situation, Wanted
from agents.decision.interview import describe, read_reply
from agents.decision.questions import QUESTIONS
from agents.dialogue.speech import Suggestion
from agents.errors import UserError
from agents.ports import Speech
from agents.services.decision_state import DecisionState, Question
from agents.services.decision_view import mention

GREETING: Final = (
    "Hello {who}. Tell me about a task and I work out, by rules you can read, whether prompting, retrieval, "
    "fine-tuning or distillation fits it, and what each would cost."
)
HELP: Final = (
    "You can write “why?”, “change an answer”, “costs”, “verdict” or “export”; “index documents” and “ask …” work on "
    "your own documents."
)
HOW_TO_INDEX: Final = (
    "Press Index documents on the verdict card or use `/cairn index`; or write “index NAME from SOURCE”."
)
ASK_BY_MENTION: Final = (
    "I cannot tell who that is from a name. Write “ask @” and pick the person from Slack's list, or use the list under "
    "the question."
)
# A longer text is talk, not an answer to a question for one figure.
MAX_WORDS_OF_AN_ANSWER: Final = 8

_ASKS_A_NAME: Final = re.compile(r"ask\s+@[\w.'-]+", re.IGNORECASE)
_HELP: Final = re.compile(r"help|what can you do|commands|who are you", re.IGNORECASE)
_SMALL_TALK: Final = re.compile(
    r"(?:ok(?:ay)?|thanks?|thank you|thx|great|nice|cool|hi|hello|hey)(?: .{0,20})?", re.IGNORECASE
)


class Guided:
    """Answers by rules alone; the same situation always gets the same reply."""

    name = "guided"

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what to say and do next, at once and as a whole."""
        del speech
        if situation.results:
            return Reply("\n".join(_after(situation)), suggestions=_suggestions(situation))
        text = situation.turn["text"]
        return _opening(situation, text) if situation.is_first else _in_the_middle(situation, text)


def _opening(situation: Situation, text: str) -> Reply:
    greeting = GREETING.format(who=mention(situation.turn["who"]))
    found = read(text)
    if not found:
        return Reply(greeting, [Wanted("ask_user")])
    taken = f"From what you wrote I took {_listed(found)}. Look it over below; everything can be changed."
    return Reply(f"{greeting}\n{taken}", [Wanted("record_facts", {"answers": found, "show": True})])


def _in_the_middle(situation: Situation, text: str) -> Reply:
    state = situation.state
    plain = text.strip().rstrip("?!. ")
    asked = _asked_of(situation)
    # "Cost" is an answer while the problem is asked for, and the comparison otherwise.
    wanted = None if any(_is_option(each, plain) for each in asked) else command(text)
    if _ASKS_A_NAME.fullmatch(plain):
        return Reply(ASK_BY_MENTION)
    if wanted is not None:
        return Reply(calls=[wanted])
    if re.match(r"index\b", text, re.IGNORECASE):
        return Reply(HOW_TO_INDEX)
    if _HELP.fullmatch(plain):
        return Reply(_with_open_question(HELP, state))
    return _answer(state, asked, text)


def _asked_of(situation: Situation) -> Sequence[Question]:
    """Return what the person may be answering: first what they were asked by name, then what is asked of everybody."""
    state = situation.state
    own = [each for each in state.delegated if each.delegated and each.delegated.asked_of == situation.turn["who"]]
    return [*own, *((state.open_question,) if state.open_question else ())]


def _is_option(asked: Question, text: str) -> bool:
    """Return whether a text is one of a question's buttons."""
    return any(text.lower() in (option.value.lower(), option.label.lower()) for option in asked.options)


def _answer(state: DecisionState, asked: Sequence[Question], text: str) -> Reply:
    """Return what to do with a text that should answer a question, or tell something by itself."""
    held = {answer.slot: answer for answer in state.answers}
    found = read(text)
    told = {slot: value for slot, value in found.items() if slot not in held}
    met = next((question for question in asked if question.slot in told), None)
    remark, problem = "", ""
    if met is None and len(text.split()) <= MAX_WORDS_OF_AN_ANSWER:
        for question in asked:
            try:
                reply = read_reply(question.slot, text)
            except UserError as error:
                problem = problem or str(error)
            else:
                met, remark = question, reply.remark
                told.update(reply.values)
                break
    if not asked and not found:
        told = _answer_to_optional(state, text)
    if told:
        question_id = met.question_id if met is not None else None
        return Reply(remark, calls=[Wanted("record_facts", {"answers": told, "question_id": question_id})])
    differing = [slot for slot, value in found.items() if held[slot].shown != describe(slot, value)]
    if differing:
        return _contradicted(state, differing[0], found)
    if _SMALL_TALK.fullmatch(text.strip().rstrip("?!. ")):
        return Reply(_with_open_question("At your service.", state))
    return Reply(_not_understood(asked[0] if asked else None, problem))


def _answer_to_optional(state: DecisionState, text: str) -> dict[str, Any]:
    """Return the answer where a text is a button of just one of the questions that may still be answered."""
    optional = {item.item for item in state.optional_questions}
    plain = text.strip().lower()
    matching = {
        each.slot: option.value
        for each in QUESTIONS
        for option in each.options
        if each.slot in optional and plain in (option.value.lower(), option.label.lower())
    }
    return matching if len(matching) == 1 else {}


def _contradicted(state: DecisionState, slot: str, found: Mapping[str, Any]) -> Reply:
    held = next(answer for answer in state.answers if answer.slot == slot)
    text = (
        f"You wrote {describe(slot, found[slot])}, and the answer so far is {held.shown}, from {mention(held.who)}. "
        "I left it as it is."
    )
    return Reply(text, suggestions=[Suggestion(f"Change {held.question.lower()}"[:75], f"change {held.question}")])


def _not_understood(asked: Question | None, problem: str) -> str:
    if asked is None:
        return f"I could not take an answer from that. {HELP}"
    reason = problem or "I could not find an answer to the open question in that."
    if asked.options and asked.slot != "gpu":
        choices = ", ".join(f"“{option.label}”" for option in asked.options)
        reason = f"I could not match that to an answer. Pick one of: {choices}."
        if asked.example:
            reason += f" Or write, for example: {asked.example}."
    return f"{reason}\nThe question stays open: {asked.text}"


def _after(situation: Situation) -> Iterator[str]:
    """Yield what is left to say once the calls are done; cards have said the rest."""
    for result in situation.results:
        if "error" in result:
            yield result["error"]
            continue
        if "why" in result:
            yield result["why"]
        if result["tool"] in ("run_status", "cancel_request"):
            yield result["text"]
        # What costs still lack shows on their card, and goes from there once it is answered.
        if result["tool"] == "ask_colleague" and situation.state.open_question is None:
            yield f"I asked <@{result['asked_of']}>. Nothing else needs an answer meanwhile."
        # What answered a question shows on its card, and a first message is told what was taken from it.
        if result.get("unasked") and not situation.is_first:
            yield f"Noted {_noted(situation.state, result['unasked'])}."
        if result.get("replaced"):
            yield "Changed. " + " ".join(result["replaced"])
        if result["tool"] == "recommend" and situation.state.verdict is not None:
            verdict = situation.state.verdict
            yield f"*{verdict.label}*{' for now' if verdict.is_provisional else ''}. {verdict.summary}"
        if result["tool"] == "recommend" and situation.state.verdict is None:
            yield _with_open_question("There is no verdict before the first answer.", situation.state)
        if result.get("is_finished"):
            yield _finished(situation.state)


def _finished(state: DecisionState) -> str:
    if state.unsettled:
        unknown = ", ".join(item.text.lower() for item in state.unsettled)
        text = f"I have asked all I can. Not known yet, and able to change the verdict: {unknown}."
    else:
        text = "That settles it: nothing you could still tell me would change the verdict."
    if state.optional_questions:
        text += " A few answers would still refine the details, if you like."
    return text


def _suggestions(situation: Situation) -> Sequence[Suggestion]:
    if not any(result.get("is_finished") for result in situation.results):
        return ()
    optional = situation.state.optional_questions[:4]
    return [Suggestion("Compare costs", "costs"), *(Suggestion(item.text, f"answer {item.text}") for item in optional)]


def _with_open_question(text: str, state: DecisionState) -> str:
    return text if state.open_question is None else f"{text}\nOpen now: {state.open_question.text}"


def _noted(state: DecisionState, slots: Sequence[str]) -> str:
    return "; ".join(f"{each.question.lower()}: {each.shown}" for each in state.answers if each.slot in slots)


def _listed(found: Mapping[str, Any]) -> str:
    return "; ".join(f"{_short(slot).lower()}: {describe(slot, value)}" for slot, value in found.items())


def _short(slot: str) -> str:
    return next((each.short for each in QUESTIONS if each.slot == slot), slot.replace("_", " "))
