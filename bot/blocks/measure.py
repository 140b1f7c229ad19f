"""The form that loads a measured throughput, and what was loaded as text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agents.costs.calibrations import DEFAULT_GPU
from agents.costs.students import LLAMA_8B, STUDENTS
from agents.services.measured import Served
from agents.store.measurements import MeasurementRow
from bot.blocks.elements import context, escaped, input_block, modal, option, person, text_input
from bot.blocks.message import Block
from bot.blocks.words import instant

MEASURE_FORM: Final = "measure_form"
STUDENT, GPU, PRECISION, GPUS, RESULT = "student", "gpu", "precision", "gpus", "result"
PASTED: Final = "The pasted result"
_ENTERED = "entered"
# Slack's limit for a text field; the tool's result has about 1,500 characters without --save-detailed.
_MOST_CHARACTERS = 3_000
_SHOWN = 10


def measure_form(gpus: Sequence[str], metadata: Mapping[str, Any]) -> Block:
    """Return the form; results of other shapes follow in the same field, each on a line of its own."""
    example = '{"date": "20261120-101500", "backend": "vllm", …}'
    result = text_input(_ENTERED, example, most=_MOST_CHARACTERS, is_multiline=True)
    count = text_input(_ENTERED, "1", most=4)
    blocks = [
        context("From `vllm bench serve --request-rate inf --save-result`; every comparison here is priced by it."),
        input_block(STUDENT, "Model that was served", _select(tuple(STUDENTS), LLAMA_8B.name)),
        input_block(GPU, "GPU", _select(tuple(gpus), DEFAULT_GPU[LLAMA_8B.name])),
        input_block(PRECISION, "Weights", _select(("bf16", "fp8"), "bf16")),
        input_block(GPUS, "GPUs of the server", count, hint="As usual for the model if empty.", is_optional=True),
        input_block(
            RESULT, "Content of the result file", result,
            hint="`cairn measure load FILE…` in a shell takes larger files, and several at once.",
        ),
    ]  # fmt: skip
    return modal(MEASURE_FORM, "Load a measurement", blocks, submit="Load", metadata=metadata)


def entered_measure(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what was entered, by block; empty where nothing was."""
    return {name: str(values[name][_ENTERED] or "").strip() for name in (STUDENT, GPU, PRECISION, GPUS, RESULT)}


def served_of(entered: Mapping[str, str]) -> Served:
    """Return what a throughput was measured with, once the number of GPUs is known to be one."""
    return Served(
        student=entered[STUDENT],
        precision="fp8" if entered[PRECISION] == "fp8" else "bf16",
        gpu=entered[GPU],
        gpus=int(entered[GPUS]) if entered[GPUS] else None,
    )


def measurements_text(rows: Sequence[MeasurementRow]) -> str:
    """Return in mrkdwn what was loaded, newest first."""
    if not rows:
        return "Nothing was measured here yet; figures rest on the throughput that is shipped."
    lines = []
    for row in rows[:_SHOWN]:
        state = "in use" if row.ended_at is None else f"until {instant(row.ended_at)}"
        what = f"{row.kind} {row.student} {row.variant} on {row.gpus} x {row.gpu}"
        lines.append(f"•  `{row.id}` {escaped(what)}, {state}, by {person(row.loaded_by)}: {escaped(row.source)}")
    if len(rows) > _SHOWN:
        lines.append(f"_and {len(rows) - _SHOWN} more: `cairn measure list` in a shell_")
    return "\n".join(lines)


def _select(names: tuple[str, ...], usual: str) -> Block:
    options = {name: option(name, name) for name in names[:100]}
    return {
        "type": "static_select",
        "action_id": _ENTERED,
        "options": list(options.values()),
        "initial_option": options.get(usual) or next(iter(options.values())),
    }
