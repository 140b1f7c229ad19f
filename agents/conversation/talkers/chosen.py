"""The talker of each team: its own choice where it has one, else the one that the settings name."""

from collections.abc import Mapping
from dataclasses import replace

from agents.conversation.talking import Reply, Situation, Talker
from agents.ports import Speech
from agents.services.talkers import TalkerChoices


class Chosen:
    """Speaks by whom the team has chosen.

    Args:
        talkers: Those that are configured, by name.
        default: Who speaks where nobody chose.
        choices: What teams chose.
    """

    def __init__(self, talkers: Mapping[str, Talker], default: str, choices: TalkerChoices) -> None:
        self.name = default
        self._talkers = talkers
        self._choices = choices

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what the team's talker says and wants done."""
        name = await self._choices.of(situation.turn["team_id"]) or self.name
        reply = await self._talkers[name].reply(situation, speech)
        return reply if reply.by is not None else replace(reply, by=name)
