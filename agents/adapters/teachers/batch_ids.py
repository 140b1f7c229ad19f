"""What requests of a batch are called outside, so that a batch and its answers are known as ours."""

from typing import Final

from agents.distillation.teaching import REQUEST_ID, TeacherRefused

# Batch APIs take 1 to 64 of [a-zA-Z0-9_-].
_OURS: Final = "cairn"


def custom_id(name: str, request_id: str) -> str:
    """Return what a request of a batch is called outside.

    Raises:
        ValueError: The request's id is not of the form REQUEST_ID.
    """
    if not REQUEST_ID.fullmatch(request_id):
        raise ValueError(f"a request cannot be called {request_id!r}")
    return f"{_OURS}_{name}_{request_id}"


def request_id(name: str, custom: str) -> str | None:
    """Return the id of a request by what it is called outside; None where it belongs to another batch."""
    ours = f"{_OURS}_{name}_"
    return custom.removeprefix(ours) if custom.startswith(ours) else None


def own_request_id(name: str, custom: str, batch_id: str) -> str:
    """Return the id of a request of a batch.

    Raises:
        TeacherRefused: It belongs to another batch than the name says.
    """
    known = request_id(name, custom)
    if known is None:
        raise TeacherRefused(
            f"The batch {batch_id} holds requests of something else, so its answers are not taken. Was another id "
            "adopted than that of this run's batch? Start a new run."
        )
    return known
