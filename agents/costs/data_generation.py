"""What it costs to have a teacher model write training examples."""

from dataclasses import dataclass
from decimal import Decimal

from agents.costs.api import request_usd
from agents.costs.prices.book import ModelPrice


@dataclass(frozen=True, slots=True)
class DataGeneration:
    """Examples wanted, the share that the filter rejects, and the teacher's tokens for each."""

    examples_kept: Decimal
    reject_rate: Decimal
    tokens_in: Decimal
    tokens_out: Decimal

    @property
    def requests(self) -> Decimal:
        """Requests on average until enough examples are kept."""
        return self.examples_kept / (1 - self.reject_rate)


def data_generation_usd(teacher: ModelPrice, plan: DataGeneration, *, batch: bool) -> Decimal:
    """Return the price of the examples; `batch` uses the teacher's batch rates where it has any."""
    return plan.requests * request_usd(teacher, plan.tokens_in, plan.tokens_out, batch=batch)
