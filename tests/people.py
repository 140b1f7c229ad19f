"""People for tests: everybody is a full member of every workspace unless a test says otherwise."""

from collections.abc import Collection, Mapping

from agents.runs.roles import Person, Policy
from agents.services.people import People


class Members:
    """A directory in which everybody is a full member and in every channel.

    `known` holds those who are no full members, `outside` pairs of a channel and somebody who is not in it; both may
    be changed.
    """

    def __init__(self, known: Mapping[str, Person] | None = None) -> None:
        self.known = dict(known or {})
        self.outside: set[tuple[str, str]] = set()

    async def person(self, team_id: str, user: str) -> Person:
        del team_id
        return self.known.get(user) or Person(user)

    async def members(self, team_id: str, group: str) -> tuple[str, ...]:
        del team_id
        return tuple(person.id for person in self.known.values() if group in person.groups)

    async def is_in(self, team_id: str, channel: str, user: str) -> bool | None:
        del team_id
        return (channel, user) not in self.outside


def make_people(
    *,
    admins: Collection[str] = (),
    approvers: Collection[str] = (),
    requesters: Collection[str] = (),
    directory: Members | None = None,
) -> People:
    policy = Policy(frozenset(admins), frozenset(approvers), frozenset(requesters))
    return People(directory or Members(), policy)
