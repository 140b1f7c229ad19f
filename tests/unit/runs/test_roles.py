"""Who may do what: the policy, and what keeps somebody from any role."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.roles import Person, Policy, Role, at_shell

IDS = ["U0ANN", "U0BOB", "W0CAROL", "S0LEADS", "S0ADMINS"]
named = st.frozensets(st.sampled_from(IDS))
policies = st.builds(Policy, admins=named, approvers=named, requesters=named)
people = st.builds(
    Person,
    id=st.sampled_from(["U0ANN", "U0BOB", "U0EVE"]),
    is_guest=st.booleans(),
    is_foreign=st.booleans(),
    is_bot=st.booleans(),
    is_active=st.booleans(),
    groups=st.frozensets(st.sampled_from(["S0LEADS", "S0ADMINS"])),
    failure=st.sampled_from(["", "Slack did not answer"]),
)


def test_each_role_may_what_the_ones_before_it_may() -> None:
    assert Role.VIEWER < Role.REQUESTER < Role.APPROVER < Role.ADMIN


def test_people_have_the_highest_role_that_names_them() -> None:
    policy = Policy(frozenset({"U0ANN"}), frozenset({"U0ANN", "U0BOB"}), frozenset({"U0BOB", "U0EVE"}))
    roles = {who: policy.standing(Person(who)).role for who in ("U0ANN", "U0BOB", "U0EVE", "U0ZOE")}
    assert roles == {"U0ANN": Role.ADMIN, "U0BOB": Role.APPROVER, "U0EVE": Role.REQUESTER, "U0ZOE": Role.VIEWER}


def test_a_user_group_gives_its_members_the_role_and_says_so() -> None:
    standing = Policy(approvers=frozenset({"S0LEADS"})).standing(Person("U0ANN", groups=frozenset({"S0LEADS"})))
    assert str(standing) == "an approver (in the user group S0LEADS, which CAIRN_APPROVERS names)"


def test_every_full_member_may_request_where_no_requesters_are_named() -> None:
    assert Policy().standing(Person("U0ANN")).role is Role.REQUESTER
    assert Policy(requesters=frozenset({"U0BOB"})).standing(Person("U0ANN")).role is Role.VIEWER


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"is_guest": True}, "a guest of this workspace"),
        ({"is_foreign": True}, "from another workspace"),
        ({"is_bot": True}, "a bot"),
        ({"is_active": False}, "a deactivated account"),
        ({"failure": "Slack did not answer"}, "Slack did not answer"),
    ],
)
def test_whoever_is_no_full_member_only_looks_whatever_names_them(what: dict[str, object], why: str) -> None:
    policy = Policy(*[frozenset({"U0ANN", "S0LEADS"})] * 3)
    person = replace(Person("U0ANN", groups=frozenset({"S0LEADS"})), **what)  # type: ignore[arg-type]  # a case a row
    assert str(policy.standing(person)) == f"a viewer ({why})"


def test_a_group_that_cannot_be_looked_up_takes_nothing_from_those_named_themselves() -> None:
    policy = Policy(approvers=frozenset({"U0BOB", "S0LEADS"}))
    unsure = "the user group S0LEADS could not be looked up"
    assert policy.standing(Person("U0BOB", groups_failure=unsure)).role is Role.APPROVER
    assert unsure in str(policy.standing(Person("U0ANN", groups_failure=unsure)))


@given(policies, people)
def test_only_full_members_have_a_role_and_only_what_they_or_their_groups_were_given(
    policy: Policy, person: Person
) -> None:
    standing = policy.standing(person)
    is_full = person.is_active and not (person.is_guest or person.is_foreign or person.is_bot or person.failure)
    ids = {person.id, *person.groups}
    given_roles = [role for role in Role if ids & policy.named(role)]
    least = Role.VIEWER if policy.requesters else Role.REQUESTER
    assert standing.role is (max([*given_roles, least]) if is_full else Role.VIEWER)
    assert standing.why


@given(policies, people, st.sampled_from(Role))
def test_whoever_has_a_role_is_among_those_who_are_said_to_have_it(policy: Policy, person: Person, role: Role) -> None:
    holders = policy.holders(role)
    if policy.standing(person).role >= role and holders is not None:
        assert {person.id, *person.groups} & set(holders)


def test_those_who_have_a_role_are_named_people_first() -> None:
    policy = Policy(frozenset({"U0ANN"}), frozenset({"S0LEADS", "U0BOB"}))
    assert policy.holders(Role.APPROVER) == ("U0ANN", "U0BOB", "S0LEADS")
    assert policy.holders(Role.ADMIN) == ("U0ANN",)
    assert policy.holders(Role.REQUESTER) is None


@pytest.mark.parametrize("odd", ["bob", "@bob", "<@U0BOB>", "u0bob", "C0GENERAL", "U", "", "shell:ann", "U0BOB "])
def test_what_is_no_slack_id_is_refused_by_name(odd: str) -> None:
    with pytest.raises(ValueError, match=r"is no Slack id\. People have ids like U0123ABCD"):
        Policy(approvers=frozenset({"U0BOB", odd}))


def test_a_shell_on_the_host_may_everything() -> None:
    assert at_shell("shell:ann").role is Role.ADMIN
