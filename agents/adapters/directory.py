"""A directory without a workspace behind it, for processes that are not connected to Slack."""

from collections.abc import Iterable

from agents.runs.roles import Person

_NOT_CONNECTED = "nobody can be looked up here: this process is not connected to Slack, SLACK_BOT_TOKEN is not set"


class StaticDirectory:
    """Knows the people it was given; of everybody else it says that they cannot be looked up."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._people = {person.id: person for person in people}

    async def person(self, team_id: str, user: str) -> Person:
        """Return the person as given, in every team alike."""
        del team_id
        return self._people.get(user) or Person(user, failure=_NOT_CONNECTED)

    async def members(self, team_id: str, group: str) -> tuple[str, ...]:
        """Return those of the given people who are in the group."""
        del team_id
        return tuple(person.id for person in self._people.values() if group in person.groups)

    async def is_in(self, team_id: str, channel: str, user: str) -> bool | None:
        """Return None: nobody says who is in a channel."""
        del team_id, channel, user
        return None
