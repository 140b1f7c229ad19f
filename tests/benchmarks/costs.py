"""What a comparison, its charts and a verdict cost: milliseconds of CPU on one core, the median of many.

A comparison is priced whole, with sensitivity, break-evens, payback and the guide's figures, and stands beside the
bare calls of genai-prices for one request to each of its API models. A chart stands beside the barest figure that
matplotlib draws at the same size: two axes, one line, a title. A verdict, with what would change it and the next
question, stands beside reading the same answers from YAML.
"""

import datetime as dt
import io
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from typing import Any

import genai_prices
import yaml
from genai_prices import Usage
from matplotlib.figure import Figure

from agents.adapters import charts
from agents.adapters.charts import style
from agents.adapters.prices import price_book
from agents.costs.compare import compare
from agents.costs.documents import read_inputs
from agents.costs.prices.book import PriceBook
from agents.costs.report import to_json
from agents.decision import Facts, decide, parse_answers

KINDS = ("volume", "payback", "memory", "sensitivity")
MODELS = ["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-4-5"]
CLASSIFICATION = {"tokens_in": 500, "tokens_out": 10, "student": "8B", "usd_per_gpu_hour": 3.99}
WORKLOADS: Mapping[str, Mapping[str, Any]] = {
    "20K requests a day": {**CLASSIFICATION, "requests_per_day": 20_000},
    "3M requests a day, people's time": {
        **CLASSIFICATION,
        "requests_per_day": 3_000_000,
        "small_api_meets_bar": "no",
        "engineering_day_rate": 800,
    },
    "documents": {"requests_per_day": 20_000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000},
    "8 API models": {
        **CLASSIFICATION,
        "requests_per_day": 200_000,
        "models": [*MODELS, "claude-opus-4-1", "gpt-4o", "gpt-6.1-sol", "gpt-6-luna"],
    },
    "air-gapped": {**CLASSIFICATION, "requests_per_day": 100_000, "air_gapped": True},
}
ANSWERS = """
problem: [cost]
prompt_tried: systematic
evals: golden
demand: proven
requests_per_day: 1000000
task_type: classification
teacher_meets_bar: 'yes'
small_api_meets_bar: 'no'
residency: api_ok
"""


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield the CPU of comparisons, charts and a verdict, each beside its reference."""
    book = price_book(dt.datetime.now(dt.UTC).date())
    for case, document in WORKLOADS.items():
        yield _figure("compare", case, _comparison_ms(document, book), *_calls(document, book))
    floor_ms = _median_ms(_bare_figure, 9)
    for case, document in WORKLOADS.items():
        comparison = compare(read_inputs(document), book)
        for kind in KINDS:
            taken = _median_ms(lambda kind=kind, one=comparison: charts.png(kind, one), 9)  # type: ignore[misc]  # mypy knows no defaults of lambdas
            yield _figure(f"chart of {kind}", case, taken, "a bare figure of the same size", floor_ms)
    facts = Facts(payback_days=11.3)
    answers = parse_answers(yaml.safe_load(ANSWERS))
    reading_ms = _median_ms(lambda: parse_answers(yaml.safe_load(ANSWERS)), 51)
    decided = _median_ms(lambda: decide(answers, facts), 51)
    yield _figure("decide", "a verdict on cost", decided, "reading its answers from YAML", reading_ms)


def _comparison_ms(document: Mapping[str, Any], book: PriceBook) -> float:
    return _median_ms(lambda: to_json(compare(read_inputs(document), book)), 21)


def _calls(document: Mapping[str, Any], book: PriceBook) -> tuple[str, float]:
    """Return what the bare prices of the comparison's API models take."""
    rows = compare(read_inputs(document), book).rows
    names = [row.id.partition(":")[2] for row in rows if row.kind == "prompt"]
    usage = Usage(input_tokens=int(document["tokens_in"]), output_tokens=int(document["tokens_out"]))
    now = dt.datetime.now(dt.UTC)

    def priced() -> list[Decimal]:
        return [
            genai_prices.calc_price(
                usage, name, provider_id=book.model(name).provider, genai_request_timestamp=now
            ).total_price
            for name in names
        ]

    return f"genai-prices of one request to each of {len(names)} models", _median_ms(priced, 21)


def _bare_figure() -> None:
    inches = (style.WIDTH_PX / style.DOTS_PER_INCH, style.HEIGHT_PX / style.DOTS_PER_INCH)
    figure = Figure(figsize=inches, dpi=style.DOTS_PER_INCH)
    axes = figure.subplots()
    axes.plot([1, 10, 100, 1_000], [1, 10, 100, 1_000])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title("cost against volume")
    figure.savefig(io.BytesIO(), format="png")


def _median_ms(work: Callable[[], object], times: int) -> float:
    """Return the median CPU time of some work, once warm, so that other processes do not count."""
    work()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(1_000 * (time.process_time() - begun))
    return statistics.median(taken)


def _figure(metric: str, case: str, taken_ms: float, reference: str, floor_ms: float) -> Mapping[str, Any]:
    return {
        "suite": "costs",
        "case": case,
        "metric": metric,
        "value": round(taken_ms, 3),
        "unit": "ms of CPU",
        "reference": f"{reference}: {floor_ms:.3g} ms",
        "ratio": round(taken_ms / floor_ms, 3),
    }
