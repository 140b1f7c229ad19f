"""Who may do what: the roles, the policy that gives them, and the standing of one person under it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

SHELL = "shell:"
SOMEBODY = "somebody"
"""Who said what somebody said who asked to be forgotten."""

_ID = re.compile(r"[UWS][A-Z0-9]{2,}")


class Role(IntEnum):
    """What a person may do; each role may all that the ones before it may.

    Viewers look. Requesters propose, and cancel and retry what they asked for. Approvers approve and deny, and cancel
    and retry any run. Admins set budgets and stop everything.
    """

    VIEWER = 0
    REQUESTER = 1
    APPROVER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as people read it: "approver"."""
        return self.name.lower()

    @property
    def setting(self) -> str:
        """The setting that names those who have it: "CAIRN_APPROVERS"."""
        return f"CAIRN_{self.name}S"


@dataclass(frozen=True, slots=True)
class Person:
    """What the workspace knows of somebody.

    Attributes:
        id: Their Slack user id.
        is_guest: They see only some channels.
        is_foreign: They belong to another workspace and share a channel with this one.
        is_bot: They are a program.
        is_active: Their account is not deactivated.
        groups: The user groups they are in, of those that the policy names.
        failure: Why nothing could be looked up about them; empty where it could.
        groups_failure: Why some user groups could not be looked up; empty where all could.
    """

    id: str
    is_guest: bool = False
    is_foreign: bool = False
    is_bot: bool = False
    is_active: bool = True
    groups: frozenset[str] = frozenset()
    failure: str = ""
    groups_failure: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The role that somebody has now, and what gives it, such as "named in CAIRN_APPROVERS"."""

    who: str
    role: Role
    why: str

    def __str__(self) -> str:
        """Return the role and the reason: "a viewer (a guest of this workspace)"."""
        article = "an" if self.role.word[0] in "aeiou" else "a"
        return f"{article} {self.role.word} ({self.why})"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who has which role: ids of people (U…, W…) and of user groups (S…).

    Where nobody is named as a requester, every full member of the workspace is one.

    Raises:
        ValueError: What is named is no such id.
    """

    admins: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    requesters: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for role in (Role.ADMIN, Role.APPROVER, Role.REQUESTER):
            require_ids(self.named(role))

    @property
    def groups(self) -> frozenset[str]:
        """The user groups that it names."""
        return frozenset(each for each in self.admins | self.approvers | self.requesters if is_group(each))

    def named(self, role: Role) -> frozenset[str]:
        """Return the people and groups that are named for exactly this role."""
        named = {Role.ADMIN: self.admins, Role.APPROVER: self.approvers, Role.REQUESTER: self.requesters}
        return named.get(role, frozenset())

    def holders(self, role: Role) -> tuple[str, ...] | None:
        """Return the people and groups with this role or a higher one; None for every full member."""
        if role is Role.VIEWER or (role is Role.REQUESTER and not self.requesters):
            return None
        found = frozenset().union(*(self.named(each) for each in Role if each >= role))
        # People first: they can be asked by name.
        return tuple(sorted(found, key=lambda each: (is_group(each), each)))

    def standing(self, person: Person) -> Standing:
        """Return the role of somebody in Slack; guests, strangers, bots and deactivated people only look."""
        outside = _outside(person)
        if outside:
            return Standing(person.id, Role.VIEWER, outside)
        for role in (Role.ADMIN, Role.APPROVER, Role.REQUESTER):
            if person.id in self.named(role):
                return Standing(person.id, role, f"named in {role.setting}")
            if shared := sorted(self.named(role) & person.groups):
                return Standing(person.id, role, f"in the user group {shared[0]}, which {role.setting} names")
        unsure = f"; {person.groups_failure}" if person.groups_failure else ""
        if self.requesters:
            return Standing(person.id, Role.VIEWER, f"not named in {Role.REQUESTER.setting}{unsure}")
        return Standing(person.id, Role.REQUESTER, f"a full member of this workspace{unsure}")


def at_shell(who: str) -> Standing:
    """Return the standing of somebody at a shell: whoever reaches the database may do everything there already."""
    return Standing(who, Role.ADMIN, "at a shell on Cairn's host")


def is_group(named: str) -> bool:
    """Return whether an id is a user group's."""
    return named.startswith("S")


def require_ids(named: Iterable[str]) -> None:
    """Require ids of people or user groups.

    Raises:
        ValueError: One is something else; the text names it.
    """
    for each in sorted(named):
        if not _ID.fullmatch(each):
            raise ValueError(
                f"{each!r} is no Slack id. People have ids like U0123ABCD (Copy member ID in their profile), "
                "user groups ids like S0123ABCD; separate several by commas"
            )


def _outside(person: Person) -> str:
    """Return what keeps somebody from any role, whatever the policy names; empty for a full member."""
    if person.failure:
        return person.failure
    if not person.is_active:
        return "a deactivated account"
    if person.is_bot:
        return "a bot"
    if person.is_foreign:
        return "from another workspace"
    return "a guest of this workspace" if person.is_guest else ""
