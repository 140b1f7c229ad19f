"""In which order examples are trained on: drawn once for all epochs, so that a resumed training goes on in the same."""

import math
import random
from collections.abc import Sequence

# Batches whose examples are sorted by length together: nothing is padded much, and chance still mixes the batches.
_BATCHES_OF_A_WINDOW = 20


def training_order(lengths: Sequence[int], *, batch: int, epochs: float, max_steps: int, seed: int) -> list[int]:
    """Return indices of examples, `batch` of them after another for each step; only the last step may have fewer.

    Args:
        lengths: Tokens of each example.
        batch: Examples of a step.
        epochs: How often each example comes.
        max_steps: Ends earlier where above 0.
        seed: The same seed gives the same order.
    """
    drawn = random.Random(seed)  # noqa: S311  # an order to repeat, nothing to guess
    wanted = math.ceil(epochs * len(lengths))
    if max_steps > 0:
        wanted = max_steps * batch
    indices: list[int] = []
    while len(indices) < wanted:
        epoch = list(range(len(lengths)))
        drawn.shuffle(epoch)
        indices += epoch
    del indices[wanted:]
    rest = indices[wanted - wanted % batch :]
    whole = indices[: wanted - wanted % batch]
    window = batch * _BATCHES_OF_A_WINDOW
    ordered: list[int] = []
    for start in range(0, len(whole), window):
        # Sorting is stable, so equally long examples keep the order that was drawn.
        alike = sorted(whole[start : start + window], key=lambda index: lengths[index])
        batches = [alike[first : first + batch] for first in range(0, len(alike), batch)]
        drawn.shuffle(batches)
        ordered += [index for each in batches for index in each]
    return ordered + rest
