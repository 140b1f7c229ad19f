"""The forms behind the costs card: the whole cost form, and one input by itself."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.services.cost_fields import BY_KEY
from agents.services.cost_form import GPU_COUNT, GPU_KIND, IN_USE, MODELS, OTHER_MODELS, RENT, CostForm
from agents.services.cost_values import CostInput
from bot.blocks.elements import (
    OPTIONS,
    choice,
    context,
    divider,
    escaped,
    grouped_choice,
    input_block,
    modal,
    option,
    person,
    section,
    text_input,
)
from bot.blocks.message import Block
from bot.blocks.words import instant

COST_FORM, COST_INPUT = "cost_form", "cost_input"
# The block of the choice between the conversation found and a new one, and the field of the one input.
PLACE, VALUE = "place", "value"
NEW = "new"
_ENTERED = "entered"
# What Slack takes in one input of text.
_LONGEST_SAMPLE = 3_000
_LONGEST = 200
# What Slack takes as the value of an option.
_LONGEST_VALUE = 150
_PROVIDERS = {"anthropic": "Anthropic", "openai": "OpenAI", "google": "Google", "mistral": "Mistral", "x-ai": "xAI"}


def cost_form_modal(form: CostForm, metadata: Mapping[str, Any], *, found: tuple[str, str] | None = None) -> Block:
    """Return the cost form; `metadata` comes back with it.

    Args:
        form: What it begins with.
        metadata: Where the comparison is to go.
        found: The id of a conversation that may be meant, and a name for it; a new one can be chosen instead.
    """
    blocks = [
        *([_place(*found)] if found is not None else []),
        _line(form, "requests_per_day", placeholder="20k a day"),
        _line(form, "peak_factor", placeholder="3", hint="3 where nothing is entered.", is_optional=True),
        *_request(form),
        divider(),
        *_models(form),
        divider(),
        *_hardware(form),
        divider(),
        _line(form, "engineering_days", placeholder="15 days", hint=_PEOPLE, is_optional=True),
        _line(
            form, "engineering_day_rate", placeholder="800", hint="Left out where nothing is entered.", is_optional=True
        ),
        _line(
            form, "knowledge_tokens", placeholder="40 pages", hint="Documents to look things up in.", is_optional=True
        ),
        _line(form, "horizon_months", placeholder="12", hint="12 where nothing is entered.", is_optional=True),
    ]
    return modal(COST_FORM, "What would it cost?", blocks, submit="Compare", metadata=metadata)


def entered_form(values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what was entered, by field."""
    return {name: state.get(_ENTERED) for name, state in values.items()}


def input_modal(shown: CostInput, metadata: Mapping[str, Any]) -> Block:
    """Return the form of one input with its value, its range and where it comes from."""
    element = text_input(_ENTERED, shown.shown, most=1_000, begun=shown.entered)
    allowed = f"{shown.range[:1].upper()}{shown.range[1:]}. " if shown.range else ""
    hint = f"{allowed}For example: {shown.example}. Empty: back to what Cairn assumes."
    blocks = [
        section(f"*{escaped(shown.label)}* is *{escaped(shown.shown)}*"),
        context(_origin(shown)),
        input_block(VALUE, "New value", element, hint=hint, is_optional=True),
    ]
    return modal(COST_INPUT, "Change one input", blocks, submit="Change", metadata=metadata)


def entered_input(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the new value as typed."""
    return str(values[VALUE][_ENTERED] or "").strip()


_PEOPLE = "To train and deploy; where nothing is entered 10 to fine-tune and 15 to distil."


def _origin(shown: CostInput) -> str:
    if shown.who is None or shown.at is None:
        return f"Nobody has set it here. It comes from: {escaped(shown.source)}"
    return f"Set by {person(shown.who)}, {instant(shown.at)}"


def _place(conversation_id: str, name: str) -> Block:
    options = [option(name, conversation_id), option("A new thread", NEW)]
    return input_block(PLACE, "Where to", choice(_ENTERED, "Choose", options, chosen=conversation_id))


def _line(form: CostForm, name: str, *, placeholder: str, hint: str = "", is_optional: bool = False) -> Block:
    field = BY_KEY.get(name)
    label = "Latency budget of 95 in 100 answers" if field is None else field.label
    return input_block(name, label, _text(form.texts.get(name, ""), placeholder), hint=hint, is_optional=is_optional)


def _text(begun: str, placeholder: str, *, is_multiline: bool = False) -> Block:
    most = _LONGEST_SAMPLE if is_multiline else _LONGEST
    return text_input(_ENTERED, placeholder, most=most, begun=begun, is_multiline=is_multiline)


def _request(form: CostForm) -> Iterable[Block]:
    """Return the size of a request: figures, or a sample that is counted."""
    yield _line(form, "tokens_in", placeholder="1500", is_optional=True)
    yield _line(form, "static_prefix", placeholder="0", hint="Instructions and the like; cached.", is_optional=True)
    yield _line(form, "tokens_out", placeholder="300", is_optional=True)
    sample = "In place of the figures above. Counted as"
    prompt, answer = (_text("", "Paste one", is_multiline=True) for _ in range(2))
    yield input_block(
        "sample_prompt", "Or a typical prompt", prompt, hint=f"{sample} {form.counted_by}.", is_optional=True
    )
    yield input_block("sample_answer", "And its answer", answer, is_optional=True)
    yield _line(form, "latency_p95_ms", placeholder="300 ms", hint="For the verdict.", is_optional=True)


def _models(form: CostForm) -> Iterable[Block]:
    groups = _with_chosen(form)
    by_value = {each["value"]: each for _, options in groups for each in options}
    picked = grouped_choice(_ENTERED, "Pick models", groups)
    chosen = [by_value[model] for model in form.models if model in by_value]
    several: Block = {**picked, "type": "multi_static_select"}
    in_use = dict(picked)
    if chosen:
        several["initial_options"], in_use["initial_option"] = chosen, chosen[0]
    yield input_block(MODELS, "API models to compare", several, is_optional=True)
    hint = "Names with commas between them. One without a price is added with /cairn prices."
    yield input_block(OTHER_MODELS, "Others", _text("", "gpt-6-luna, …"), hint=hint, is_optional=True)
    yield input_block(IN_USE, "The one in use today", in_use, is_optional=True)


def _with_chosen(form: CostForm) -> Sequence[tuple[str, Sequence[Block]]]:
    """Return the models by provider; chosen ones that are not offered stand first."""
    offered = {model for _, models in form.offered for model in models}
    others = [model for model in form.models if model not in offered]
    groups = [("Chosen", others), *form.offered]
    return [
        (
            _PROVIDERS.get(provider, provider.capitalize()),
            [option(model, model) for model in models if len(model) <= _LONGEST_VALUE],
        )
        for provider, models in groups
        if models
    ]


def _hardware(form: CostForm) -> Iterable[Block]:
    options = [option(gpu, gpu) for gpu in form.gpus[: OPTIONS - 1]] + [option("None: we would rent", RENT)]
    kinds = choice(_ENTERED, "Not said", options, chosen=form.gpu_kind)
    yield input_block(GPU_KIND, "GPUs you have", kinds, is_optional=True)
    yield input_block(GPU_COUNT, "How many of them", _text(form.gpu_count, "1"), is_optional=True)
