"""A default as somebody types it by hand: its name, its value, and whether anything can be priced with it; pure."""

import re
from typing import Any

from agents.costs.prices.book import PriceBook
from agents.decision.answers import Answers
from agents.decision.parsing import closest, parse_answers
from agents.errors import UserError
from agents.services.answer_values import read_entered
from agents.services.cost_fields import BY_KEY, read_field
from agents.services.cost_inputs import compared, inputs_document
from agents.services.default_views import NAMES, SETTINGS, label

_ANY_WORK = {"requests_per_day": 1_000, "tokens_in": 1_000, "tokens_out": 100}


def read_name(text: str) -> str:
    """Return the name of a default from how somebody wrote it.

    Raises:
        UserError: There is no such default; the text lists those that there are.
    """
    plain = re.sub(r"[\s_-]+", " ", text).strip().lower()
    by_words = {**{name.replace("_", " "): name for name in NAMES}, **{label(name).lower(): name for name in NAMES}}
    if not plain:
        raise UserError(f"Write what to remember: {', '.join(NAMES)}.")
    if plain not in by_words:
        raise UserError(f"{text.strip()!r} is nothing that is remembered. {closest(text.strip(), NAMES)}")
    return by_words[plain]


def read_default(name: str, text: str, book: PriceBook) -> dict[str, Any]:
    """Return values by name from what somebody typed; a volume may come with its peak.

    Raises:
        UserError: It cannot be read, or nobody knows its price; the text shows one that can.
    """
    if not text.strip():
        raise UserError(f"Write a value after {name}. {_example(name)}")
    if name in SETTINGS:
        return {name: _setting(name, text, book)}
    values = {slot: value for slot, value in read_entered(name, text).values.items() if value is not None}
    if name not in values:
        raise UserError(f"{text.strip()!r} says that it is not known, which is nothing to remember. {_example(name)}")
    require_priced(name, values[name], book)
    return values


def require_priced(name: str, value: Any, book: PriceBook) -> None:
    """Require that a comparison can be made with a value.

    Raises:
        UserError: It cannot, as where a model has left the price lists.
    """
    if name in SETTINGS:
        compared({**_ANY_WORK, name: value}, book)
        return
    answers = parse_answers({name: value})
    if answers.gpu is not None and answers.gpu.count:
        book.gpu(answers.gpu.kind)
    # What cannot be a part of any comparison is refused here, with the cost core's own words.
    compared({**_ANY_WORK, **_inputs(answers)}, book)


def _inputs(answers: Answers) -> dict[str, Any]:
    return {key: value for key, value in inputs_document(answers).items() if key not in ("gpu", "n_gpu")}


def _setting(name: str, text: str, book: PriceBook) -> Any:
    value = read_field(BY_KEY[name], text)
    if name == "models":
        value = [book.model(each).id for each in value]
    require_priced(name, value, book)
    return value


def _example(name: str) -> str:
    example = BY_KEY[name].example if name in BY_KEY else ""
    return f"For example: {example}" if example else ""
