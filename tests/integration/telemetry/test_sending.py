"""Sending to a collector over OTLP: what turns it on, what is sent, and what a collector that fails may cost."""

import sys
from collections.abc import AsyncIterator

import pytest

from agents.adapters.telemetry import ENDPOINT, PROTOCOL, open_telemetry, standing
from agents.telemetry import Telemetry
from tests.fakes.telemetry import Collector

pytestmark = pytest.mark.integration


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector that the variables name."""
    async with Collector() as opened:
        monkeypatch.setenv(ENDPOINT, opened.url)
        # Long, so that what arrives was sent by the end.
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "600000")
        yield opened


def work(telemetry: Telemetry) -> None:
    with telemetry.tool("recommend") as measured:
        measured.ended("done")


async def test_what_is_left_is_sent_at_the_end(collector: Collector) -> None:
    async with open_telemetry("serve", flush_s=60) as telemetry:
        work(telemetry)
        assert (collector.spans, collector.metrics) == ([], [])

    assert (collector.spans, collector.metrics) == (["execute_tool recommend"], ["cairn.tool.duration"])
    for resource in collector.resources:
        assert (resource["service.name"], resource["cairn.process"]) == ("cairn", "serve")


async def test_the_variables_name_the_service(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "advice")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")

    async with open_telemetry("worker", flush_s=60) as telemetry:
        work(telemetry)

    for resource in collector.resources:
        assert (resource["service.name"], resource["deployment.environment.name"]) == ("advice", "staging")


@pytest.mark.parametrize(
    ("variable", "value", "arrives"),
    [
        ("OTEL_SDK_DISABLED", "true", ([], [])),
        ("OTEL_TRACES_EXPORTER", "none", ([], ["cairn.tool.duration"])),
        ("OTEL_METRICS_EXPORTER", "none", (["execute_tool recommend"], [])),
    ],
)
async def test_each_part_can_be_turned_off(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    arrives: tuple[list[str], list[str]],
) -> None:
    monkeypatch.setenv(variable, value)

    async with open_telemetry("serve", flush_s=60) as telemetry:
        work(telemetry)

    assert (collector.spans, collector.metrics) == arrives


async def test_a_collector_that_never_answers_does_not_keep_the_end(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.hangs = True

    async with open_telemetry("serve", flush_s=0.05) as telemetry:
        work(telemetry)

    # It still waits for the answer, and nobody waits for it.
    assert "did not take what was left" in caplog.text


async def test_a_collector_that_is_away_costs_only_what_was_to_be_sent(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")

    async with open_telemetry("serve", flush_s=60) as telemetry:
        work(telemetry)

    assert any(record.name.startswith("opentelemetry") for record in caplog.records)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ((PROTOCOL, "grpc"), f"{PROTOCOL}=grpc is not spoken here"),
        (("OTEL_BSP_MAX_QUEUE_SIZE", "-1"), "A variable cannot be used"),
    ],
)
async def test_a_variable_that_cannot_be_used_is_said_and_keeps_nothing_from_starting(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    setting: tuple[str, str],
    said: str,
) -> None:
    monkeypatch.setenv(*setting)

    async with open_telemetry("serve") as telemetry:
        work(telemetry)

    assert said in caplog.text
    assert collector.spans == []


async def test_without_the_extra_it_is_said_how_to_install_it(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "agents.adapters.telemetry.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    async with open_telemetry("serve") as telemetry:
        work(telemetry)

    assert "cairn-slack[otel]" in caplog.text
    assert collector.spans == []


async def test_check_says_whether_telemetry_is_on_and_taken(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert await standing() == (f"the collector of {ENDPOINT} takes it", None)
    assert (collector.spans, collector.metrics) == ([], [])

    collector.status = 401
    state, mend = await standing()
    assert state == "the collector takes no spans and no metrics"
    assert ENDPOINT in (mend or "")
    assert caplog.records == []

    monkeypatch.setenv(PROTOCOL, "grpc")
    state, mend = await standing()
    assert (state, "http/protobuf" in (mend or "")) == ("off", True)

    monkeypatch.delenv(ENDPOINT)
    assert await standing() == (f"off; {ENDPOINT} names a collector", None)
