"""What is done where memory ends: the same batch in smaller parts, from the last checkpoint on."""

from agents.errors import UserError

# As bitsandbytes says it of a GPU, torch of the host, and oneDNN, which says no more than that.
_OUT_OF_MEMORY = ("CUDA out of memory", "DefaultCPUAllocator", "could not create a primitive")


class OutOfMemory(Exception):  # noqa: N818  # says what happened
    """A training in other processes ran out of memory."""


def smaller(sizes: tuple[int, ...], error: Exception) -> int:
    """Return the micro-batch to go on with after `error`, which the first of the sizes came to.

    Raises:
        UserError: Memory is not enough for the smallest.
        Exception: The error itself, where memory was enough.
    """
    if not is_out_of_memory(error):
        raise error
    if len(sizes) == 1:
        raise UserError(
            f"Memory is not enough for this training, not even with {sizes[0]} example at a time. Use qlora, a "
            "smaller base or a shorter sequence, or train where there is more memory."
        ) from error
    return sizes[1]


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ended, of a GPU or of the host."""
    if isinstance(error, OutOfMemory | MemoryError):
        return True
    # By name, since torch need not be there to ask.
    if any(kind.__name__ == "OutOfMemoryError" and kind.__module__.startswith("torch") for kind in type(error).mro()):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
