"""Fetching lists: the newest API prices over HTTP on loopback, GPU offers from a strict stand-in for gpuhunt."""

import datetime as dt
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from agents.adapters.prices import price_book
from agents.adapters.prices.genai import GenaiPrices
from agents.adapters.prices.gpuhunt import GPUS, GpuHunt
from agents.adapters.prices.gpus import SIZES, gpu_prices
from agents.adapters.prices.patience import in_thread
from agents.costs.prices.book import PriceSourceError

TODAY = dt.date(2026, 12, 20)


def a_list(**changed: Any) -> list[dict[str, Any]]:
    """Return a list as it is published, with these prices for Sonnet 5.5."""
    sonnet = {"input_mtok": 1.5, "output_mtok": 7.5, "cache_read_mtok": 0.1, **changed}
    models = [model("claude-sonnet-5-5", sonnet)]
    models += [model(f"claude-{number}", {"input_mtok": 1, "output_mtok": 2}) for number in range(60)]
    provider = {"id": "anthropic", "name": "Anthropic", "api_pattern": "https://x", "models": models}
    return [provider]


def model(name: str, prices: Any) -> dict[str, Any]:
    return {"id": name, "match": {"equals": name}, "prices": prices}


Serve = Callable[[Any], None]


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, Serve]]:
    """An address, and what sets what it answers."""
    answer: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.Response:
        del request
        return web.Response(body=answer["body"], status=answer.get("status", 200))

    def serve(body: Any, status: int = 200) -> None:
        answer["body"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer["status"] = status

    app = web.Application()
    app.router.add_get("/data.json", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/data.json", serve
    await runner.cleanup()


async def test_the_newest_list_is_read_with_the_same_guards_as_the_shipped_one(served: tuple[str, Serve]) -> None:
    url, serve = served
    serve(a_list())
    found = await GenaiPrices(url).fetch(TODAY)
    sonnet = found.models["claude-sonnet-5-5"]
    assert (sonnet.standard.input, sonnet.standard.output) == (Decimal("1.5"), Decimal("7.5"))
    assert sonnet.batch is not None
    assert sonnet.batch.input == Decimal("0.75"), "the list has no batch rates, the provider publishes half price"
    assert sonnet.as_of == TODAY


async def test_what_is_fetched_does_not_change_the_shipped_list(served: tuple[str, Serve]) -> None:
    url, serve = served
    serve(a_list())
    await GenaiPrices(url).fetch(TODAY)
    assert price_book(TODAY).model("claude-sonnet-5-5").standard.input == Decimal(2)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"<html>blocked</html>", 200, "holds no list of API prices"),
        ({"models": []}, 200, "holds no list of API prices"),
        ([{"id": "anthropic"}], 200, "holds no list of API prices"),
        ([], 200, "0 models and is not the whole list"),
        (a_list()[:0], 503, "was not fetched"),
        (b"", 404, "was not fetched"),
    ],
)
async def test_an_answer_that_is_no_list_is_refused(
    served: tuple[str, Callable[[Any, int], None]], body: Any, status: int, says: str
) -> None:
    url, serve = served
    serve(body, status)
    with pytest.raises(PriceSourceError, match=says):
        await GenaiPrices(url).fetch(TODAY)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/data.json", "nowhere", "http://"])
async def test_an_address_that_does_not_answer_is_said(url: str) -> None:
    with pytest.raises(PriceSourceError, match="API prices"):
        await GenaiPrices(url).fetch(TODAY)


@dataclass(slots=True)
class Offer:
    """An offer with the fields that gpuhunt 0.1.34 gives it."""

    provider: str
    price: float
    gpu_count: int
    gpu_name: str | None
    gpu_memory: float | None
    spot: bool
    instance_name: str = "x"
    location: str = "eu"


@dataclass(slots=True)
class Catalog:
    """gpuhunt's catalogue as far as it is used: asked before it is loaded, or for what it does not know, it refuses."""

    offers: list[Offer] = field(default_factory=list)
    fault: Exception | None = None
    is_loaded: bool = False

    def load(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.is_loaded = True

    def query(
        self, *, provider: list[str], gpu_vendor: str, gpu_name: list[str], min_gpu_count: int, spot: bool
    ) -> list[Offer]:
        known = {"aws", "azure", "verda", "gcp", "lambdalabs", "nebius", "oci", "runpod", "cloudrift"}
        if not set(provider) <= known:
            raise ValueError(f"Unknown provider: {provider}")
        assert self.is_loaded
        assert (gpu_vendor, min_gpu_count, spot) == ("nvidia", 1, False)
        return [offer for offer in self.offers if offer.gpu_name in gpu_name and offer.spot == spot]


OFFERS = [
    Offer("runpod", 3.2, 1, "H100", 80, False),
    Offer("runpod", 2.9, 1, "H100", 80, False),
    Offer("aws", 55.04, 8, "H100", 80, False),
    Offer("lambdalabs", 3.99, 1, "H100", 80, False),
    Offer("runpod", 0.5, 1, "H100", 80, True),
    Offer("gcp", 2.1, 1, "A100", 40, False),
    Offer("gcp", 0, 1, "L40S", 48, False),
    Offer("gcp", float("nan"), 1, "L40S", 48, False),
    Offer("oci", 10.0, 0, "H200", 141, False),
]


async def test_a_gpu_costs_the_middle_of_what_each_provider_asks_at_least() -> None:
    found = await GpuHunt(lambda: Catalog(list(OFFERS)), "0.1.34").fetch(TODAY)
    assert set(found.gpus) == {"H100-80"}, "spot, smaller cards, and prices that are none are left out"
    h100 = found.gpus["H100-80"]
    band = h100.usd_per_hour
    assert (band.low, band.base, band.high) == (Decimal("2.9"), Decimal("3.99"), Decimal("6.88"))
    assert h100.source == "gpuhunt 0.1.34; the middle of aws, lambdalabs, runpod"
    assert h100.memory_bytes == 80 * 2**30


@pytest.mark.parametrize(
    ("catalog", "says"),
    [
        (Catalog(fault=OSError("no network")), "brought no GPU prices: no network"),
        (Catalog(fault=RuntimeError()), "brought no GPU prices: RuntimeError"),
        (Catalog(), "has no offer for any of"),
    ],
)
async def test_a_catalogue_that_brings_nothing_is_said(catalog: Catalog, says: str) -> None:
    with pytest.raises(PriceSourceError, match=says):
        await GpuHunt(lambda: catalog, "0.1.34").fetch(TODAY)


def test_every_gpu_that_is_asked_for_is_one_of_the_shipped_list() -> None:
    assert set(GPUS.values()) == set(SIZES) == set(gpu_prices())


async def test_a_call_that_takes_too_long_is_left_to_itself() -> None:
    release = threading.Event()
    with pytest.raises(PriceSourceError, match=r"within 0\.05 s"):
        await in_thread(release.wait, patience_s=0.05)
    release.set()
