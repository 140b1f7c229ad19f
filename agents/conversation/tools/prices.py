"""Costs: the comparison, and how a figure of it comes about."""

from agents.conversation.tools.arguments import CompareCosts, ExplainFigure
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.outcome import Outcome
from agents.costs.derived.figures import derivation
from agents.decision.interview import slot_name
from agents.services.cost_explained import derivation_text
from agents.services.cost_words import comparison_text
from agents.services.costs import Costs
from agents.services.decisions import Decisions


class CostTools:
    """Tools that show what approaches cost."""

    def __init__(self, decisions: Decisions, costs: Costs) -> None:
        self._decisions = decisions
        self._costs = costs

    async def compare_costs(self, calling: Calling, _: CompareCosts) -> Outcome:
        """Show the comparison and return it in words, or ask for what it lacks."""
        team_id, conversation_id = calling.team_id, calling.conversation_id
        missing = await self._costs.show(team_id, conversation_id)
        if missing:
            await self._decisions.ask(team_id, conversation_id, missing[0])
            names = " and ".join(f"{slot_name(slot).lower()} (slot {slot})" for slot in missing)
            text = f"Nothing can be priced without {names}. The question about {missing[0]} is open in the thread."
            return Outcome(text, {"missing": list(missing)})
        comparison, assumptions = await self._costs.worded(team_id, conversation_id)
        text = comparison_text(comparison, assumptions)
        return Outcome(f"The comparison is shown in the thread.\n{text}", {"missing": []})

    async def explain_figure(self, calling: Calling, arguments: ExplainFigure) -> Outcome:
        """Return formula and terms of a figure."""
        comparison = await self._costs.comparison(calling.team_id, calling.conversation_id)
        return Outcome(derivation_text(derivation(comparison, arguments.figure.strip()), "explain_figure"))
