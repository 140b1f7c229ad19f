"""Whether spans and metrics are sent to a collector, as OpenTelemetry's own variables say; needs the extra "otel".

The variables are read from the environment of the process and no `.env` file, since the SDK reads them itself. Sending
happens in threads of the SDK, out of bounded queues: a collector that is away or slow costs what was to be sent, and
nothing else.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import metrics, trace

from agents.telemetry import Telemetry

if TYPE_CHECKING:
    from agents.adapters.telemetry.otlp import Providers

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
# Beside the five seconds that stages in hand have, within the eight that `cairn local` gives its processes.
FLUSH_S: Final = 2.0
_SPOKEN: Final = "http/protobuf"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_telemetry(process: str, *, flush_s: float = FLUSH_S) -> AsyncIterator[Telemetry]:
    """Yield what measures; in the end what is left is sent, for `flush_s` seconds at most.

    Where no variable names a collector, the providers are those of the process: none, or what whoever started it set
    up, as `opentelemetry-instrument` does.

    Args:
        process: What this process is, such as "serve", told with everything that is sent.
        flush_s: How long the end may take.
    """
    providers = _opened(process)
    if providers is None:
        yield Telemetry(trace.get_tracer_provider(), metrics.get_meter_provider())
        return
    try:
        yield Telemetry(providers.spans, providers.metrics)
    finally:
        await _within(flush_s, providers.shutdowns)


async def standing() -> tuple[str, str | None]:
    """Return how telemetry stands, and what mends it where a collector is named that gets nothing."""
    variable = endpoint()
    if variable is None:
        return f"off; {ENDPOINT} names a collector", None
    reason = hindrance()
    if reason is not None:
        return "off", reason
    from agents.adapters.telemetry.otlp import takes_nothing  # noqa: PLC0415  # the SDK is an extra

    refusing = await asyncio.to_thread(takes_nothing, asks_spans=_sends_spans(), asks_metrics=_sends_metrics())
    if refusing:
        return (
            f"the collector takes no {' and no '.join(refusing)}",
            f"Check {variable}, OTEL_EXPORTER_OTLP_HEADERS and this host's way out; Cairn works without.",
        )
    return f"the collector of {variable} takes it", None


def endpoint(signal: str | None = None) -> str | None:
    """Return the variable that names a collector, for "TRACES", for "METRICS" or for either; None where none does."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if signal is None:
        return endpoint("TRACES") or endpoint("METRICS")
    if os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() == "none":
        return None
    return next((name for name in (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", ENDPOINT) if os.environ.get(name)), None)


def hindrance() -> str | None:
    """Return why nothing can be sent to the collector that is named, and what to do."""
    for name in (PROTOCOL, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"):
        protocol = os.environ.get(name) or _SPOKEN
        if protocol != _SPOKEN:
            return f"{name}={protocol} is not spoken here. Set {_SPOKEN}, and the collector's port for it."
    try:
        import agents.adapters.telemetry.otlp  # noqa: F401, PLC0415  # asks whether the extra is there
    except ImportError:
        return "What sends it is not installed. Install it: pip install 'cairn-slack[otel]'"
    return None


def _opened(process: str) -> "Providers | None":
    """Return what sends; None where no collector is named, or nothing can be sent to it, which is said."""
    if endpoint() is None:
        return None
    reason = hindrance()
    if reason is None:
        from agents.adapters.telemetry.otlp import open_providers  # noqa: PLC0415  # the SDK is an extra

        try:
            return open_providers(process, sends_spans=_sends_spans(), sends_metrics=_sends_metrics())
        except ValueError as cause:
            reason = f"A variable cannot be used: {cause}. Correct it."
    # Nothing that Cairn is for depends on it.
    _log.warning("Telemetry is off. %s", reason)
    return None


def _sends_spans() -> bool:
    return endpoint("TRACES") is not None


def _sends_metrics() -> bool:
    return endpoint("METRICS") is not None


async def _within(flush_s: float, shutdowns: Sequence[Callable[[], object]]) -> None:
    """Send what is left and end, each by itself; what is not through by then is left behind."""
    loop = asyncio.get_running_loop()
    going_on = len(shutdowns)
    through = asyncio.Event()

    def one_less() -> None:
        nonlocal going_on
        going_on -= 1
        if not going_on:
            through.set()

    def end(shutdown: Callable[[], object]) -> None:
        try:
            shutdown()
        except Exception as error:  # noqa: BLE001  # the SDK raises no narrower one, and only where sending failed
            _log.warning("telemetry did not end well: %s", error)
        # The loop is gone where nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(one_less)

    for shutdown in shutdowns:
        # Not a thread of the loop's own: that would be waited for at the end, however long it takes.
        threading.Thread(target=end, args=(shutdown,), name="telemetry-end", daemon=True).start()
    try:
        async with asyncio.timeout(flush_s):
            await through.wait()
    except TimeoutError:
        _log.warning("the collector did not take what was left within %g s", flush_s)
