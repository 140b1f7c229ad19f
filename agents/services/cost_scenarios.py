"""Scenarios: a conversation's inputs kept under a name, to be compared with what holds now or with each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from agents.costs.compare import Comparison
from agents.errors import UserError
from agents.services.answer_values import as_answers, current
from agents.services.conversation_cards import card_key, conversation_card, conversation_of
from agents.services.cost_inputs import inputs_document, missing_slots
from agents.services.cost_side_by_side import SideBySide, side_by_side
from agents.services.costs import Costs
from agents.services.prices import PriceBooks
from agents.store import cost_scenarios, facts
from agents.store.cost_scenarios import StoredScenario
from agents.store.db import Connection, Database
from agents.store.outbox import touch_card, upsert_card

# The name of the inputs that hold now, and what stands for them in the place of a scenario's id.
NOW: Final = "now"
NOW_NAME: Final = "As it is now"
LONGEST_NAME: Final = 60
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class ScenarioList:
    """The scenarios of a conversation; `is_priced` says that there is something to save or compare with."""

    scenarios: Sequence[StoredScenario]
    is_priced: bool


class CostScenarios:
    """Saves, lists, renames, deletes and compares scenarios.

    Args:
        database: Where they are.
        costs: Makes comparisons.
        books: Looks up the prices of a team.
    """

    def __init__(self, database: Database, costs: Costs, books: PriceBooks) -> None:
        self._database = database
        self._costs = costs
        self._books = books

    async def list(self, team_id: str, conversation_id: str) -> ScenarioList:
        """Return the scenarios of a conversation, oldest first."""
        async with self._database.team(team_id) as connection:
            document = await _document(connection, team_id, conversation_id)
            return ScenarioList(
                await cost_scenarios.scenarios(connection, team_id, conversation_id), document is not None
            )

    async def wrong_name(
        self, team_id: str, conversation_id: str, name: str, *, renamed: str | None = None
    ) -> str | None:
        """Return why a name cannot be given, or None.

        Args:
            team_id: Slack's team.
            conversation_id: Where the scenario is.
            name: As typed.
            renamed: The id of the scenario that is to have it; None for one that is saved.
        """
        async with self._database.team(team_id) as connection:
            kept = await cost_scenarios.scenarios(connection, team_id, conversation_id)
        try:
            _checked(name)
        except UserError as cause:
            return str(cause)
        taken = next((each for each in kept if each.name.lower() == name.strip().lower() and each.id != renamed), None)
        if taken is not None:
            return f"“{taken.name}” is there already. Choose another name, or delete that one first."
        if renamed is None and len(kept) >= MOST:
            return f"{MOST} scenarios are kept here, which is all there can be. Delete one first."
        return None

    async def save(self, team_id: str, conversation_id: str, name: str, *, who: str) -> None:
        """Keep the inputs that hold now under a name; safe to repeat.

        Raises:
            UserError: The name cannot be given, or nothing is priced yet.
        """
        async with self._database.team(team_id) as connection:
            document = await _document(connection, team_id, conversation_id)
            if document is None:
                raise UserError("There is nothing to save yet: volume and tokens must be known first.")
            await cost_scenarios.save(
                connection, team_id, conversation_id, name=_checked(name), document=document, who=who
            )
            await self._touch(connection, team_id, conversation_id)

    async def rename(self, team_id: str, conversation_id: str, scenario_id: str, name: str) -> None:
        """Give a scenario another name.

        Raises:
            UserError: The name cannot be given, or the scenario is gone.
        """
        try:
            async with self._database.team(team_id) as connection:
                if not await cost_scenarios.rename(connection, team_id, conversation_id, scenario_id, _checked(name)):
                    raise UserError(_GONE)
                await self._touch(connection, team_id, conversation_id)
        except psycopg.errors.UniqueViolation as cause:
            raise UserError(f"“{name.strip()}” is there already. Choose another name.") from cause

    async def delete(self, team_id: str, conversation_id: str, scenario_id: str) -> None:
        """Remove a scenario; one that is gone already is no error."""
        async with self._database.team(team_id) as connection:
            await cost_scenarios.delete(connection, team_id, conversation_id, scenario_id)
            await self._touch(connection, team_id, conversation_id)

    async def show(self, team_id: str, conversation_id: str) -> None:
        """Put the list of scenarios into the thread, or bring it up to date.

        Raises:
            UserError: The conversation is gone.
        """
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            await upsert_card(connection, team_id, conversation_card(conversation, "cost_scenarios"))

    async def compare(self, team_id: str, conversation_id: str, left: str, right: str) -> SideBySide:
        """Return two scenarios side by side, both at today's prices; `NOW` stands for what holds now.

        Raises:
            UserError: One of them is gone, or cannot be priced any more.
        """
        async with self._database.team(team_id) as connection:
            book = await self._books.book(connection, team_id)
            kept = {each.id: each for each in await cost_scenarios.scenarios(connection, team_id, conversation_id)}
            now = await _document(connection, team_id, conversation_id)

        def priced(which: str) -> tuple[str, Comparison]:
            scenario = kept.get(which)
            name, document = (NOW_NAME, now) if scenario is None else (scenario.name, scenario.document)
            if document is None or (scenario is None and which != NOW):
                raise UserError(_GONE)
            try:
                return name, self._costs.pricing.compared(document, book)
            except UserError as cause:
                raise UserError(f"“{name}” cannot be priced any more: {cause}") from cause

        return side_by_side(*priced(left), *priced(right))

    async def _touch(self, connection: Connection, team_id: str, conversation_id: str) -> None:
        """Bring the cards up to date that list the scenarios."""
        for kind in ("cost_scenarios", "costs"):
            await touch_card(connection, team_id, card_key(kind, conversation_id))


_GONE: Final = "That scenario is not there any more. “Scenarios” on the costs card lists those that are."


def _checked(name: str) -> str:
    """Return a name as it is kept.

    Raises:
        UserError: It is empty or too long.
    """
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= LONGEST_NAME:
        raise UserError(f"A name has 1 to {LONGEST_NAME} characters, not {len(plain)}. For example: Twice the traffic")
    return plain


async def _document(connection: Connection, team_id: str, conversation_id: str) -> dict[str, Any] | None:
    """Return the inputs that hold as a cost file has them; None where nothing can be priced yet."""
    answers = as_answers(current(await facts.all_facts(connection, team_id, conversation_id)))
    if missing_slots(answers):
        return None
    settings = await cost_scenarios.settings(connection, team_id, conversation_id)
    return inputs_document(answers, {key: each.value for key, each in settings.items()})
