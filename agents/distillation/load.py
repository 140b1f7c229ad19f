"""What a served student did that was sent all it could take: the throughput that prices it."""

from dataclasses import asdict, dataclass
from typing import Any, Final

FEWEST_REQUESTS: Final = 256
"""With fewer a server was hardly full, so that its throughput prices this student and says nothing of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLoad:
    """Requests of a task, many at once, on the endpoint that serves its student.

    Attributes:
        student: Its label.
        base: What it was made of.
        requests: That were answered.
        failed: That were not.
        seconds: From the first to the last.
        tokens_in: Of all that were answered, together.
        tokens_out: The same of the answers.
        at_once: Under way at any time.
        gpu: Kind of GPU of the server, as its driver or a person calls it.
        gpus: It has.
    """

    student: str
    base: str
    requests: int
    failed: int
    seconds: float
    tokens_in: int
    tokens_out: int
    at_once: int
    gpu: str
    gpus: int

    @property
    def is_full(self) -> bool:
        """Whether it says what such a server can do, and not only what this one did."""
        return self.requests >= FEWEST_REQUESTS

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def gpus_of(said: str | None, device: str | None) -> tuple[int, str] | None:
    """Return how many GPUs of which kind a server has: as people said ("2xH200-141"), else one such as trained it.

    Args:
        said: CAIRN_SERVE_GPUS.
        device: The GPU that answered beside the training; "cpu" is none.
    """
    if said:
        count, times, name = said.partition("x")
        return (int(count), name.strip()) if times and count.strip().isdecimal() else (1, said)
    return (1, device) if device and device != "cpu" else None
