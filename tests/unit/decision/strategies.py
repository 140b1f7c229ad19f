"""Answers and facts of any kind, for properties that must hold whatever people say."""

from hypothesis import strategies as st

from agents.decision import (
    NEVER,
    SLOTS,
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

_booleans = st.booleans()
_tokens = st.tuples(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000)).map(
    lambda parts: Tokens(static_prefix=parts[0], tokens_in=parts[0] + parts[1], tokens_out=parts[2])
)

SLOT_VALUES: dict[str, st.SearchStrategy[object]] = {
    "problem": st.sets(st.sampled_from(Problem), min_size=1).map(
        lambda named: tuple(problem for problem in Problem if problem in named)
    ),
    "prompt_tried": st.sampled_from(PromptTried),
    "evals": st.sampled_from(Evals),
    "quality_gap_pp": st.sampled_from([-3.0, 0.0, 0.5, 9.0]),
    "demand": st.sampled_from(Demand),
    "requests_per_day": st.sampled_from([0, 3_000, 999_999, 1_000_000, 5_000_000]),
    "peak_factor": st.sampled_from([1.0, 3.0, 10.0]),
    "tokens": _tokens,
    "knowledge_tokens": st.sampled_from([0, 9_999, 10_000, 200_000, 200_001, 20_000_000]),
    "few_facts": _booleans,
    "knowledge_change": st.sampled_from(KnowledgeChange),
    "citations": _booleans,
    "per_user_acl": _booleans,
    "format_only": _booleans,
    "task_type": st.sampled_from(TaskType),
    "task_stable": _booleans,
    "latency_p95_ms": st.sampled_from([1.0, 499.0, 500.0, 3_000.0]),
    "teacher_meets_bar": _booleans,
    "small_api_meets_bar": _booleans,
    "labelled_examples": st.sampled_from([0, 49, 50, 499, 500, 100_000]),
    "teacher_terms": st.sampled_from(TeacherTerms),
    "residency": st.sampled_from(Residency),
    "gpu": st.sampled_from([Gpu(kind="H100-80", count=2), Gpu(kind="rent", count=0)]),
    "batch_ok": _booleans,
    "purpose": st.sampled_from(Purpose),
    "max_quality_unlimited_budget": _booleans,
    "domain": st.sampled_from(Domain),
    "engineering_day_rate": st.sampled_from([0.0, 800.0]),
}
assert set(SLOT_VALUES) == set(SLOTS)

any_answers = st.fixed_dictionaries({}, optional=SLOT_VALUES).map(lambda slots: Answers(**slots))  # type: ignore[arg-type]  # each strategy yields its slot's type

any_facts = st.builds(
    Facts,
    payback_days=st.sampled_from([None, 0.0, 10.0, 90.0, 91.0, NEVER]),
    longctx_cheaper=st.sampled_from([None, True, False]),
    lora_fits=st.sampled_from([None, True, False]),
    qlora_fits=st.sampled_from([None, True, False]),
    full_fits=st.sampled_from([None, True, False]),
    payback_limit_days=st.sampled_from([30.0, 90.0]),
)
