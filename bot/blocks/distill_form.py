"""The form that proposes a distillation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agents.distillation import form as fields
from agents.services.distill_forms import DistillForm
from bot.blocks.elements import (
    actions,
    button,
    choice,
    context,
    divider,
    escaped,
    input_block,
    message,
    modal,
    option,
    section,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.say import safe_markup

DISTILL_FORM, OPEN_DISTILL, OPEN_AGAIN = "distill_form", "open_distill", "open_distill_again"
_ENTERED: Final = "entered"
_LONGEST, _LONGEST_TEXT = 500, 3_000
_KINDS: Final = {
    "classification": "Classification: a label for each text",
    "extraction": "Extraction: a record for each text",
    "generation": "Writing, with an answer that can be checked",
}
_TEACHERS: Final = {
    fields.NO_TEACHER: "None: examples of our own",
    "claude": "Claude",
    "openai": "OpenAI, or an API like it",
    "vllm": "An open model on our vLLM",
}
_METHODS: Final = {"lora": "LoRA", "qlora": "QLoRA: a base of 4 bits", "full": "All weights"}
_ADVANCED: Final = {
    "epochs": ("Epochs", "Passes over the examples."),
    "learning_rate": ("Learning rate", "2e-4 for LoRA and QLoRA and 2e-5 in full, where nothing is entered."),
    "rank": ("Rank of LoRA", ""),
    "batch": ("Examples of a step", ""),
    "micro_batch": ("Of these at once on a GPU", "Halved where memory ends."),
    "sequence": ("Tokens of an example at most", ""),
    "gpus": ("GPUs", "Of one host; 0 trains on its processor."),
    "gpu_memory_gb": ("Memory of each GPU, GB", "The least that a host must have."),
}


def distill_form_modal(form: DistillForm, metadata: Mapping[str, Any]) -> Block:
    """Return the form; `metadata` comes back with it and says where the proposal is to go."""
    blocks = [*_task(form), divider(), *_data(form), divider(), *_training(form), divider(), *_advanced(form)]
    return modal(DISTILL_FORM, "A model of your own", blocks, submit="Propose", metadata=metadata)


def form_again_message(text: str, event_key: str) -> Message:
    """Return why nothing came of a form, with the button that opens it as it was sent."""
    again = button("Open the form again", OPEN_AGAIN, {"event": event_key})
    return message(text, [section(safe_markup(text)), actions(again)])


def entered_distill(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what was entered, by field; empty where nothing was."""
    return {name: str(state.get(_ENTERED) or "") for name, state in values.items()}


def _task(form: DistillForm) -> Iterable[Block]:
    yield context("This only proposes. Nothing is read by a teacher or trained before somebody with the role approves.")
    yield _line(form, fields.NAME, "Name", "tickets", hint="What it is served as.")
    yield _choice(form, fields.KIND, "Kind of task", _KINDS)
    what = "What is to be done with a text, as for a new colleague"
    yield _line(form, fields.INSTRUCTIONS, what, "Tell which team a support ticket belongs to.", is_long=True)
    hint = (
        "Labels, one a line; for extraction the JSON Schema of the record; for writing exact, numeric, or a pattern "
        "that finds what is compared."
    )
    yield _line(
        form, fields.ANSWERS, "What answers are like", "billing\nshipping", hint=hint, is_long=True, needs=False
    )


def _data(form: DistillForm) -> Iterable[Block]:
    yield context(
        f"Rows are files, as SOURCE/FILE, or queries, as DATABASE: SELECT …. There are: {escaped(form.places)}"
    )
    fixed = "With input and output, at least 30; it is never trained on."
    yield _line(form, fields.GOLDEN, "Golden set", "tickets/golden.jsonl", hint=fixed, is_long=True)
    yield _line(form, fields.LABELLED, "Examples of your own", "tickets/labelled.jsonl", is_long=True, needs=False)
    yield _line(
        form, fields.INPUTS, "Texts that the teacher is to answer", "tickets/inputs.jsonl", is_long=True, needs=False
    )
    yield _line(form, fields.LICENCE, "What the data may be used for", "internal, no personal data", needs=False)


def _training(form: DistillForm) -> Iterable[Block]:
    yield _choice(form, fields.TEACHER, "Teacher", _TEACHERS)
    yield _line(form, fields.MODEL, "Its name", "claude-opus-5-5", hint="As its API knows it.", needs=False)
    yield _line(
        form, fields.BASE, "Student", "meta-llama/Llama-3.1-8B-Instruct", hint="An open model: an id, or a path."
    )
    yield _choice(form, fields.METHOD, "Trained by", _METHODS)
    margin = "It is served only where it is at most so much below the teacher on the golden set."
    yield _line(form, fields.MARGIN, "Margin", "2 %", hint=margin)
    least = "It must reach this as well; needed without a teacher."
    yield _line(form, fields.MINIMUM, "Least score", "90 %", hint=least, needs=False)


def _advanced(form: DistillForm) -> Iterable[Block]:
    yield context("*Advanced*: what is entered already is right for some thousand examples.")
    for name, (label, hint) in _ADVANCED.items():
        yield _line(form, name, label, form.texts.get(name, "as usual"), hint=hint, needs=False)
    yield _line(form, fields.BUDGET, "The most it may spend, $", "200", needs=False)


def _line(
    form: DistillForm,
    name: str,
    label: str,
    placeholder: str,
    *,
    hint: str = "",
    is_long: bool = False,
    needs: bool = True,
) -> Block:
    most = _LONGEST_TEXT if is_long else _LONGEST
    element = text_input(_ENTERED, placeholder, most=most, begun=form.texts.get(name, ""), is_multiline=is_long)
    return input_block(name, label, element, hint=hint, is_optional=not needs)


def _choice(form: DistillForm, name: str, label: str, words: Mapping[str, str]) -> Block:
    options: Sequence[Block] = [option(text, value) for value, text in words.items()]
    return input_block(name, label, choice(_ENTERED, "Choose", options, chosen=form.texts.get(name, "")))
