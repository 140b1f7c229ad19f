"""What a failed call of a teacher's API means, in words that hold no content and no key."""

from dataclasses import dataclass
from typing import Final, Literal

import aiohttp

from agents.distillation.teaching import TeacherBusy, TeacherLost, TeacherRefused

LONGEST_RETRY_S: Final = 60.0
"""Longer than this no call waits before it is tried again; a server may say any number."""

RAISED: Final = (aiohttp.ClientError, OSError, ValueError)
"""All that a call raises: of the transport, our own timeouts, and what is no JSON where some should be."""

_OVERLOADED: Final = 529

FaultKind = Literal["busy", "failed", "lost", "request", "account"]
"""`busy`: not taken, for now; `failed`: its server broke down, and whether it took anything is not known, but no answer
is paid; `lost`: sent, and no answer came; `request`: this request is not taken; `account`: no request will be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that a teacher comes from, for whoever has to mend one."""

    api: str
    key: str
    address: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What happened to a call; `text` is for people, a clause without a subject."""

    kind: FaultKind
    text: str
    retry_after_s: float | None = None

    def raised(self) -> TeacherRefused | TeacherBusy:
        """Return the exception for a call that is safe to repeat."""
        if self.kind in {"request", "account"}:
            return TeacherRefused(f"The teacher {self.text}. Nothing was spent on it.")
        return TeacherBusy(self.text, self.retry_after_s)

    def raised_of_submit(self) -> Exception:
        """Return the exception for a call that must not be made twice."""
        return TeacherLost(self.text) if self.kind in {"failed", "lost"} else self.raised()


def fault_of(error: Exception, settings: Settings) -> Fault:
    """Return what an exception means; its own words are not repeated, since they could hold a part of a request."""
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return unsent(settings)
    return late(settings) if isinstance(error, TimeoutError) else cut_off(error, settings)


def unsent(settings: Settings) -> Fault:
    """Return that there was no connection."""
    return Fault("busy", f"does not answer: there is no connection to {settings.api} (see {settings.address})")


def late(settings: Settings) -> Fault:
    """Return that no answer came in time."""
    return Fault("lost", f"took too long: {settings.api} did not answer in time")


def cut_off(error: Exception, settings: Settings) -> Fault:
    """Return that an answer had no end, or was none."""
    return Fault("lost", f"was cut off: {settings.api} did not answer to the end ({type(error).__name__})")


def fault_of_status(status: int, kind: str, retry_after: str | None, settings: Settings) -> Fault:
    """Return what an answer with an error means.

    Args:
        status: HTTP's.
        kind: The API's own word for it.
        retry_after: The header, as it came.
        settings: What is to be named.
    """
    api, name = settings.api, kind if kind.isidentifier() and len(kind) < 60 else str(status)
    if kind in {"insufficient_quota", "billing_hard_limit_reached"} or status == 402:
        return Fault("account", f"has no credit left at {api}; top it up, or set another {settings.key}")
    if status in {429, _OVERLOADED} or kind == "overloaded_error":
        return Fault("busy", f"has too much to do: {api} asks for patience ({name})", _seconds(retry_after))
    if status >= 500 or status < 400:
        return Fault("failed", f"broke down: {api} failed ({name})", _seconds(retry_after))
    if status in {401, 403}:
        return Fault("account", f"does not take the key ({status}); check {settings.key}")
    if status == 404:
        return Fault("account", f"is not known to {api} (404); check teacher.model, the batch, and {settings.address}")
    return Fault("request", f"does not take the request as it is: {api} answers {status} ({name})")


def _seconds(retry_after: str | None) -> float | None:
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    # A number that is none fails both comparisons.
    return min(seconds, LONGEST_RETRY_S) if seconds >= 0 else None
