"""Who talks in a workspace: the settings say it, and an admin may choose another that is configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agents.errors import UserError, quoted
from agents.runs.roles import Role
from agents.services.people import People
from agents.store import audit, talking
from agents.store.db import Database
from agents.store.talking import Choice

DEFAULT: Final = "default"
# What must be set for a talker that is not configured.
NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "claude": "Set ANTHROPIC_API_KEY where Cairn runs",
        "vllm": "Set CAIRN_VLLM_URL and CAIRN_VLLM_MODEL where Cairn runs",
    }
)


@dataclass(frozen=True, slots=True)
class TalkerView:
    """Who talks in a workspace.

    Attributes:
        name: The talker that speaks: the choice where it can, else the default.
        default: Whom the settings name.
        models: The talkers that can be chosen, each with its model; None for the one without.
        choice: What an admin chose; may name one that is no longer configured.
        small_model: The model that takes what was said into answers for it; None where it does that itself.
    """

    name: str
    default: str
    models: Mapping[str, str | None]
    choice: Choice | None
    small_model: str | None = None

    @property
    def model(self) -> str | None:
        """The model behind the talker that speaks."""
        return self.models[self.name]


class TalkerChoices:
    """The talker of every team; everybody may look, admins choose.

    Args:
        database: Where choices are.
        people: Who may.
        models: The talkers that are configured, each with its model; None for the one without.
        default: The one that speaks where nobody chose.
        small: The models that fill slots, by the talker that they do it for.
    """

    def __init__(
        self,
        database: Database,
        people: People,
        models: Mapping[str, str | None],
        default: str,
        small: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if default not in models:
            raise ValueError(f"{default} is not among the talkers {sorted(models)}")
        self._database = database
        self._people = people
        self._models = MappingProxyType(dict(models))
        self._default = default
        self._small = MappingProxyType(dict(small))

    async def of(self, team_id: str) -> str | None:
        """Return the team's own talker; None where the default speaks, also as the chosen one is not configured."""
        async with self._database.team(team_id) as connection:
            choice = await talking.chosen(connection, team_id)
        return choice.name if choice is not None and choice.name in self._models else None

    async def view(self, team_id: str) -> TalkerView:
        """Return who talks, and who could."""
        async with self._database.team(team_id) as connection:
            choice = await talking.chosen(connection, team_id)
        name = choice.name if choice is not None and choice.name in self._models else self._default
        return TalkerView(name, self._default, self._models, choice, self._small.get(name))

    async def set(self, team_id: str, name: str, who: str, event_key: str | None = None) -> TalkerView:
        """Have a talker speak in the workspace from the next turn on; "default" takes the choice back.

        Raises:
            UserError: There is none of this name or it is not configured, or they may not choose.
        """
        await self._people.require(team_id, who, Role.ADMIN, "choose who talks")
        wanted = name.strip().lower()
        if wanted != DEFAULT and wanted not in self._models:
            raise UserError(self._refusal(wanted))
        async with self._database.team(team_id) as connection:
            before = await talking.chosen(connection, team_id)
            if wanted == DEFAULT:
                await talking.unchoose(connection, team_id)
            else:
                await talking.choose(connection, team_id, wanted, who)
            details = {"from": before.name if before is not None else DEFAULT, "to": wanted}
            entry = audit.Entry(who, "choose_talker", "talker", event_key, details=details)
            await audit.add(connection, team_id, entry)
        return await self.view(team_id)

    def _refusal(self, wanted: str) -> str:
        known = ", ".join([*self._models, DEFAULT])
        if wanted in NEEDS:
            return f"{wanted} is not configured. {NEEDS[wanted]}, start it again, or choose one of: {known}."
        return f"There is no talker {quoted(wanted)}. Choose one of: {known}."
