"""Which way to adapt a model: the interview, the rules, the verdict with its reasons, and the record.

Pure: answers and facts come in as values, a decision goes out as data.
"""

from agents.decision.answers import (
    CHARACTERS_PER_TOKEN,
    DEFAULT_ENGINEERING_DAY_RATE_USD,
    DEFAULT_PAYBACK_LIMIT_DAYS,
    DEFAULT_PEAK_FACTOR,
    KNOWLEDGE_BUCKETS,
    NEVER,
    TOKENS_PER_PAGE,
    TOKENS_PER_WORD,
    Answers,
    Demand,
    Domain,
    Evals,
    Facts,
    Gpu,
    KnowledgeChange,
    Problem,
    PromptTried,
    Purpose,
    Residency,
    TaskType,
    TeacherTerms,
    Tokens,
)
from agents.decision.candidate import Approach
from agents.decision.compose import Method
from agents.decision.crossings import Crossing, crossings_to_json, parse_crossings
from agents.decision.decide import Citation, Confidence, Decision, decide
from agents.decision.flips import FACTS_FED_BY, Flip
from agents.decision.gates import GateState
from agents.decision.interview import (
    SLOTS,
    askable,
    describe,
    parse_fields,
    parse_reply,
    question,
    slot_name,
)
from agents.decision.ladder import Rung, Standing, ladder
from agents.decision.output import load_cases, to_json
from agents.decision.parsing import answers_to_json, facts_to_json, parse_answers, parse_facts
from agents.decision.questions import NOT_SURE, QUESTIONS, Control, Field, Option, Question
from agents.decision.record import decision_record
from agents.decision.rules import (
    ADDITIONS,
    BLOCKERS,
    GATE_STATES,
    METHODS,
    RULES,
    TODOS,
    VERDICTS,
    Rule,
    Term,
    reason_text,
)
from agents.decision.wording import flip_text

__all__ = [
    "ADDITIONS",
    "BLOCKERS",
    "CHARACTERS_PER_TOKEN",
    "DEFAULT_ENGINEERING_DAY_RATE_USD",
    "DEFAULT_PAYBACK_LIMIT_DAYS",
    "DEFAULT_PEAK_FACTOR",
    "FACTS_FED_BY",
    "GATE_STATES",
    "KNOWLEDGE_BUCKETS",
    "METHODS",
    "NEVER",
    "NOT_SURE",
    "QUESTIONS",
    "RULES",
    "SLOTS",
    "TODOS",
    "TOKENS_PER_PAGE",
    "TOKENS_PER_WORD",
    "VERDICTS",
    "Answers",
    "Approach",
    "Citation",
    "Confidence",
    "Control",
    "Crossing",
    "Decision",
    "Demand",
    "Domain",
    "Evals",
    "Facts",
    "Field",
    "Flip",
    "GateState",
    "Gpu",
    "KnowledgeChange",
    "Method",
    "Option",
    "Problem",
    "PromptTried",
    "Purpose",
    "Question",
    "Residency",
    "Rule",
    "Rung",
    "Standing",
    "TaskType",
    "TeacherTerms",
    "Term",
    "Tokens",
    "answers_to_json",
    "askable",
    "crossings_to_json",
    "decide",
    "decision_record",
    "describe",
    "facts_to_json",
    "flip_text",
    "ladder",
    "load_cases",
    "parse_answers",
    "parse_crossings",
    "parse_facts",
    "parse_fields",
    "parse_reply",
    "question",
    "reason_text",
    "slot_name",
    "to_json",
]
