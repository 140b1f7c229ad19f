"""Which student each slot of a host is to hold."""

from hypothesis import given
from hypothesis import strategies as st

from agents.distillation.slots import Held, assigned

KEYS = st.sampled_from([(team, name, version) for team in ("T1", "T2") for name in ("a", "b") for version in (1, 2)])


@st.composite
def hosts(draw: st.DrawFn) -> dict[int, Held | None]:
    """Draw what the slots of a host hold: nothing twice."""
    keys = draw(st.lists(KEYS, unique=True, max_size=5))
    empty: list[Held | None] = [None] * draw(st.integers(min_value=0, max_value=3))
    return dict(enumerate(draw(st.permutations([*keys, *empty])), start=1))


@given(hosts(), st.lists(KEYS, unique=True))
def test_the_most_important_are_held_once_each_and_nothing_else_is(
    held: dict[int, Held | None], wanted: list[Held]
) -> None:
    found = assigned(held, wanted)

    assert found.keys() == held.keys()
    assert sorted(each for each in found.values() if each is not None) == sorted(wanted[: len(held)])


@given(hosts(), st.lists(KEYS, unique=True))
def test_what_is_held_and_stays_wanted_is_not_started_anew(held: dict[int, Held | None], wanted: list[Held]) -> None:
    found = assigned(held, wanted)

    for slot, each in held.items():
        if each in wanted[: len(held)]:
            assert found[slot] == each


def test_another_team_s_version_to_go_back_to_makes_room_for_what_an_alias_points_to() -> None:
    held: dict[int, Held | None] = {1: ("T1", "a", 2), 2: ("T1", "a", 1)}

    assert assigned(held, [("T1", "a", 2), ("T2", "b", 1), ("T1", "a", 1)]) == {1: ("T1", "a", 2), 2: ("T2", "b", 1)}
