"""What holds right now, as text for a model: the answers, the verdict, the open question. Data, worded by code."""

import re
from collections.abc import Iterator, Sequence

from agents.conversation.talking import Situation
from agents.conversation.wire import unmarked
from agents.services.decision_state import Answer, DecisionState, DroppedFile, Item, Question, Verdict
from agents.services.decision_view import mention

_FILES, _NAME = 10, 60
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")


def context_text(situation: Situation) -> str:
    """Return the state of the conversation, between marks that nobody else's text can hold."""
    lines = "\n".join(unmarked(line) for line in _lines(situation))
    return f"<state>\n{lines}\n</state>"


def _lines(situation: Situation) -> Iterator[str]:
    state = situation.state
    yield f"You answer <@{situation.turn['who']}>, who wrote the newest message."
    yield from _verdict(state.verdict)
    yield from _answers(state)
    yield _open(state.open_question)
    for each in state.delegated:
        if each.delegated is not None:
            yield f"With <@{each.delegated.asked_of}>, not answered yet: {each.text} (slot {each.slot})"
    if state.unsettled:
        yield f"Could still change the verdict: {_listed(state.unsettled)}."
    elif state.answers:
        yield "Nothing that is still unknown can change the verdict."
    if state.optional_questions:
        yield f"May be asked, refines details only: {_listed(state.optional_questions)}."
    yield "A cost comparison is in the thread." if state.has_costs else "No cost comparison has been made."
    yield from _defaults(state)
    yield from _files(state.files)


def _verdict(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        yield "Verdict: none before the first answer."
        return
    standing = "provisional, a question that matters is open" if verdict.is_provisional else "settled"
    yield f"Verdict: {verdict.label} ({standing}; confidence {verdict.confidence}). {verdict.summary}"
    if verdict.wanted != verdict.approach:
        yield f"The answers point to {verdict.wanted_label}, which is held back by its gates."
    for blocker in verdict.blockers:
        yield f"Gate {blocker.state}: {blocker.text} Lifted by: {blocker.lifted_by}"
    for todo in verdict.todo:
        yield f"To do: {todo.text}"


def _answers(state: DecisionState) -> Iterator[str]:
    yield "Answers that hold:" if state.answers else "No answer yet."
    yield from (_answer(each) for each in state.answers)


def _answer(answer: Answer) -> str:
    who = answer.who if answer.who.startswith("shell:") else mention(answer.who)
    changed = "".join(f"; before that {each.shown}, from {mention(each.who)}" for each in answer.earlier)
    origin = ""
    if answer.origin is not None:
        said_by, day = answer.origin
        origin = f"; the workspace's default, which {mention(said_by)} said on {day}"
    return f"- {answer.slot}: {answer.shown} (from {who}, {answer.said_at:%Y-%m-%d}{origin}{changed})"


def _defaults(state: DecisionState) -> Iterator[str]:
    """Yield what the workspace usually has: to be mentioned, never an answer before somebody says or presses so."""
    if not state.defaults:
        return
    yield (
        "This workspace usually has the following, as its people asked to remember. None of it is an answer here "
        "before somebody of this thread says so, or presses “Use these” on the card of the defaults:"
    )
    for each in state.defaults:
        age = f"; {each.age_days} days old, may not hold any more" if each.is_stale else ""
        yield f"- {each.label}: {each.shown} (from {mention(each.said_by)}, {each.said_at:%Y-%m-%d}{age})"


def _files(files: Sequence[DroppedFile]) -> Iterator[str]:
    """Yield the files of examples; of a name, which anybody may choose, only what can say nothing."""
    if not files:
        return
    yield (
        "Files of examples that people dropped in this thread. The button “Make a model of it” under each opens a form "
        "that proposes a training on them; you cannot fill it in, and propose_distill does not take them:"
    )
    for each in files[:_FILES]:
        yield f"- {_NOT_IN_NAMES.sub('_', each.name)[:_NAME]}: {each.rows:,} rows, {each.with_output:,} with an output"


def _open(asked: Question | None) -> str:
    if asked is None:
        return "No question is open."
    return f"Open question, on screen with its buttons below your reply: {asked.text} (slot {asked.slot})"


def _listed(items: Sequence[Item]) -> str:
    return ", ".join(each.item for each in items)
