"""The tools as a model is shown them, sorted by name: the first part of what a prompt cache holds."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agents.conversation.tools import arguments as taken
from agents.conversation.tools.schemas import strict_schema
from agents.dialogue.chat import ToolSpec

MODEL_ARGUMENTS: Final[Mapping[str, type[taken.Arguments]]] = MappingProxyType(
    {
        "ask_colleague": taken.AskColleague,
        "ask_index": taken.AskIndex,
        "ask_user": taken.AskUser,
        "cancel_request": taken.CancelRequest,
        "compare_costs": taken.CompareCosts,
        "explain_figure": taken.ExplainFigure,
        "explain_question": taken.ExplainQuestion,
        "export": taken.Export,
        "list_runs": taken.ListRuns,
        "propose_distill": taken.ProposeDistill,
        "propose_index": taken.ProposeIndex,
        "recommend": taken.Recommend,
        "record_facts": taken.RecordFacts,
        "run_status": taken.RunStatus,
        "show_answers": taken.ShowAnswers,
    }
)
"""What a model may call, and what checks its arguments."""


def _described(arguments: type[taken.Arguments]) -> str:
    """Return a class's docstring, a line for each paragraph."""
    paragraphs = (inspect.getdoc(arguments) or "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


MODEL_TOOLS: Final[tuple[ToolSpec, ...]] = tuple(
    ToolSpec(name, _described(arguments), strict_schema(arguments))
    for name, arguments in sorted(MODEL_ARGUMENTS.items())
)
"""What a model may call, with strict schemas; the same bytes in every process."""
