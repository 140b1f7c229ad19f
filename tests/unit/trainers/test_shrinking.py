"""Smaller micro-batches where memory ends."""

import pytest

from agents.adapters.trainers.shrinking import OutOfMemory, smaller
from agents.errors import UserError


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""

    __module__ = "torch"


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: not enough memory"),
        RuntimeError("could not create a primitive"),
        MemoryError(),
        OutOfMemory(),
    ],
)
def test_what_does_not_fit_is_tried_in_smaller_parts(error: Exception) -> None:
    assert smaller((8, 4, 2, 1), error) == 4


def test_what_never_fits_is_said_with_what_to_do() -> None:
    with pytest.raises(UserError, match=r"not even with 1 example at a time\. Use qlora, a smaller base"):
        smaller((1,), OutOfMemory())


@pytest.mark.parametrize("error", [RuntimeError("a shape is wrong"), ValueError("no")])
def test_any_other_error_is_none_of_memory(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        smaller((2, 1), error)
    assert raised.value is error
