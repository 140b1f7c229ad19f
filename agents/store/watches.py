"""Verdicts that people watch, the flips that were told, and what asks for a check."""

from agents.store.db import Connection, one


async def ask_check(connection: Connection, team_id: str, cause: str) -> None:
    """Have the team's watched verdicts checked, soon and once for all that changes meanwhile.

    Call it at the end of the transaction in which a price, a measurement or a volume of the team changed.

    Args:
        connection: The transaction of the change, as the team or as the engine.
        team_id: Whose verdicts.
        cause: What changed, for people, such as "the price of claude-sonnet-5-5 was set".
    """
    await one(connection, "watches.ask", {"team_id": team_id, "cause": cause})


async def ask_check_all(connection: Connection, cause: str) -> None:
    """Have every team's watched verdicts checked, as `ask_check` does for one.

    Args:
        connection: The transaction of the change, as the engine: the app works for one team alone.
        cause: What changed, for people, such as "prices were refreshed".
    """
    await one(connection, "watches.ask_all", {"cause": cause})
