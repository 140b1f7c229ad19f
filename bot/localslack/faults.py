"""Faults that a test orders: the next calls of a method, or the next envelopes, are refused, broken off or late."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal, get_args

CallFault = Literal[
    "ratelimited",
    "http_500",
    "http_error",
    "http_error_after",
    "error",
    "drop_before",
    "drop_after",
    "delay_before",
    "delay_after",
]
EnvelopeFault = Literal["lose_acknowledgement", "cut", "deliver_twice", "delay_before"]
FaultKind = CallFault | EnvelopeFault
CALL_FAULTS: tuple[CallFault, ...] = get_args(CallFault)
ENVELOPE_FAULTS: tuple[EnvelopeFault, ...] = get_args(EnvelopeFault)
# What a fault may name beside the methods of the Web API; `*` is every method, and none of these.
ENVELOPES = ("events_api", "interactive", "slash_commands")
ANY = "*"
UPLOAD, RESPONSE_URL, LINK = "upload", "response_url", "link"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to how many more calls of a method.

    Attributes:
        method: A method of the Web API, `*` for each of them, `upload`, `response_url`, `link` for a new connection of
            Socket Mode, or an envelope's type.
        kind: What happens.
        times: How often; None for ever.
        chance: The share of the calls that it happens to.
        seconds: How late, or how long to wait.
        error: The code of an `error`.
        status: The HTTP status of an `http_error`.
    """

    method: str
    kind: FaultKind
    times: int | None = 1
    chance: float = 1.0
    seconds: float = 1.0
    error: str = "internal_error"
    status: int = 503


class Faults:
    """The faults that are still to come, the oldest order first, and how many came."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._dice = random.Random(0)  # noqa: S311 - the same faults in each run of a test, not a secret
        self.taken: Counter[str] = Counter()

    @property
    def ordered(self) -> tuple[Fault, ...]:
        """What is still to come."""
        return tuple(self._ordered)

    def order(self, fault: Fault, seed: int | None = None) -> None:
        """Let the next calls of a method fail; with a seed, the same of them in each run."""
        if seed is not None:
            self._dice.seed(seed)
        self._ordered.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        self._ordered.clear()
        self.taken.clear()

    def of_call(self, method: str) -> Fault | None:
        """Return the fault of this call of the Web API and count it down."""
        return self._take({method, ANY})

    def of(self, what: str) -> Fault | None:
        """Return the fault of this upload, answer by `response_url` or envelope and count it down."""
        return self._take({what})

    def _take(self, names: set[str]) -> Fault | None:
        for position, fault in enumerate(self._ordered):
            if fault.method not in names or self._dice.random() >= fault.chance:
                continue
            if fault.times == 1:
                del self._ordered[position]
            elif fault.times is not None:
                self._ordered[position] = replace(fault, times=fault.times - 1)
            self.taken[fault.kind] += 1
            return fault
        return None
