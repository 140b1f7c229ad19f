"""Prices of whoever runs Cairn, from a YAML file with the same two parts as a cost file."""

import datetime as dt
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from agents.costs.inputs import GpuInput, Model, ModelRatesInput
from agents.costs.prices.book import PriceBook
from agents.costs.prices.overrides import OwnPrice, with_own_prices
from agents.errors import UserError
from agents.yaml_text import parse_yaml

_HOW = "It holds prices_usd_per_mtok: {MODEL: {i: .., o: ..}} and gpus: {GPU: {usd: ..}}, as a cost file does."


class PriceFile(Model):
    """What such a file holds."""

    prices_usd_per_mtok: Annotated[dict[str, ModelRatesInput], Field(default_factory=dict, description="API prices")]
    gpus: Annotated[dict[str, GpuInput], Field(default_factory=dict, description="GPU prices")]


def read_own_prices(path: Path, book: PriceBook) -> tuple[OwnPrice, ...]:
    """Return the prices that a file gives, as of the day on which it was last changed.

    Raises:
        UserError: It cannot be read, or a price in it cannot be used; the text says which.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8")) or {}
        changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
    except (OSError, UnicodeDecodeError) as cause:
        raise UserError(f"CAIRN_PRICES={path} cannot be read: {cause}. Correct the path, or unset it.") from cause
    except UserError as cause:
        raise UserError(f"CAIRN_PRICES={path}: {cause} {_HOW}") from cause
    try:
        found = PriceFile.model_validate(content)
    except ValidationError as cause:
        first = cause.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(f"CAIRN_PRICES={path}: {place} cannot be {first.get('input')!r}: {reason}. {_HOW}") from cause
    models = [OwnPrice(name, rates, "CAIRN_PRICES", changed) for name, rates in found.prices_usd_per_mtok.items()]
    gpus = [OwnPrice(name, hour, "CAIRN_PRICES", changed) for name, hour in found.gpus.items()]
    own = (*models, *gpus)
    try:
        with_own_prices(book, own)
    except UserError as cause:
        raise UserError(f"CAIRN_PRICES={path}: {cause}") from cause
    return own
