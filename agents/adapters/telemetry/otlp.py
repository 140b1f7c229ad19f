"""The SDK of OpenTelemetry with its exporters over OTLP; imported only where a collector is named."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

_PROBE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Providers:
    """Where spans and metrics go, None for nowhere, and what ends them; each of that may block."""

    spans: TracerProvider | None
    metrics: MeterProvider | None

    @property
    def shutdowns(self) -> Sequence[Callable[[], object]]:
        """What sends the rest and ends."""
        return [each.shutdown for each in (self.spans, self.metrics) if each is not None]


def open_providers(process: str, *, sends_spans: bool, sends_metrics: bool) -> Providers:
    """Return providers that send to the collectors which the variables name.

    Raises:
        ValueError: A variable has a value that the SDK cannot use; of most it only warns.
    """
    ours = Resource({"service.name": "cairn", "service.version": version("cairn-slack"), "cairn.process": process})
    # What the variables say stands above what is said here.
    resource = Resource.create().merge(ours).merge(OTELResourceDetector().detect())
    spans, metrics = None, None
    # Whoever opened them ends them in time; the SDK's own exit handler would wait for half a minute.
    if sends_spans:
        spans = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    if sends_metrics:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    return Providers(spans, metrics)


def takes_nothing(*, asks_spans: bool, asks_metrics: bool) -> Sequence[str]:
    """Return what a collector does not take, sending it an empty message of each kind; blocks for seconds."""
    refused = []
    with _in_silence():
        if asks_spans:
            spans = OTLPSpanExporter(timeout=_PROBE_S)
            if spans.export(()) is not SpanExportResult.SUCCESS:
                refused.append("spans")
            spans.shutdown()  # type: ignore[no-untyped-call]  # the SDK gives it no types
        if asks_metrics:
            metrics = OTLPMetricExporter(timeout=_PROBE_S)
            if metrics.export(MetricsData(())) is not MetricExportResult.SUCCESS:
                refused.append("metrics")
            metrics.shutdown()
    return refused


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep the exporters from logging each of their tries: whoever asks is told what came of them."""
    logger = logging.getLogger("opentelemetry.exporter")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
