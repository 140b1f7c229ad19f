"""A list of prices in a test's hand: what it says is set, and how often it was asked is counted."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceList, PriceSourceError, Rates
from agents.services.people import People
from agents.services.price_refresh import PriceRefresh
from agents.services.prices import PriceBooks, Prices
from agents.store.db import Database
from tests.people import make_people

TEAM, OTHER_TEAM = "T0LOCAL", "T0OTHER"
ADMIN, APPROVER, ALICE = "U0ADA", "U0BOB", "U0ALICE"
SHIPPED_ON, TODAY = dt.date(2026, 11, 1), dt.date(2026, 11, 23)


def make_model(
    name: str, tokens_in: str = "2", tokens_out: str = "10", *, as_of: dt.date = SHIPPED_ON, source: str = "shelf 1"
) -> ModelPrice:
    standard = Rates(Decimal(tokens_in), Decimal(tokens_out), Decimal(tokens_in) / 10, Decimal(tokens_in))
    return ModelPrice(name, "anthropic", standard, source, as_of, batch=standard.times(Decimal("0.5")))


def make_gpu(name: str, usd: str, *, as_of: dt.date = SHIPPED_ON) -> GpuPrice:
    band = Band(Decimal(usd) / 2, Decimal(usd), Decimal(usd) * 2)
    return GpuPrice(name, band, 80 * 2**30, 989e12, 3.35e12, "shelf of GPUs", as_of)


def make_book() -> PriceBook:
    models = [make_model("large"), make_model("small", "0.1", "0.5")]
    return PriceBook(
        as_of=TODAY, models={model.id: model for model in models}, gpus={"H100-80": make_gpu("H100-80", "4")}
    )


@dataclass(slots=True)
class Shelf:
    """A price source that says what it is told to."""

    name: str = "shelf"
    version: str = "2"
    models: dict[str, ModelPrice] = field(default_factory=dict)
    gpus: dict[str, GpuPrice] = field(default_factory=dict)
    fault: str = ""
    asked: int = 0

    async def fetch(self, today: dt.date) -> PriceList:
        del today
        self.asked += 1
        if self.fault:
            raise PriceSourceError(self.fault)
        return PriceList(self.name, self.version, dict(self.models), dict(self.gpus))

    def put(self, *models: ModelPrice) -> None:
        self.models = {model.id: model for model in models}


def people() -> People:
    return make_people(approvers={APPROVER}, admins={ADMIN})


BOOK = make_book()


def make_books() -> PriceBooks:
    return PriceBooks(lambda: BOOK)


def make_prices(database: Database, books: PriceBooks | None = None) -> Prices:
    return Prices(database, people(), books or make_books())


def make_refresh(database: Database, *shelves: Shelf, every: dt.timedelta | None = None) -> PriceRefresh:
    return PriceRefresh(database, people(), shelves, lambda: TODAY, every)
