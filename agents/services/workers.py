"""The workers of every team as each team may see them: what there is, what is there, and what waits for one."""

from collections.abc import Mapping

from agents.runs.recipes import RECIPES, Recipe
from agents.runs.workers import WorkersView
from agents.store import workers
from agents.store.db import Database

_WAITING_SHOWN = 20


class Workers:
    """What is to be said of workers; they register themselves.

    Args:
        database: Where they are.
        recipes: Which kinds of run there are.
    """

    def __init__(self, database: Database, recipes: Mapping[str, Recipe] = RECIPES) -> None:
        self._database = database
        self._recipes = recipes

    async def view(self, team_id: str, waiting_at_most: int = _WAITING_SHOWN) -> WorkersView:
        """Return all workers with what each does for the team, and the team's stages that wait for one."""
        async with self._database.team(team_id) as connection:
            return WorkersView(
                await workers.views(connection, team_id), await workers.waiting(connection, team_id, waiting_at_most)
            )

    async def unserved_queues(self) -> tuple[str, ...]:
        """Return the queues that stages of some recipe need and that no live worker serves."""
        async with self._database.engine() as connection:
            served = {queue for host in await workers.live_hosts(connection) for queue in host.queues}
        needed = {stage.queue for recipe in self._recipes.values() for stage in recipe.stages}
        return tuple(sorted(needed - served))
