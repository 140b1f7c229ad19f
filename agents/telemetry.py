"""What Cairn tells of its own work: spans of turns, tools and stages, and their metrics, by the OpenTelemetry API.

The API is the port: without the providers of an SDK it does nothing. Names of `gen_ai.*` are those of OpenTelemetry's
semantic conventions; the duration of turns, tools and stages counts them as well. Nothing here takes a text that a
person, a document or a model wrote, or an exception's words: attributes are names out of this code, ids and counts.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from opentelemetry import trace
from opentelemetry.metrics import Histogram, MeterProvider, NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider, Span, StatusCode, TracerProvider

from agents.dialogue.chat import FailureKind, ModelFailure, Usage
from agents.dialogue.guard import Reason

SCOPE: Final = "cairn"
UNKNOWN: Final = "unknown"
_DONE, _FAILED = "done", "failed"

# A server names the category of its refusal, and could write anything there.
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
# A turn takes from milliseconds, where a button is pressed, to the minutes that several calls of a model may take.
_TURN_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_STAGE_S: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400)
_TOKENS: Final = (1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576)

Label = str | int | bool


class Measured:
    """A piece of work while it goes on; what is said of it here is told when it ends."""

    def __init__(self, span: Span, labels: dict[str, Label]) -> None:
        self._span = span
        self.labels = labels

    def label(self, name: str, value: Label) -> None:
        """Say something of the span and of its metric: one of few values."""
        self.labels[name] = value
        self._span.set_attribute(name, value)

    def detail(self, name: str, value: Label) -> None:
        """Say something of the span alone."""
        self._span.set_attribute(name, value)

    def ended(self, outcome: str) -> None:
        """Say how it ended."""
        self.label("cairn.outcome", outcome)
        if outcome == _FAILED:
            self._span.set_status(StatusCode.ERROR)


class Telemetry:
    """Spans and metrics of turns, tools, calls of models and stages; by default they go nowhere.

    Args:
        tracer_provider: Where spans go; the Anthropic SDK gets it as well for those of its own.
        meter_provider: Where metrics go.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self.tracer_provider = tracer_provider or NoOpTracerProvider()
        self._tracer = self.tracer_provider.get_tracer(SCOPE)
        meter = (meter_provider or NoOpMeterProvider()).get_meter(SCOPE)
        self._turns = meter.create_histogram(
            "cairn.turn.duration",
            unit="s",
            description="Turns of conversations, by who talked.",
            explicit_bucket_boundaries_advisory=_TURN_S,
        )
        self._tools = meter.create_histogram(
            "cairn.tool.duration",
            unit="s",
            description="Calls of tools, by name and outcome.",
            explicit_bucket_boundaries_advisory=_TURN_S,
        )
        self._stages = meter.create_histogram(
            "cairn.stage.duration",
            unit="s",
            description="Attempts at stages of runs, by outcome.",
            explicit_bucket_boundaries_advisory=_STAGE_S,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens of each call of a model, those of its cache among the input.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._cached = meter.create_counter(
            "cairn.talk.cached_tokens", unit="{token}", description="Input that was read from a cache or written to it."
        )
        self._usd = meter.create_counter(
            "cairn.talk.usd", unit="{USD}", description="What calls of models cost, as far as their usage is known."
        )
        self._degraded = meter.create_counter(
            "cairn.degraded_turns", unit="{turn}", description="Turns that went on without their model, by what failed."
        )
        self._refusals = meter.create_counter(
            "cairn.refusals", unit="{call}", description="Calls that a model refused, by its category."
        )
        self._withheld = meter.create_counter(
            "cairn.withheld_sentences", unit="{sentence}", description="Sentences of a model not shown, by what for."
        )

    @contextmanager
    def turn(self, conversation_id: str) -> Iterator[Measured]:
        """Measure a turn of a conversation; spans that begin within are its children."""
        ids: dict[str, Label] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "cairn",
            "gen_ai.conversation.id": conversation_id,
        }
        with self._measured("invoke_agent cairn", self._turns, {}, ids) as measured:
            yield measured

    @contextmanager
    def tool(self, name: str) -> Iterator[Measured]:
        """Measure a call of a tool; its name is one of ours, and `UNKNOWN` where a model made one up."""
        labels: dict[str, Label] = {"gen_ai.tool.name": name}
        ids: dict[str, Label] = {"gen_ai.operation.name": "execute_tool"}
        with self._measured(f"execute_tool {name}", self._tools, labels, ids) as measured:
            yield measured

    @contextmanager
    def stage(self, *, run_id: str, kind: str, name: str, attempt: int) -> Iterator[Measured]:
        """Measure an attempt at a stage of a run."""
        labels: dict[str, Label] = {"cairn.run.kind": kind, "cairn.stage.name": name}
        ids: dict[str, Label] = {"cairn.run.id": run_id, "cairn.stage.attempt": attempt}
        with self._measured(f"stage {name}", self._stages, labels, ids) as measured:
            yield measured

    def degraded(self, kind: FailureKind) -> None:
        """Count a turn that goes on without its model, and mark the turn's span."""
        trace.get_current_span().set_attribute("cairn.degraded_by", kind)
        self._degraded.add(1, {"cairn.failure": kind})

    def withheld(self, kind: Reason) -> None:
        """Count a sentence that is not shown."""
        self._withheld.add(1, {"cairn.withheld": kind})

    def called(
        self, *, model: str, provider: str, usage: Usage | None, cost_usd: Decimal | None, failure: ModelFailure | None
    ) -> None:
        """Count a call of a model that has ended, once; what is not known of it is not counted."""
        labels = {"gen_ai.request.model": model, "gen_ai.provider.name": provider}
        if failure is not None and failure.kind == "refused":
            named = failure.category or UNKNOWN
            category = named if _CATEGORY.fullmatch(named) else "other"
            self._refusals.add(1, {**labels, "cairn.refusal.category": category})
        if cost_usd is not None:
            self._usd.add(float(cost_usd), labels)
        if usage is None:
            return
        cached = {"read": usage.cache_read_tokens, "write": usage.cache_write_tokens}
        for kind, tokens in cached.items():
            if tokens:
                self._cached.add(tokens, {**labels, "cairn.cache": kind})
        sides = {"input": usage.input_tokens + sum(cached.values()), "output": usage.output_tokens}
        for side, tokens in sides.items():
            if tokens:
                self._tokens.record(tokens, {**labels, "gen_ai.operation.name": "chat", "gen_ai.token.type": side})

    @contextmanager
    def _measured(
        self, name: str, duration: Histogram, labels: dict[str, Label], ids: dict[str, Label]
    ) -> Iterator[Measured]:
        """Measure a piece of work as a span and in a histogram, which has its labels."""
        begun_s = time.perf_counter()
        with self._tracer.start_as_current_span(
            name,
            attributes={**labels, **ids},
            # An exception's text and its traceback can quote a message, a document or a key.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            measured = Measured(span, labels)
            try:
                yield measured
            except BaseException as error:
                measured.label("error.type", type(error).__qualname__)
                if isinstance(error, Exception):
                    measured.ended(_FAILED)
                raise
            finally:
                duration.record(time.perf_counter() - begun_s, measured.labels)
