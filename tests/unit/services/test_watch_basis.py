"""Whether two standings of a watched verdict differ in a way that people must hear of."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.services.watch_basis import (
    Basis,
    FlipKind,
    Ground,
    Standing,
    basis_json,
    changes,
    flips,
    read_basis,
)

PROMPTING = Standing(verdict="prompt", label="Prompting")
PRICED = replace(
    PROMPTING, cheapest="a", cheapest_label="A", cheapest_usd="$1 a month", pays_back=True, payback_limit_days=90.0
)


def ground(key: str, shown: str) -> Ground:
    return Ground(key=key, label=key.title(), shown=shown, source="a list", as_of="2026-11-23")


def basis(standing: Standing = PROMPTING, *grounds: Ground) -> Basis:
    return Basis(standing=standing, grounds=grounds, prices_of="2026-11-24")


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({}, ()),
        ({"cheapest_usd": "$2 a month", "payback_days": 3.0}, ()),
        ({"verdict": "rag"}, (FlipKind.VERDICT,)),
        ({"cheapest": "b"}, (FlipKind.CHEAPEST,)),
        ({"pays_back": False}, (FlipKind.PAYBACK,)),
        ({"retiring": {"gpt-4o": "2027-01-14"}}, (FlipKind.RETIREMENT,)),
        ({"retiring": {"gpt-4o": "2027-01-14"}, "gone": ("gpt-4o",)}, (FlipKind.RETIREMENT,)),
        ({"unpriced": "No price."}, (FlipKind.UNPRICED,)),
        ({"verdict": "rag", "cheapest": "b"}, (FlipKind.VERDICT, FlipKind.CHEAPEST)),
        # What is not known flips nothing.
        ({"cheapest": ""}, ()),
        ({"pays_back": None}, ()),
    ],
)
def test_only_what_people_must_hear_of_is_a_flip(change: dict[str, Any], kinds: tuple[FlipKind, ...]) -> None:
    assert set(flips(PRICED, replace(PRICED, **change))) == set(kinds)


def test_what_fills_in_flips_nothing() -> None:
    assert flips(PROMPTING, PRICED) == ()


def test_changes_name_what_was_and_is_and_what_came_and_went() -> None:
    was = basis(PROMPTING, ground("a", "1"), ground("b", "2"), ground("c", "3"))
    now = basis(PROMPTING, ground("a", "1"), ground("b", "20"), ground("d", "4"))
    found = [(each.label, each.was and each.was.shown, each.now and each.now.shown) for each in changes(was, now)]
    assert found == [("B", "2", "20"), ("D", None, "4"), ("C", "3", None)]


def test_a_version_names_figures_and_not_the_day_or_the_source() -> None:
    first = basis(PRICED, ground("a", "1"))
    same = replace(first, prices_of="2026-12-01", grounds=(replace(first.grounds[0], source="b", as_of="2026-12-01"),))
    assert same.version == first.version
    assert basis(PRICED, ground("a", "2")).version != first.version
    assert basis(replace(PRICED, cheapest_usd="$2 a month"), ground("a", "1")).version != first.version


_text = st.text(max_size=20)
_standings = st.builds(
    Standing,
    verdict=_text,
    label=_text,
    cheapest=_text,
    cheapest_label=_text,
    cheapest_usd=_text,
    payback_days=st.none() | st.floats(0, 1e6),
    pays_back=st.none() | st.booleans(),
    payback_limit_days=st.floats(0, 1e6),
    retiring=st.dictionaries(_text, st.just("2027-01-14"), max_size=3),
    gone=st.lists(_text, max_size=3).map(tuple),
    unpriced=_text,
)
_grounds = st.builds(Ground, key=_text, label=_text, shown=_text, source=_text, as_of=st.just("2026-11-23"))
_bases = st.builds(
    Basis, standing=_standings, grounds=st.lists(_grounds, max_size=4).map(tuple), prices_of=st.just("2026-11-24")
)


@given(_bases)
def test_a_basis_survives_being_stored(found: Basis) -> None:
    assert read_basis(basis_json(found)) == found


@given(_bases)
def test_nothing_flips_or_changes_against_itself(found: Basis) -> None:
    assert flips(found.standing, found.standing) == ()
    assert changes(found, found) == ()


@given(_standings, _standings)
def test_a_flip_of_the_verdict_is_one_both_ways(one: Standing, other: Standing) -> None:
    assert (FlipKind.VERDICT in flips(one, other)) == (FlipKind.VERDICT in flips(other, one))


def test_what_a_later_version_adds_is_left_out() -> None:
    document = basis_json(basis(PRICED, ground("a", "1")))
    document["standing"]["later"] = 1
    document["more"] = 2
    assert read_basis(document) == basis(PRICED, ground("a", "1"))
