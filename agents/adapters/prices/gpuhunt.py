"""GPU prices of today from the optional package gpuhunt, which gathers the offers of cloud providers.

It fetches a catalogue for each provider over the network; without the package, or offline, the dated list that is
shipped stays in use. It is licensed under MPL 2.0 and used as it is.
"""

import datetime as dt
import importlib
import importlib.metadata
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from statistics import median
from types import MappingProxyType
from typing import Any, Protocol

from agents.adapters.prices.gpus import SIZES
from agents.adapters.prices.patience import in_thread
from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, PriceList, PriceSourceError

NAME = "gpuhunt"
# Its names and GiB of memory for the GPUs that are known here.
GPUS = MappingProxyType(
    {
        ("A100", 80): "A100-80",
        ("H100", 80): "H100-80",
        ("H200", 141): "H200-141",
        ("L40S", 48): "L40S-48",
        ("RTX4090", 24): "RTX4090-24",
    }
)
# Providers whose catalogues it fetches without an account.
PROVIDERS = ("aws", "azure", "cloudrift", "gcp", "lambdalabs", "nebius", "oci", "runpod", "verda")
# Outside of these an hour's price is a fault of the catalogue.
_LEAST_USD, _MOST_USD = Decimal("0.01"), Decimal(1_000)
_PATIENCE_S = 180.0


class Offer(Protocol):
    """What is used of an offer: USD per hour for all its GPUs."""

    provider: str
    price: float
    gpu_count: int
    gpu_name: str | None
    gpu_memory: float | None
    spot: bool


class Catalog(Protocol):
    """What is used of gpuhunt's catalogue."""

    def load(self) -> None:
        """Fetch the catalogues of all providers."""

    def query(
        self, *, provider: list[str], gpu_vendor: str, gpu_name: list[str], min_gpu_count: int, spot: bool
    ) -> Iterable[Offer]:
        """Return the offers that fit."""


def _installed_catalog() -> Catalog:
    # Imported when it is used: it is no part of the default install.
    package: Any = importlib.import_module(NAME)
    catalog: Catalog = package.Catalog(auto_reload=False)
    return catalog


class GpuHunt:
    """What providers ask for GPUs, on demand.

    Args:
        open_catalog: Returns a catalogue that is not loaded yet; that of the package by default.
        version: Of the package; the one installed by default.
    """

    name = NAME

    def __init__(self, open_catalog: Callable[[], Catalog] = _installed_catalog, version: str | None = None) -> None:
        self._open = open_catalog
        self.version = version or importlib.metadata.version(NAME)

    @staticmethod
    def is_installed() -> bool:
        """Return whether the package is there."""
        return importlib.util.find_spec(NAME) is not None

    async def fetch(self, today: dt.date) -> PriceList:
        """Return today's price of each GPU that is known here: least, middle and most of what providers ask.

        Raises:
            PriceSourceError: No catalogue could be fetched, or none has such a GPU.
        """
        offers = await in_thread(self._offers, patience_s=_PATIENCE_S)
        gpus = gpu_prices(offers, f"{NAME} {self.version}", today)
        if not gpus:
            raise PriceSourceError(f"{NAME} has no offer for any of: {', '.join(SIZES)}.")
        return PriceList(source=NAME, version=self.version, gpus=gpus)

    def _offers(self) -> tuple[Offer, ...]:
        try:
            catalog = self._open()
            catalog.load()
            names = sorted({name for name, _ in GPUS})
            found = catalog.query(
                provider=list(PROVIDERS), gpu_vendor="nvidia", gpu_name=names, min_gpu_count=1, spot=False
            )
            return tuple(found)
        # A package of many providers, each with errors of its own.
        except Exception as cause:
            raise PriceSourceError(f"{NAME} brought no GPU prices: {str(cause) or type(cause).__name__}.") from cause


def gpu_prices(offers: Iterable[Offer], source: str, today: dt.date) -> Mapping[str, GpuPrice]:
    """Return a price for each GPU: of every provider its least offer per GPU hour, and of these the middle."""
    least: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for offer in offers:
        name = GPUS.get((offer.gpu_name or "", round(offer.gpu_memory or 0)))
        if name is None or offer.spot or offer.gpu_count < 1:
            continue
        price = Decimal(str(offer.price)) / offer.gpu_count
        if price.is_finite() and _LEAST_USD <= price <= _MOST_USD:
            known = least[name].get(offer.provider)
            least[name][offer.provider] = price if known is None else min(known, price)
    return MappingProxyType({name: _gpu_price(name, least[name], source, today) for name in SIZES if name in least})


def _gpu_price(name: str, least: Mapping[str, Decimal], source: str, today: dt.date) -> GpuPrice:
    sizes, prices = SIZES[name], [price.quantize(Decimal("0.0001")) for price in least.values()]
    return GpuPrice(
        name=name,
        usd_per_hour=Band(min(prices), median(prices), max(prices)),
        memory_bytes=sizes.memory_bytes,
        flops=sizes.flops,
        bandwidth=sizes.bandwidth,
        source=f"{source}; the middle of {', '.join(sorted(least))}",
        as_of=today,
    )
