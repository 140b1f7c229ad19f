"""Faults that a test orders: the next calls of a method are refused, broken off or late."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

FaultKind = Literal["ratelimited", "http_500", "error", "drop_before", "drop_after", "delay_before", "delay_after"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to how many more calls of a method; `*` stands for every method."""

    method: str
    kind: FaultKind
    times: int = 1
    seconds: float = 1.0
    error: str = "internal_error"


class Faults:
    """The faults that are still to come, the oldest order first."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let the next calls of a method fail."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        self._ordered.clear()

    def take(self, method: str) -> Fault | None:
        """Return the fault of this call and count it down."""
        for position, fault in enumerate(self._ordered):
            if fault.method not in {method, "*"}:
                continue
            if fault.times > 1:
                self._ordered[position] = replace(fault, times=fault.times - 1)
            else:
                del self._ordered[position]
            return fault
        return None
