"""The roles as settings: lists of ids, and what is refused."""

from decimal import Decimal

import pytest

from agents.errors import UserError
from agents.settings import load_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMINS", "APPROVERS", "REQUESTERS", "SECOND_APPROVER_USD"):
        monkeypatch.delenv(f"CAIRN_{name}", raising=False)


def test_roles_are_lists_of_people_and_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_APPROVERS", " U0123ABCD , S0456EFGH,")
    monkeypatch.setenv("CAIRN_ADMINS", "W0123ABCD")
    policy = load_settings().policy
    assert policy.approvers == {"U0123ABCD", "S0456EFGH"}
    assert policy.admins == {"W0123ABCD"}
    assert policy.requesters == frozenset()


@pytest.mark.parametrize("odd", ["@bob", "bob", "U0123ABCD S0456EFGH", "C0123ABCD"])
def test_what_is_no_id_is_refused_with_the_value_and_the_setting(monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.setenv("CAIRN_APPROVERS", f"U0123ABCD,{odd}")
    with pytest.raises(UserError, match=f"CAIRN_APPROVERS=.*{odd}.* is no Slack id"):
        load_settings()


def test_above_a_hundred_dollars_it_takes_two_unless_set() -> None:
    assert load_settings().second_approver_usd == Decimal(100)


@pytest.mark.parametrize("odd", ["much", "-1", "NaN", "Infinity"])
def test_a_threshold_that_is_no_amount_is_refused(monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.setenv("CAIRN_SECOND_APPROVER_USD", odd)
    with pytest.raises(UserError, match="CAIRN_SECOND_APPROVER_USD"):
        load_settings()
