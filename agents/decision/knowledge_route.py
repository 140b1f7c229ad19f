"""Where the knowledge should live: in the prompt, read whole from a cached context, or retrieved."""

from dataclasses import dataclass, replace
from enum import StrEnum

from agents.decision.answers import (
    LONG_CONTEXT_LIMIT_TOKENS,
    PROMPT_LIMIT_TOKENS,
    Answers,
    Facts,
    KnowledgeChange,
    Problem,
)


class Place(StrEnum):
    """Where the model finds what it must know."""

    NOT_NEEDED = "not_needed"
    PROMPT = "prompt"
    LONG_CONTEXT = "long_context"
    RAG = "rag"


@dataclass(frozen=True, slots=True)
class KnowledgeRoute:
    """The place chosen, the rules that chose it, and the rule that made retrieval unnecessary."""

    place: Place
    rules: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    not_rag_because: str | None = None


def knowledge_route(answers: Answers, facts: Facts) -> KnowledgeRoute:
    """Return where the knowledge should live; the first rule that applies decides."""
    if not answers.has(Problem.KNOWLEDGE):
        return KnowledgeRoute(Place.NOT_NEEDED, not_rag_because="T1")
    route = _first_that_applies(answers, facts)
    add = route.add
    if answers.knowledge_change is KnowledgeChange.REALTIME:
        add = (*add, "live_tool")
    return replace(route, rules=("T1", "R1", *route.rules), add=add)


def _first_that_applies(answers: Answers, facts: Facts) -> KnowledgeRoute:
    if rule := _fits_the_prompt(answers):
        return KnowledgeRoute(Place.PROMPT, (rule,), ("knowledge_in_prompt", "prompt_cache"), not_rag_because=rule)
    if rule := _must_be_retrieved(answers):
        return KnowledgeRoute(Place.RAG, ("S1", rule))
    size = answers.knowledge_tokens
    if size is None or size > LONG_CONTEXT_LIMIT_TOKENS:
        return KnowledgeRoute(Place.RAG, ("S1",))
    if not facts.longctx_cheaper:
        return KnowledgeRoute(Place.RAG, ("S1", "X2"))
    return KnowledgeRoute(Place.LONG_CONTEXT, ("O2", "X2"), ("long_context", "prompt_cache"), not_rag_because="O2")


def _fits_the_prompt(answers: Answers) -> str | None:
    """Return the rule that puts the knowledge into the prompt, None where it does not belong there."""
    size = answers.knowledge_tokens
    if size is None:
        return "O3" if answers.few_facts else None
    return "O1" if size < PROMPT_LIMIT_TOKENS else None


def _must_be_retrieved(answers: Answers) -> str | None:
    """Return the first rule that asks for retrieval whatever it costs, None where none does."""
    if answers.per_user_acl:
        return "X1"
    if answers.knowledge_change in (KnowledgeChange.WEEKLY, KnowledgeChange.REALTIME):
        return "R2"
    return "R3" if answers.citations else None
