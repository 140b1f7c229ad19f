"""The question card: buttons, boxes or inputs while it is open, one quiet line once it is answered."""

import re
from collections.abc import Mapping
from typing import Any

from agents.decision.questions import Control, Field, Option
from agents.services.decision_state import Question
from bot.blocks.delegate import delegate_action, with_colleague_message
from bot.blocks.elements import (
    CHECKBOXES,
    ELEMENTS_PER_ACTIONS,
    actions,
    button,
    choice,
    context,
    escaped,
    input_block,
    message,
    option,
    person,
    person_choice,
    plain,
    section,
    text_input,
)
from bot.blocks.message import Block, Message

PICK, SUBMIT, WHY, CHANGE_SLOT = "answer", "answer_form", "why", "change_slot"
# The action id of every input; its block id says what it is for.
ENTERED = "entered"
# Of an answer in one line.
_LONGEST_LINE = 100
_BOXES, _KIND, _COUNT, _FIELD, _TEXT = "boxes", "kind", "count", "field:", "text"
_NO_GPU = "rent"


def question_message(conversation_id: str, question: Question) -> Message:
    """Return the card of one question."""
    if question.status == "delegated" and question.delegated is not None:
        return with_colleague_message(question, question.delegated)
    if question.status == "withdrawn":
        return message(question.text, [context(f"~{escaped(question.text)}~ No longer needed.")])
    if question.status == "answered" and question.answer is not None:
        answer = question.answer
        line = f"✓ {escaped(question.text)}\n*{escaped(answer.shown)}* · {person(answer.who)}"
        change = button("Change", CHANGE_SLOT, {"conversation_id": conversation_id, "slot": question.slot})
        return message(f"{question.text} {answer.shown}", [section(line, change)])
    asking = [section(f"*{escaped(question.text)}*")]
    return message(as_text(question), [*asking, *controls(conversation_id, question)])


def colleague_message(conversation_id: str, question: Question) -> Message:
    """Return the card by which a colleague is asked a question, and what became of it."""
    delegated = question.delegated
    if question.status == "answered" and question.answer is not None:
        line = f"✓ {escaped(question.text)} {person(question.answer.who)} answered."
        return message(f"{question.text} {question.answer.shown}", [context(line)])
    if delegated is None or not delegated.is_open:
        return message(question.text, [context(f"~{escaped(question.text)}~ No longer needed.")])
    asking = f"{person(delegated.asked_of)}, {person(delegated.asked_by)} asks you: *{escaped(question.text)}*"
    note = context("Anyone may answer; the answer is kept under the name of who gives it.")
    blocks = controls(conversation_id, question)
    return message(
        f"{person(delegated.asked_of)} {as_text(question)}", [section(asking), *blocks[:-1], note, blocks[-1]]
    )


def entered_value(values: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return what a card's inputs hold, as a conversation takes it; None where nothing was entered."""
    inputs = {block: state.get(ENTERED) for block, state in values.items()}
    if _BOXES in inputs:
        return list(inputs[_BOXES] or [])
    if _KIND in inputs:
        kind = inputs[_KIND]
        return kind if kind in {None, _NO_GPU} else f"{inputs.get(_COUNT) or 1} x {kind}"
    if _TEXT in inputs:
        return inputs[_TEXT] or None
    typed = {block.removeprefix(_FIELD): value for block, value in inputs.items() if block.startswith(_FIELD)}
    return {name: value for name, value in typed.items() if value} or None


def controls(conversation_id: str, question: Question) -> list[Block]:
    """Return what a question is answered with: boxes, inputs or buttons, and whom else to ask."""
    identity = {"conversation_id": conversation_id, "question_id": question.question_id, "slot": question.slot}
    blocks = _inputs(question)
    if blocks:
        buttons = [button("Submit", SUBMIT, identity, style="primary")]
        if question.control is not Control.MULTI_BUTTONS:
            buttons.append(button("Not sure", f"{PICK}:none", {**identity, "value": None}))
    else:
        buttons = [
            button(each.label, f"{PICK}:{position}", {**identity, "value": each.value})
            for position, each in enumerate(question.options[: ELEMENTS_PER_ACTIONS - 1])
        ]
    if question.example:
        blocks.append(context(f"Or reply in words, such as _{escaped(question.example)}_"))
    others = [person_choice(delegate_action(conversation_id, question.question_id), "Ask a colleague")]
    return [
        *blocks,
        actions(*buttons, button("Why do you ask?", WHY, identity), *(others if question.may_delegate else ())),
    ]


def _inputs(question: Question) -> list[Block]:
    match question.control:
        case Control.MULTI_BUTTONS:
            return [_boxes(question.options)]
        case Control.NUMBERS:
            return [_field(field) for field in question.fields]
        case Control.NUMBER:
            return [input_block(_TEXT, "Your figure", text_input(ENTERED, "", most=_LONGEST_LINE))]
        case Control.SELECT_NUMBER:
            kinds = [option(each.label, each.value) for each in question.options]
            return [
                input_block(_KIND, "Kind", choice(ENTERED, "Pick one", kinds)),
                input_block(_COUNT, "How many", _number("1"), is_optional=True),
            ]
        case _:
            return []


def _boxes(options: tuple[Option, ...]) -> Block:
    element = {
        "type": "checkboxes",
        "action_id": ENTERED,
        "options": [option(each.label, each.value) for each in options[:CHECKBOXES]],
    }
    return input_block(_BOXES, "Pick all that apply", element)


def _field(field: Field) -> Block:
    # A keypad where figures are typed as they are; a line of text where "20k" and the like are welcome.
    element = (
        _number(field.example)
        if re.fullmatch(r"[0-9.]+", field.example)
        else text_input(ENTERED, field.example, most=_LONGEST_LINE)
    )
    return input_block(f"{_FIELD}{field.name}", field.label, element, is_optional=field.optional)


def _number(example: str) -> Block:
    return {
        "type": "number_input",
        "action_id": ENTERED,
        "is_decimal_allowed": True,
        "min_value": "0",
        "placeholder": plain(example, 150),
    }


def as_text(question: Question) -> str:
    """Return the question so that it can be answered by text alone."""
    choices = ", ".join(each.label for each in question.options)
    parts = [question.text, f"({choices})" if choices else "", f"e.g. {question.example}" if question.example else ""]
    return " ".join(part for part in parts if part)
