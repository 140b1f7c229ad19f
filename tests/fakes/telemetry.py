"""What was measured, kept in memory; and a collector on loopback that takes OTLP as a real one does."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agents.telemetry import Telemetry


class Kept:
    """Telemetry by the real SDK, whose spans and metrics stay here."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self._tracers = TracerProvider(shutdown_on_exit=False)
        self._tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.telemetry = Telemetry(self._tracers, self._meters)

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Return the spans that have ended, in the order of their ends."""
        return [span for span in self._spans.get_finished_spans() if name in (None, span.name)]

    def attributes(self, name: str) -> list[Mapping[str, Any]]:
        """Return the attributes of the spans of a name."""
        return [dict(span.attributes or {}) for span in self.spans(name)]

    def points(self, metric: str, *labels: str) -> dict[tuple[Any, ...], float]:
        """Return the sums of a metric by the values of some labels; of a duration, how many were measured."""
        found: dict[tuple[Any, ...], float] = {}
        for one in self._metrics():
            for point in one.data.data_points if one.name == metric else ():
                key = tuple(point.attributes.get(label) for label in labels)
                found[key] = found.get(key, 0) + _value(point, one.unit)
        return found

    def everything(self) -> str:
        """Return all that a collector would be sent, as text."""
        metrics = [json.loads(one.to_json()) for one in self._metrics()]
        return "\n".join([*(span.to_json() for span in self.spans()), json.dumps(metrics)])

    def _metrics(self) -> list[Any]:
        data = self._reader.get_metrics_data()
        return [
            metric
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]


def _value(point: Any, unit: str) -> float:
    if isinstance(point, HistogramDataPoint):
        return point.count if unit == "s" else point.sum
    return float(point.value)


class Collector:
    """A collector on loopback: takes spans and metrics over OTLP, or lets whoever sends wait.

    Attributes:
        url: What the variables name.
        spans: The names of the spans that arrived.
        metrics: The names of the metrics that arrived.
        resources: What every message said of its process.
        status: What it answers.
        hangs: Whether it answers nothing until it is left.
    """

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[str] = []
        self.metrics: list[str] = []
        self.resources: list[dict[str, str]] = []
        self.status = 200
        self.hangs = False
        self._released = asyncio.Event()
        application = web.Application()
        application.router.add_post("/v1/traces", self._take_spans)
        application.router.add_post("/v1/metrics", self._take_metrics)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        await self._runner.cleanup()

    async def _take_spans(self, request: web.Request) -> web.Response:
        message = ExportTraceServiceRequest.FromString(await request.read())
        for resource in message.resource_spans:
            self._know(resource.resource)
            self.spans += [span.name for scope in resource.scope_spans for span in scope.spans]
        return await self._answer()

    async def _take_metrics(self, request: web.Request) -> web.Response:
        message = ExportMetricsServiceRequest.FromString(await request.read())
        for resource in message.resource_metrics:
            self._know(resource.resource)
            self.metrics += [metric.name for scope in resource.scope_metrics for metric in scope.metrics]
        return await self._answer()

    def _know(self, resource: Any) -> None:
        self.resources.append({each.key: each.value.string_value for each in resource.attributes})

    async def _answer(self) -> web.Response:
        if self.hangs:
            await self._released.wait()
        return web.Response(status=self.status, content_type="application/x-protobuf")
