"""What an alias points to, what going back means, and what a server is to serve for that."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.distillation.registry import Move, Student, before, pointing
from agents.distillation.serving import (
    Changes,
    ServedModel,
    ServerError,
    changes,
    require_adapter,
    served_name,
    wanted_names,
)

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
TEAM = "T0LOCAL"


def make_student(version: int = 1, name: str = "tickets", **changed: Any) -> Student:
    """Return a student that passed."""
    given_: dict[str, Any] = {
        "task": {},
        "instructions": "x",
        "kind": "causal",
        "method": "lora",
        "base": "b",
        "base_fingerprint": "f",
        "rank": 16,
        "files": {"adapter/adapter_model.safetensors": "0" * 64},
        "scores": {},
        "passed": True,
        "overridden_by": None,
        "override_reason": None,
        "made_at": NOW,
        "retired_by": None,
        "retired_at": None,
    }
    return Student(name=name, version=version, run_id=f"r{name}{version}", **(given_ | changed))


def moved(*versions: int | None, alias: str = "tickets") -> list[Move]:
    """Return moves of one alias, oldest first."""
    return [
        Move(alias=alias, n=n, name="tickets", version=version, moved_by="U", moved_at=NOW)
        for n, version in enumerate(versions, 1)
    ]


STUDENTS = [make_student(version) for version in (1, 2, 3)]


def test_an_alias_points_to_where_it_was_moved_last() -> None:
    assert pointing(moved(1, 3, 2))["tickets"].version == 2


def test_an_alias_that_was_taken_away_points_to_nothing() -> None:
    assert pointing(moved(1, None)) == {}


@pytest.mark.parametrize(
    ("versions", "back_to"),
    [((1,), None), ((1, 2), 1), ((1, 2, 1), None), ((1, 2, 3, 2), 1), ((1, 2, 1, 3), 1), ((1, 2, None, 3), 2)],
)
def test_going_back_twice_goes_back_further(versions: tuple[int | None, ...], back_to: int | None) -> None:
    student = before(moved(*versions), "tickets", STUDENTS)

    assert (student.version if student else None) == back_to


def test_what_may_not_be_served_is_passed_over() -> None:
    retired = make_student(2, retired_by="U", retired_at=NOW)
    failed = make_student(2, passed=False)

    for other in (retired, failed):
        student = before(moved(1, 2, 3), "tickets", [STUDENTS[0], other, STUDENTS[2]])
        assert student is not None
        assert student.version == 1


def test_what_an_approver_let_pass_may_be_served() -> None:
    assert make_student(passed=False, overridden_by="U", override_reason="good enough").may_be_served


def test_a_server_serves_alias_version_and_the_one_to_go_back_to() -> None:
    assert wanted_names(TEAM, STUDENTS, moved(1, 2)) == {
        "t0local/tickets": ("tickets", 2),
        "t0local/tickets@v2": ("tickets", 2),
        "t0local/tickets@v1": ("tickets", 1),
    }


def test_what_is_no_adapter_is_not_loaded_into_a_running_server() -> None:
    encoder = make_student(1, kind="encoder", rank=None)

    assert wanted_names(TEAM, [encoder], moved(1)) == {}


def folder_of(target: tuple[str, int]) -> str:
    return f"/s/{target[0]}/v{target[1]}"


def test_versions_are_loaded_before_the_aliases_that_point_to_them() -> None:
    wanted = wanted_names(TEAM, STUDENTS, moved(1, 2))
    served = [ServedModel("base"), ServedModel("t0local/tickets", "base", "/s/tickets/v1")]

    assert changes(TEAM, wanted, served, folder_of) == Changes(
        (
            ("t0local/tickets@v1", ("tickets", 1), False),
            ("t0local/tickets@v2", ("tickets", 2), False),
            ("t0local/tickets", ("tickets", 2), True),
        )
    )


def test_names_of_others_and_bases_are_let_be() -> None:
    served = [ServedModel("t0local/base"), ServedModel("other/x", "base", "/x"), ServedModel("t0local/y", "base", "/y")]

    assert changes(TEAM, {}, served, folder_of) == Changes(unload=("t0local/y",))


NAMES = st.sampled_from(["a", "b", "b@v1", "c@v2"]).map(lambda name: served_name(TEAM, name))
TARGETS = st.tuples(st.just("tickets"), st.integers(1, 3))


@given(st.dictionaries(NAMES, TARGETS), st.dictionaries(NAMES, TARGETS))
def test_once_changed_a_server_serves_what_is_wanted_and_nothing_is_left_to_change(
    wanted: dict[str, tuple[str, int]], at_first: dict[str, tuple[str, int]]
) -> None:
    serves = dict(at_first)
    listed = [ServedModel(name, "base", folder_of(target)) for name, target in serves.items()]

    todo = changes(TEAM, wanted, listed, folder_of)
    for name, target, is_there in todo.load:
        assert (name in serves) == is_there
        serves[name] = target
    for name in todo.unload:
        del serves[name]

    assert serves == wanted
    now = [ServedModel(name, "base", folder_of(target)) for name, target in serves.items()]
    assert changes(TEAM, wanted, now, folder_of) == Changes()


@pytest.mark.parametrize(
    ("config", "names", "told"),
    [
        ({"peft_type": "LORA", "r": 8}, ["a.safetensors"], "registered with rank 16, and its files have 8"),
        ({"peft_type": "IA3", "r": 16}, ["a.safetensors"], "no LoRA adapter but 'IA3'"),
        ({"peft_type": "LORA", "r": 16}, ["adapter_model.bin", "x.json"], "adapter_model.bin. Only safetensors"),
        ({"peft_type": "LORA", "r": 16}, ["modeling.py", "x.safetensors"], "modeling.py"),
    ],
)
def test_files_that_are_not_the_adapter_are_not_loaded(config: dict[str, Any], names: list[str], told: str) -> None:
    with pytest.raises(ServerError, match=told):
        require_adapter(make_student(), config, names)


def test_the_adapter_that_was_registered_is_loaded() -> None:
    require_adapter(
        make_student(), {"peft_type": "LORA", "r": 16}, ["adapter_model.safetensors", "adapter_config.json"]
    )
