"""The order of examples: all of them, the same each time, alike in length within a batch."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agents.adapters.trainers.order import training_order

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=80)


@given(LENGTHS, st.integers(1, 16), st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_every_example_comes_once_in_each_epoch(lengths: list[int], batch: int, epochs: int, seed: int) -> None:
    order = training_order(lengths, batch=batch, epochs=epochs, max_steps=-1, seed=seed)
    assert Counter(order) == Counter(dict.fromkeys(range(len(lengths)), epochs))
    assert order == training_order(lengths, batch=batch, epochs=epochs, max_steps=-1, seed=seed)


@given(LENGTHS, st.integers(1, 16), st.integers(1, 30))
def test_steps_are_as_many_as_asked_for(lengths: list[int], batch: int, steps: int) -> None:
    assert len(training_order(lengths, batch=batch, epochs=1, max_steps=steps, seed=0)) == steps * batch


def test_another_seed_is_another_order() -> None:
    first, second = (training_order([1] * 50, batch=5, epochs=1, max_steps=-1, seed=seed) for seed in (0, 1))
    assert first != second


def test_a_batch_is_padded_little() -> None:
    lengths = [10 * (number % 20 + 1) for number in range(400)]
    order = training_order(lengths, batch=20, epochs=1, max_steps=-1, seed=0)
    batches = [[lengths[index] for index in order[first : first + 20]] for first in range(0, 400, 20)]
    assert all(max(batch) == min(batch) for batch in batches)
    assert [batch[0] for batch in batches] != sorted(batch[0] for batch in batches), "chance still mixes them"


def test_part_of_an_epoch_is_a_part_of_the_examples() -> None:
    assert len(training_order([1] * 10, batch=4, epochs=1.5, max_steps=-1, seed=0)) == 15
