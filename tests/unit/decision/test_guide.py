"""The guide, line by line: what each of its sentences means for a decision, tried on answers that it speaks of."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agents.decision import (
    DISTILLATION_STEPS,
    METHOD_NOTES,
    METHODS,
    RULES,
    Answers,
    Approach,
    Demand,
    Domain,
    Evals,
    Facts,
    KnowledgeChange,
    Method,
    Problem,
    PromptTried,
    Purpose,
    TaskType,
    decide,
    decision_record,
    ladder,
)
from tests.shared_data import SHARED, shared
from tests.unit.decision.cases import PAID_BACK, about_knowledge, distillable, fine_tunable
from tests.unit.decision.test_record import MADE_ON

_PATH = "domain/guide.txt"
_GUIDE = (SHARED / _PATH).read_text(encoding="utf-8") if (SHARED / _PATH).exists() else ""

PROMPT, RAG, FINE_TUNE, DISTILL = Approach.PROMPT, Approach.RAG, Approach.FINE_TUNE, Approach.DISTILL
SMALL = about_knowledge(knowledge_tokens=6_000)
INCONSISTENT = Answers(problem=(Problem.CONSISTENCY,))
STYLE = fine_tunable(problem=(Problem.CONSISTENCY,), requests_per_day=2_000_000)
FAST = fine_tunable(problem=(Problem.LATENCY,), latency_p95_ms=50.0, quality_gap_pp=0.0)


@dataclass(frozen=True)
class Sentence:
    """A few words by which a line of the guide is found, answers that it speaks of, and what it means for them."""

    says: str
    answers: Answers
    verdict: Approach
    rules: set[str] = field(default_factory=set)
    add: set[str] = field(default_factory=set)
    blockers: set[str] = field(default_factory=set)
    not_because: dict[Approach, str] = field(default_factory=dict)
    method: Method | None = None
    facts: Facts = PAID_BACK
    words: tuple[str, ...] = ()


def _spoiled(**changes: Any) -> Answers:
    return fine_tunable(**changes)


SENTENCES = (
    # The summary at its head.
    Sentence("Start with prompting", Answers(), PROMPT, {"S0"}),
    Sentence("Add RAG", about_knowledge(), RAG, {"S1", "T1"}),
    Sentence("Fine-tune only", fine_tunable(), FINE_TUNE, {"S2"}),
    Sentence("proven demand", _spoiled(demand=Demand.FORECAST), PROMPT, {"S2"}, blockers={"demand"}),
    Sentence("eval metrics showing", _spoiled(evals=Evals.INFORMAL), PROMPT, {"D1"}, blockers={"evals"}),
    Sentence("the gap", _spoiled(quality_gap_pp=0.0), PROMPT, {"P1"}, blockers={"no_gap"}),
    Sentence("cost optimization at scale", distillable(), DISTILL, {"F5"}),
    Sentence("specialized domains", fine_tunable(domain=Domain.LEGAL), FINE_TUNE, {"F2"}),
    # The decision tree.
    Sentence("lacks specific knowledge", about_knowledge(knowledge_tokens=1_000_000), RAG, {"T1", "R1"},
             words=("your documents", "newest data", "your own figures")),
    Sentence("do it consistently", INCONSISTENT, PROMPT, {"T2"},
             words=("format", "tone", "rules", "tools")),
    Sentence("do the task well", fine_tunable(), FINE_TUNE, {"T3"},
             words=("language of a field", "labels of your own", "style")),
    Sentence("prompting can't capture", STYLE, FINE_TUNE, {"T2", "T3"}),
    Sentence("at massive scale", distillable(), DISTILL, {"T4"},
             words=("bill", "real traffic")),
    Sentence("clear cost pressure", distillable(demand=None), PROMPT, {"T4"}, blockers={"demand"}),
    # When fine-tuning is worth it.
    Sentence("Classification at scale", distillable(task_type=TaskType.CLASSIFICATION), DISTILL, {"F1"},
             words=("sentiment", "intent", "toxicity")),
    Sentence("Domain-specific generation", fine_tunable(domain=Domain.MEDICAL), FINE_TUNE, {"F2"},
             words=("Medicine", "law", "finance", "terminology")),
    Sentence("Medical/legal/financial text", fine_tunable(domain=Domain.FINANCIAL), FINE_TUNE, {"F2"}),
    Sentence("millions of calls", STYLE, FINE_TUNE, {"F3"},
             words=("millions of calls", "brand's voice", "report's layout")),
    Sentence("10-50ms vs 500ms+ API", FAST, FINE_TUNE, {"F4"}, words=("10 to 50 ms", "500 ms")),
    Sentence("optimization pattern", distillable(), DISTILL, {"F5"},
             words=("strong model", "training data", "small one")),
    # When prompting is enough.
    Sentence("Task is well-defined", _spoiled(teacher_meets_bar=True), PROMPT, {"P1"},
             not_because={FINE_TUNE: "P1"}),
    Sentence("structured outputs / JSON mode", replace(INCONSISTENT, format_only=True), PROMPT, {"P2"},
             add={"structured_outputs"}, words=("JSON mode",)),
    Sentence("Volume is low", distillable(), PROMPT, {"P3"},
             blockers={"economics"}, facts=Facts(payback_days=400.0)),
    Sentence("iterate quickly", _spoiled(task_stable=False), PROMPT, {"P4"}, blockers={"unstable_task"},
             words=("at once", "hours")),
    # When RAG is the answer.
    Sentence("proprietary/recent information", about_knowledge(), RAG, {"R1"}, words=("private", "new")),
    Sentence("Knowledge changes frequently",
             about_knowledge(knowledge_tokens=50_000, knowledge_change=KnowledgeChange.WEEKLY), RAG, {"R2"},
             words=("products", "policies")),
    Sentence("source attribution", about_knowledge(knowledge_tokens=50_000, citations=True), RAG, {"R3"}),
    # When RAG is overkill.
    Sentence("<10K tokens", SMALL, PROMPT, {"O1"},
             add={"knowledge_in_prompt"}, not_because={RAG: "O1"}, words=("10,000 tokens",)),
    Sentence("static and rarely",
             about_knowledge(knowledge_tokens=60_000, knowledge_change=KnowledgeChange.STATIC), PROMPT, {"O2"},
             add={"long_context", "prompt_cache"}, not_because={RAG: "O2"}, facts=Facts(longctx_cheaper=True)),
    Sentence("cache it", SMALL, PROMPT, {"O1"}, add={"knowledge_in_prompt", "prompt_cache"}),
    Sentence("a few facts", about_knowledge(few_facts=True), PROMPT, {"O3"},
             add={"knowledge_in_prompt"}, not_because={RAG: "O3"}),
    # Fine-tuning methods.
    Sentence("Budget unlimited, max quality", fine_tunable(max_quality_unlimited_budget=True), FINE_TUNE, {"M3"},
             method=Method.FULL),
    Sentence("Standard production choice", fine_tunable(purpose=Purpose.PRODUCTION), FINE_TUNE, {"M1"},
             method=Method.LORA),
    Sentence("GPU-constrained", fine_tunable(), FINE_TUNE, {"M2"}, method=Method.QLORA,
             facts=Facts(lora_fits=False, qlora_fits=True)),
    Sentence("experimentation", fine_tunable(purpose=Purpose.PROTOTYPE), FINE_TUNE, {"M2"}, method=Method.QLORA),
    Sentence("LoRA is the default", fine_tunable(), FINE_TUNE, {"M1"}, method=Method.LORA, facts=Facts()),
    Sentence("QLoRA for prototyping", distillable(purpose=Purpose.PROTOTYPE), DISTILL, {"M2"}, method=Method.QLORA),
    # The distillation pattern and what it requires.
    Sentence("10K-100K", distillable(), DISTILL, {"D2"}, words=("10K to 100K",)),
    Sentence("Clear eval metrics", distillable(evals=Evals.NONE), PROMPT, {"D1"},
             blockers={"evals"}, not_because={DISTILL: "evals"}),
    Sentence("Without evals", distillable(evals=None), PROMPT, {"D1"}, blockers={"evals"}),
    Sentence("Fine-tune only when", _spoiled(prompt_tried=PromptTried.BASIC), PROMPT, {"S0"},
             blockers={"prompt_first"}),
)  # fmt: skip

# Lines without a rule: headings, names of columns, and figures, which tests/unit/costs compares with those computed.
_WITHOUT_A_RULE = (
    *("Fine-tuning vs", "Decision Tree", "What's the problem?", "When Fine-tuning", "Use Case", "When Prompting"),
    *("When RAG", "See RAG", "Fine-tuning Methods", "MethodVRAM", "LoRA on", "The Distillation", "The dominant"),
    *("1. ", "2. ", "3. ", "4. ", "using LoRA", "Cost Comparison", "ApproachUpfront", "Prompting (", "RAG + "),
    *("Fine-tuning (", "Distillation pipeline", "Sources"),
)


def _plain(text: str) -> str:
    """Return a text on one line, with its quotes and lines as they are typed."""
    typed = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').replace("\u2502", " ")
    return " ".join(typed.split())


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda each: each.says[:50])
def test_a_sentence_of_the_guide_is_how_cairn_decides(sentence: Sentence) -> None:
    shared(_PATH)
    assert sentence.says in _plain(_GUIDE), "the guide says something else"

    found = decide(sentence.answers, sentence.facts)

    assert found.verdict is sentence.verdict
    cited = {citation.rule: citation.evidence for citation in found.rules}
    assert sentence.rules <= cited.keys()
    assert sentence.add <= set(found.add)
    assert sentence.blockers <= set(found.blockers)
    assert sentence.not_because.items() <= dict(found.not_because).items()
    assert sentence.method in {None, found.method}
    texts = " ".join(f"{RULES[rule].title} {RULES[rule].text}" for rule in sentence.rules)
    assert [word for word in sentence.words if word not in texts] == []
    # The ladder stands with every verdict, with exactly one rung that the task is on.
    assert sum(rung.standing.value == "here" for rung in ladder(sentence.answers, sentence.facts, found)) == 1


def test_every_line_of_the_guide_is_tried_or_holds_no_rule() -> None:
    shared(_PATH)
    said = [sentence.says for sentence in SENTENCES]
    left = []
    for line in _GUIDE.splitlines():
        plain = re.sub(r"^[^\w(]+", "", _plain(line))
        tried = any(says in plain for says in said)
        if plain and not tried and not plain.startswith(_WITHOUT_A_RULE):
            left.append(plain)
    # What stands in brackets under a branch of the tree is in the words of its rule; arrows name the verdict.
    arrows = {"RAG", "Prompt Engineering", "Fine-tuning", "Distillation + Fine-tuning"}
    assert [line for line in left if not line.startswith("(") and line not in arrows] == []


def test_every_rule_of_the_guide_has_a_sentence_here() -> None:
    tried = {rule for sentence in SENTENCES for rule in sentence.rules}
    assert {rule.id for rule in RULES.values() if rule.from_guide} - tried == set()


@pytest.mark.parametrize(
    ("method", "row"),
    [
        (Method.FULL, ("8x model sizeBestSlow", "8 times", "best", "slow", "any budget")),
        (Method.LORA, ("~1.5x model size95-99%", "1.5 times", "95 to 99%", "fast", "production")),
        (Method.QLORA, ("~0.5x model size90-97%", "half", "90 to 97%", "moderate", "trial")),
    ],
)
def test_the_methods_are_told_with_memory_quality_speed_and_use(method: Method, row: tuple[str, ...]) -> None:
    shared(_PATH)
    said, *words = row
    assert said in _plain(_GUIDE)
    note = METHOD_NOTES[method]
    told = f"{note.memory} {note.quality} {note.speed} {note.use_when}"
    assert [word for word in words if word not in told] == []
    answers = fine_tunable(
        max_quality_unlimited_budget=method is Method.FULL,
        purpose=Purpose.PROTOTYPE if method is Method.QLORA else None,
    )
    text = decision_record(answers, PAID_BACK, decide(answers, PAID_BACK), title="T", made_on=MADE_ON, people={})
    assert f"with {METHODS[method]}**" in text
    assert note.quality in text


def test_a_distillation_is_told_in_the_steps_of_the_guide() -> None:
    shared(_PATH)
    plain = _plain(_GUIDE)
    for step, says in zip(
        DISTILLATION_STEPS,
        (
            "Use frontier model",
            "Fine-tune open-source model",
            "Serve fine-tuned model with vLLM",
            "validate the fine-tuned",
        ),
        strict=True,
    ):
        assert says in plain
        assert step
    assert [
        word for word in ("10,000 to 100,000", "LoRA", "vLLM", "test set") if word not in " ".join(DISTILLATION_STEPS)
    ] == []
    answers = distillable()
    text = decision_record(answers, PAID_BACK, decide(answers, PAID_BACK), title="T", made_on=MADE_ON, people={})
    assert all(step in text for step in DISTILLATION_STEPS)
