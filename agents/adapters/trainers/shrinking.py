"""What is done where memory ends: the same batch in smaller parts, from the last checkpoint on."""

import gc
from collections.abc import Callable
from typing import TypeVar

from agents.errors import UserError

_Trained = TypeVar("_Trained")
# As bitsandbytes says it of a GPU, torch of the host, and oneDNN, which says no more than that.
_OUT_OF_MEMORY = ("CUDA out of memory", "DefaultCPUAllocator", "could not create a primitive")


class OutOfMemory(Exception):  # noqa: N818  # says what happened
    """A training in other processes ran out of memory."""


def micro_batches(batch: int, processes: int, largest: int) -> tuple[int, ...]:
    """Return the micro-batches that a batch may be trained in, the largest first and each at most half of the former.

    Raises:
        UserError: The batch cannot be shared evenly between the processes.
    """
    share, rest = divmod(batch, processes)
    if rest or not share:
        raise UserError(
            f"A batch of {batch} cannot be shared evenly by {processes} GPUs. Give a batch that is a multiple of it."
        )
    sizes = [size for size in range(min(share, largest), 0, -1) if share % size == 0]
    kept = sizes[:1]
    for size in sizes[1:]:
        if size <= kept[-1] // 2 or size == 1:
            kept.append(size)
    return tuple(kept)


def train_within_memory(
    train: Callable[[int], _Trained], sizes: tuple[int, ...], shrunk: Callable[[int, int], None]
) -> _Trained:
    """Return what `train` returns with the first of the micro-batches that memory is enough for.

    Args:
        train: Trains with a micro-batch, from the last checkpoint on.
        sizes: The micro-batches to try, in their order.
        shrunk: Told of each that was too large, and of the next.

    Raises:
        UserError: Memory is not enough for the last of them.
    """
    for size, smaller in zip(sizes, (*sizes[1:], None), strict=True):
        try:
            return train(size)
        except Exception as cause:
            if not is_out_of_memory(cause):
                raise
            if smaller is None:
                raise UserError(
                    f"Memory is not enough for this training, not even with {size} example at a time. Use qlora, a "
                    "smaller base or a shorter sequence, or train where there is more memory."
                ) from cause
        # Outside of the handler: until its end the error holds the frames, and with them the model.
        gc.collect()
        shrunk(size, smaller)
    raise ValueError("no micro-batch to try")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ended, of a GPU or of the host."""
    if isinstance(error, OutOfMemory | MemoryError):
        return True
    # By name, since torch need not be there to ask.
    if any(kind.__name__ == "OutOfMemoryError" and kind.__module__.startswith("torch") for kind in type(error).mro()):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
