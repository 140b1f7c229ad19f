"""The card of what a run asks in its middle: what is known, a button for each choice, and who chose what."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.runs.questions import ABORT, LONGEST_VALUE, TABLE, Choice, QuestionView, shown_answer, table_of
from agents.runs.views import RunView
from bot.blocks.elements import (
    ELEMENTS_PER_ACTIONS,
    actions,
    button,
    confirmation,
    context,
    cut,
    escaped,
    input_block,
    message,
    modal,
    person,
    section,
    table,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.run import run_title

ANSWER, ENTER, ENTERED = "answer_run", "answer_run_form", "answer_run_entered"
_VALUE, _TYPED = "value", "typed"
_DETAIL = 120
_DETAILS = 10


def attention_message(question: QuestionView, run: RunView) -> Message:
    """Return the card of a question, with buttons while it waits for its answer."""
    title = f"{run_title(run)} asks"
    if question.state == "withdrawn":
        return message(title, [context(f"~{escaped(cut(question.text, 1_000))}~ The run is {run.state}.")])
    if question.state == "answered":
        line = f"✓ {escaped(question.text)}\n*{escaped(shown_answer(question))}* · {person(question.answered_by or '')}"
        return message(f"{title}: {question.text} {shown_answer(question)}", [section(line)])
    # Named in the text as well, so that it is they who are notified.
    who = person(run.requested_by)
    blocks = [
        section(f"✋ {who}: *{escaped(run_title(run))}* waits for an answer"),
        section(escaped(question.text)),
        *([table(rows)] if (rows := table_of(question.details)) else []),
        *_details(question.details),
        context(_small_print(question, run)),
        actions(*_buttons(question)),
    ]
    return message(f"{who} {escaped(title)}: {escaped(question.text)}", blocks)


def answer_form(question: QuestionView, choice: Choice, metadata: Mapping[str, Any]) -> Block:
    """Return the form for a choice that needs a value; `metadata` comes back with it."""
    element = text_input(_TYPED, choice.entry, most=LONGEST_VALUE)
    blocks = [
        section(escaped(question.text)),
        input_block(_VALUE, choice.entry, element),
        *([context(escaped(choice.warning))] if choice.warning else []),
    ]
    return modal(ENTERED, choice.label, blocks, submit="Answer", metadata=metadata)


def entered(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the value as entered."""
    return str(values[_VALUE][_TYPED] or "")


def _buttons(question: QuestionView) -> list[Block]:
    shown = [_button(question.id, at, choice) for at, choice in enumerate(question.choices[: ELEMENTS_PER_ACTIONS - 1])]
    sure = confirmation("Abort the run?", "It ends here, and what it has done so far is not used.", "Abort")
    value = {"question_id": question.id, "choice": ABORT}
    return [*shown, button("Abort the run", f"{ANSWER}:{ABORT}", value, style="danger", confirm=sure)]


def _button(question_id: str, at: int, choice: Choice) -> Block:
    value = {"question_id": question_id, "choice": choice.id}
    if choice.entry:
        return button(f"{choice.label}…", f"{ENTER}:{at}", value)
    sure = confirmation(f"{choice.label}?", escaped(choice.warning), "Yes") if choice.warning else None
    return button(choice.label, f"{ANSWER}:{at}", value, confirm=sure)


def _small_print(question: QuestionView, run: RunView) -> str:
    asking = next((escaped(stage.name) for stage in run.stages if stage.seq == question.seq), "")
    spends = [escaped(choice.label) for choice in question.choices if choice.is_spend]
    takes = f" · {' and '.join(spends)}: only by an approver" if spends else ""
    return f"Asked by the stage {asking} of `{run.id}`{takes}"


def _details(details: Mapping[str, Any]) -> list[Block]:
    """Return what the question is about in small print: short values in one line."""
    shown = [(name.replace("_", " "), _shown(value)) for name, value in sorted(details.items()) if name != TABLE]
    lines = [f"{escaped(name)} *{escaped(cut(value, _DETAIL))}*" for name, value in shown if value]
    return [context(" · ".join(lines[:_DETAILS]))] if lines else []


def _shown(value: Any) -> str:
    """Return a value in words; nothing where it is none, or too deep to be one."""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping):
        return next((str(each) for each in value.values() if isinstance(each, str)), "")
    if isinstance(value, Sequence):
        return ", ".join(filter(None, map(_shown, value)))
    return ""
