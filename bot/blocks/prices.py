"""Prices in Slack: the card with what holds here, and the forms that set, remove and measure."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agents.costs.prices.book import GpuPrice, ModelPrice, Rates
from agents.costs.prices.typed import hour_text, price_text, usd_text
from agents.costs.prices.warnings import is_stale
from agents.services.price_view import USUAL, own_text, shown_models, source_lines, warnings_of
from agents.services.prices import PriceHistory, PricesView
from agents.store.measurements import MeasurementRow
from bot.blocks.elements import (
    Align,
    actions,
    bullets,
    button,
    context,
    cut,
    escaped,
    input_block,
    message,
    modal,
    option,
    person,
    plain,
    section,
    table,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.words import instant

SET_MODEL, SET_GPU, UNSET, REFRESH = "price_set_model", "price_set_gpu", "price_unset", "price_refresh"
MODEL_FORM, GPU_FORM, UNSET_FORM = "price_model_form", "price_gpu_form", "price_unset_form"
LOAD: Final = "measure_load"
NAME = "name"
_ENTERED = "entered"
_HEADER = ("Model or GPU", "Input, or an hour", "Output", "Cached", "As of", "From")
_ALIGN: tuple[Align, ...] = ("left", "right", "right", "right", "left", "left")
_MODEL_FIELDS = (
    ("in", "Input, USD per million tokens", False),
    ("out", "Output, USD per million tokens", False),
    ("cache_read", "Input read from the cache", True),
    ("cache_write", "Input written to the cache", True),
)
_GPU_FIELDS = (
    ("hour", "USD per GPU hour", False),
    ("low", "Lowest, USD per GPU hour", True),
    ("high", "Highest, USD per GPU hour", True),
    ("memory_gb", "Memory, GB", True),
    ("tflops", "Dense bf16 TFLOP/s", True),
    ("gb_per_s", "Memory bandwidth, GB/s", True),
)


def prices_message(view: PricesView) -> Message:
    """Return the prices that hold here, how old they are, what was measured, and what can be done about them."""
    rows = [row for price in shown_models(view) for row in _model_rows(price, view.book.as_of)]
    rows += [_gpu_row(gpu, view.book.as_of) for gpu in view.book.gpus.values()]
    blocks: list[Block] = [
        section("*Prices that comparisons here are made with*"),
        table([_HEADER, *rows], _ALIGN),
        *bullets("Mind", [escaped(warning) for warning in warnings_of(view)], most=4),
        *bullets("Your own prices", [_own_line(each.name, each.set_by, instant(each.set_at)) for each in view.own]),
        *bullets("Measured here", [_measured_line(row) for row in view.measured]),
    ]
    notes = [f"{escaped(line.name)}: {escaped(cut(line.text, 400))}" for line in source_lines(view)]
    notes.append("Models in USD per million tokens, GPUs in USD per hour. Approvers set prices and load measurements.")
    blocks.append(context("\n".join(notes)))
    remove = [button("Remove one of yours", UNSET)] if view.own else []
    blocks.append(
        actions(
            button("Set an API price", SET_MODEL),
            button("Set a GPU price", SET_GPU),
            *remove,
            button("Load a measurement", LOAD),
            button("Fetch the lists now", REFRESH),
        )
    )
    return message("Prices that comparisons here are made with", blocks)


def model_form(metadata: Mapping[str, Any]) -> Block:
    """Return the form for a model's price."""
    hint = "As a list has it, such as claude-sonnet-5-5, or a new name. What is left empty keeps its share of the list."
    return modal(MODEL_FORM, "Set an API price", _form(hint, USUAL[1], _MODEL_FIELDS), submit="Set", metadata=metadata)


def gpu_form(metadata: Mapping[str, Any]) -> Block:
    """Return the form for a GPU's price."""
    hint = "Such as H100-80, or a new name; a new one also takes memory, TFLOP/s and bandwidth."
    return modal(GPU_FORM, "Set a GPU price", _form(hint, "H100-80", _GPU_FIELDS), submit="Set", metadata=metadata)


def unset_form(view: PricesView, metadata: Mapping[str, Any]) -> Block:
    """Return the form that removes one of the team's own prices."""
    options = [option(f"{row.name}: {own_text(row.price)}", row.name) for row in view.own]
    chosen: Block = {
        "type": "static_select",
        "action_id": _ENTERED,
        "placeholder": plain("Choose one", 150),
        "options": options[:100],
    }
    blocks = [input_block(NAME, "Your price", chosen, hint="The list's price holds again; yours stays as history.")]
    return modal(UNSET_FORM, "Remove a price", blocks, submit="Remove", metadata=metadata)


def entered_price(values: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """Return the name and what was entered beside it; empty fields are left out."""
    entered = {block: str(value[_ENTERED] or "").strip() for block, value in values.items() if _ENTERED in value}
    name = entered.pop(NAME, "")
    return name, {key: value for key, value in entered.items() if value}


def history_text(history: PriceHistory) -> str:
    """Return in mrkdwn what a model or GPU has cost."""
    lines = [f"*{escaped(history.name)}*"]
    if history.now is not None:
        lines.append(f"now {escaped(price_text(history.now))} ({escaped(history.now.source)})")
    for row in history.own:
        until = f"until {instant(row.ended_at)}" if row.ended_at else "still holds"
        lines.append(f"•  {escaped(own_text(row.price))}: set by {person(row.set_by)}, {instant(row.set_at)}, {until}")
    for each in history.listed:
        days = f"{each.first_at:%Y-%m-%d} to {each.last_at:%Y-%m-%d}"
        lines.append(f"•  {escaped(own_text(each.price))}: {escaped(each.source)} {escaped(each.version)}, {days}")
    return "\n".join(lines)


def _form(hint: str, example: str, fields: tuple[tuple[str, str, bool], ...]) -> list[Block]:
    blocks = [input_block(NAME, "Name", text_input(_ENTERED, example, most=80), hint=hint)]
    for key, label, is_optional in fields:
        blocks.append(input_block(key, label, text_input(_ENTERED, "", most=20), is_optional=is_optional))
    return blocks


def _model_rows(price: ModelPrice, today: dt.date) -> Iterator[tuple[str, ...]]:
    """Yield a row for the model, and one for its long prompts where they have a price of their own."""
    marks = _marks(price, today)
    if price.retires_on is not None:
        marks.append(f"{'left' if price.is_retired(today) else 'leaves'} its API {price.retires_on.isoformat()}")
    yield _row(_marked(price.id, marks), price.standard, price)
    if price.tier_tokens is not None and price.long_standard is not None:
        yield _row(f"… prompts above {price.tier_tokens:,} tokens", price.long_standard, price)


def _row(label: str, rates: Rates, price: ModelPrice) -> tuple[str, ...]:
    amounts = (usd_text(each) for each in (rates.input, rates.output, rates.cache_read))
    return label, *amounts, price.as_of.isoformat(), price.source


def _gpu_row(price: GpuPrice, today: dt.date) -> tuple[str, ...]:
    label = _marked(price.name, _marks(price, today))
    return label, hour_text(price), "-", "-", price.as_of.isoformat(), price.source


def _marks(price: ModelPrice | GpuPrice, today: dt.date) -> list[str]:
    """Return what must be seen of a price at once: that it is the team's own, the last one known, or old."""
    found = (("yours", price.kind == "your price"), ("last known", price.notice), ("old", is_stale(price, today)))
    return [mark for mark, holds in found if holds]


def _marked(name: str, marks: Sequence[str]) -> str:
    return f"{name} ({', '.join(marks)})" if marks else name


def _own_line(name: str, set_by: str, when: str) -> str:
    return f"`{escaped(name)}` set by {person(set_by)}, {when}"


def _measured_line(row: MeasurementRow) -> str:
    what = f"{row.kind} {row.student} {row.variant} on {row.gpus} x {row.gpu}"
    return f"{escaped(what)}: {escaped(row.source)} (`{row.id}`, loaded by {person(row.loaded_by)})"
