"""Runs as values: their states, recipes, progress, roles and views; no I/O."""

from agents.runs.hashing import params_hash
from agents.runs.progress import Progress
from agents.runs.recipes import RECIPES, Recipe, StageSpec
from agents.runs.roles import Person, Policy, Role
from agents.runs.states import ProposalState, RunState, StageState
from agents.runs.views import ProposalView, RunView, StageView

__all__ = [
    "RECIPES",
    "Person",
    "Policy",
    "Progress",
    "ProposalState",
    "ProposalView",
    "Recipe",
    "Role",
    "RunState",
    "RunView",
    "StageSpec",
    "StageState",
    "StageView",
    "params_hash",
]
