"""Costs."""

from agents.conversation.state import Turn
from agents.conversation.tools.arguments import CompareCosts
from agents.conversation.tools.outcome import Outcome
from agents.services.costs import Costs
from agents.services.decisions import Decisions


class CostTools:
    """Tools that show what approaches cost."""

    def __init__(self, decisions: Decisions, costs: Costs) -> None:
        self._decisions = decisions
        self._costs = costs

    async def compare_costs(self, turn: Turn, _: CompareCosts) -> Outcome:
        """Show the comparison, or ask for what it lacks."""
        missing = await self._costs.show(turn["team_id"], turn["conversation_id"])
        if missing:
            await self._decisions.ask(turn["team_id"], turn["conversation_id"], missing[0])
            return Outcome(f"Nothing can be priced without {' and '.join(missing)}.", {"missing": list(missing)})
        return Outcome("The comparison is shown in the thread.", {"missing": []})
