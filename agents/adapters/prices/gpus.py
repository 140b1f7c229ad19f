"""GPU prices from the shipped CSV, one line per offer, and what each kind of GPU can do."""

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from types import MappingProxyType

from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice

BASE_TIER = "secure cloud"


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the data sheet says: memory in bytes, dense bf16 FLOP/s, memory bandwidth in bytes/s."""

    memory_bytes: float
    flops: float
    bandwidth: float


# Memory is what the device reports: 2**30 multiples, except the H200, which is sold and reported as 141e9.
SIZES = MappingProxyType(
    {
        "A100-80": Sizes(80 * 2**30, 312e12, 2.039e12),
        "H100-80": Sizes(80 * 2**30, 989e12, 3.35e12),
        "H200-141": Sizes(141e9, 989e12, 4.8e12),
        "L40S-48": Sizes(48 * 2**30, 362e12, 0.864e12),
        "RTX4090-24": Sizes(24 * 2**30, 165e12, 1.008e12),
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the list."""

    gpu: str
    provider: str
    tier: str
    usd_per_hour: Decimal
    checked_on: dt.date


def gpu_prices() -> Mapping[str, GpuPrice]:
    """Return every GPU of the shipped list: its lowest, usual and highest offer.

    Raises:
        ValueError: The list cannot be read, or names a GPU without sizes here.
    """
    text = files(__package__).joinpath("gpu_prices.csv").read_text(encoding="utf-8")
    return prices_of(read_offers(text))


def read_offers(text: str) -> tuple[Offer, ...]:
    """Return the offers of a list in CSV.

    Raises:
        ValueError: A line lacks a column or holds a price or day that cannot be read.
    """
    found = []
    for number, line in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            found.append(_offer(line))
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise ValueError(f"GPU price list, line {number}: {dict(line)} cannot be read") from error
    return tuple(found)


def prices_of(offers: tuple[Offer, ...]) -> Mapping[str, GpuPrice]:
    """Return the band of each GPU's offers; as dated as its oldest offer.

    Raises:
        ValueError: A GPU has no usual offer, or no sizes here.
    """
    by_gpu: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers:
        by_gpu[offer.gpu].append(offer)
    return MappingProxyType({name: _gpu_price(name, listed) for name, listed in by_gpu.items()})


def _offer(line: Mapping[str, str]) -> Offer:
    price = Decimal(line["usd_per_hour"])
    if not price.is_finite() or price <= 0:
        raise ValueError("a price must be above zero")
    return Offer(line["gpu"], line["provider"], line["tier"], price, dt.date.fromisoformat(line["checked_on"]))


def _gpu_price(name: str, offers: list[Offer]) -> GpuPrice:
    usual = [offer for offer in offers if offer.tier == BASE_TIER]
    if len(usual) != 1 or name not in SIZES:
        raise ValueError(f"GPU price list: {name} needs exactly one {BASE_TIER!r} offer and known sizes")
    sizes = SIZES[name]
    prices = [offer.usd_per_hour for offer in offers]
    return GpuPrice(
        name=name,
        usd_per_hour=Band(min(prices), usual[0].usd_per_hour, max(prices)),
        memory_bytes=sizes.memory_bytes,
        flops=sizes.flops,
        bandwidth=sizes.bandwidth,
        source=_source(usual[0], offers),
        as_of=min(offer.checked_on for offer in offers),
    )


def _source(usual: Offer, offers: list[Offer]) -> str:
    """Return who asks the usual price, and where the range around it comes from."""
    others = sorted({offer.provider for offer in offers if offer is not usual})
    base = f"{usual.provider} {usual.tier}"
    return f"{base}; range: {', '.join(others)}" if others else base
