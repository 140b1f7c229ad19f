"""One request to a live teacher, tried again where that helps and cannot be paid twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from agents.adapters.teachers.faults import Fault
from agents.distillation.teaching import TeacherAnswer, TeacherRefused

_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 1.0


class Faulty(Exception):  # noqa: N818  # carries what an answer with an error means
    """An answer with an error."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


async def answered(
    request_id: str,
    call: Callable[[], Awaitable[TeacherAnswer]],
    meaning: Callable[[Exception], Fault],
    raised: tuple[type[Exception], ...],
) -> TeacherAnswer:
    """Return what came of a request.

    Args:
        request_id: Whose answer it is.
        call: Makes the request once.
        meaning: Says what an exception of it means.
        raised: The exceptions that it may raise.

    Raises:
        TeacherRefused: No request will be answered.
    """
    caught: tuple[type[Exception], ...] = (*raised, Faulty)
    pause_s = _FIRST_PAUSE_S
    for is_last in [False] * (_TRIES - 1) + [True]:
        try:
            return await call()
        except caught as error:
            fault = error.fault if isinstance(error, Faulty) else meaning(error)
            if fault.kind == "account":
                raise TeacherRefused(f"The teacher {fault.text}. Then retry the run; it goes on.") from None
            if fault.kind == "lost":
                # It may have been answered and be paid, so it is not sent again here.
                return TeacherAnswer(id=request_id, state="errored", detail="lost", may_be_paid=True)
            if fault.kind == "request":
                return TeacherAnswer(id=request_id, state="errored", detail="invalid_request_error")
            if is_last:
                return TeacherAnswer(id=request_id, state="errored", detail=fault.kind)
            await asyncio.sleep(pause_s if fault.retry_after_s is None else fault.retry_after_s)
            pause_s *= 2
    raise AssertionError("the last try returns")


def plain(text: str) -> str:
    """Return a text as UTF-8 and Postgres keep it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
