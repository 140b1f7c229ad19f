"""Measure: load a throughput that was measured, so that comparisons rest on it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from agents.costs.training import Method
from agents.costs.vllm_bench import read_bench
from agents.errors import UserError
from agents.services.measured import Trained
from agents.services.measurements import loaded_text
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.elements import escaped
from bot.blocks.measure import (
    GPUS,
    MEASURE_FORM,
    PASTED,
    RESULT,
    entered_measure,
    measure_form,
    measurements_text,
    served_of,
)
from bot.blocks.message import Block
from bot.blocks.prices import LOAD
from bot.feature import Feature, Turn
from bot.features.beside import place_beside
from bot.routing import first_word

_HOW = (
    "Write `/cairn measure training 3497 student=llama-3.1-70b gpu=A100-80 gpus=8 method=lora`: tokens a second of all "
    "GPUs."
)
_METHODS: Mapping[str, Method] = {"lora": "lora", "qlora": "qlora", "full": "full"}
_MOST_GPUS = 1_024


async def _command(turn: Turn) -> None:
    """List what was measured, forget one, or load a speed of training; without words the form opens instead."""
    word, rest = first_word(turn.text)
    measurements = turn.services.measurements
    if word == "list":
        await turn.say(measurements_text(await measurements.all(turn.team_id)))
    elif word == "forget":
        await measurements.forget(turn.team_id, rest, turn.user, turn.event.key)
        await turn.say(f"`{escaped(rest)}` is no longer used; comparisons are priced anew.")
    elif word == "training":
        loaded = await measurements.load_training(turn.team_id, read_training(rest), turn.user, turn.event.key)
        await turn.say(escaped(loaded_text(loaded)))
    else:
        raise UserError(f"`/cairn measure` does not know {word!r}. It takes `list`, `forget ID` and `training`. {_HOW}")


def read_training(text: str) -> Trained:
    """Return a speed of training as somebody typed it.

    Raises:
        UserError: It cannot be read; the text says how to write it.
    """
    speed, *words = text.split() or [""]
    given = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not value or key in given:
            raise UserError(f"{word!r} cannot be read. {_HOW}")
        given[key.lower()] = value
    unknown = given.keys() - {"student", "gpu", "gpus", "method"}
    absent = {"student", "gpu", "gpus"} - given.keys()
    if unknown or absent:
        wrong = f"{min(unknown)!r} is not known" if unknown else f"{', '.join(sorted(absent))} is missing"
        raise UserError(f"Of a training {wrong}. {_HOW}")
    method = _METHODS.get(given.get("method", "lora").lower())
    if method is None:
        raise UserError(f"There is no method {given['method']!r}; it is lora, qlora or full. {_HOW}")
    return Trained(
        student=given["student"], method=method, gpu=given["gpu"], gpus=_gpus(given["gpus"]),
        tokens_per_second=_speed(speed),
    )  # fmt: skip


def _speed(text: str) -> Decimal:
    try:
        speed = Decimal(text.replace(",", ""))
    except InvalidOperation as cause:
        raise UserError(f"{text!r} is no number of tokens a second. {_HOW}") from cause
    if not speed.is_finite() or speed <= 0:
        raise UserError(f"{text} tokens a second cannot be: it must be above zero. {_HOW}")
    return speed


def _gpus(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_GPUS:
        raise UserError(f"{text!r} is no number of GPUs: give 1 to {_MOST_GPUS:,}.")
    return int(text)


async def _form(services: Services, event: Event) -> Block:
    await services.measurements.require_loader(event.team_id, event.user_id)
    book = await services.prices.book(event.team_id)
    return measure_form(tuple(book.gpus), place_beside(event))


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    entered = entered_measure(event.body["values"])
    try:
        if entered[GPUS]:
            _gpus(entered[GPUS])
    except UserError as cause:
        return {GPUS: str(cause)}
    try:
        read_bench(entered[RESULT], PASTED)
    except UserError as cause:
        return {RESULT: str(cause)}
    return {}


async def _submitted(turn: Turn) -> None:
    entered = entered_measure(turn.event.body["values"])
    runs = read_bench(entered[RESULT], PASTED)
    loaded = await turn.services.measurements.load_serving(
        turn.team_id, runs, served_of(entered), turn.user, turn.event.key
    )
    await turn.say(escaped(loaded_text(loaded)))


MEASURE = Feature(
    subcommand="measure",
    usage="measure [training …]",
    summary="load a throughput that you measured; figures then rest on it",
    command=_command,
    openers={"/measure": _form, LOAD: _form},
    checks={MEASURE_FORM: _wrong},
    views={MEASURE_FORM: _submitted},
)
