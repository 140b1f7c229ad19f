"""A student beside others on the same examples, and what it gets wrong."""

import pytest

from agents.distillation.comparisons import comparison_words, paired_tests
from agents.distillation.gate import Candidate, CandidateKind
from agents.evaluation.metrics import scores
from agents.evaluation.tasks import Classification, Extraction
from agents.evaluation.weaknesses import NO_FORM, Weakness, weaknesses

TASK = Classification(("billing", "shipping", "other"))
GOLDEN = {f"g{at:03d}": ("billing", "shipping")[at % 2] for at in range(200)}
RECORD = {"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}}


def with_errors(kind: CandidateKind, name: str, wrong: range) -> Candidate:
    names = sorted(GOLDEN)
    answers = {**GOLDEN, **{names[at]: "other" for at in wrong}}
    return Candidate(name, kind, scores(TASK, GOLDEN, answers))


STUDENT = with_errors("student", "student", range(10))
OTHERS = [
    with_errors("teacher", "teacher", range(8, 16)),
    with_errors("base", "base", range(120)),
    with_errors("baseline", "majority", range(100)),
    with_errors("baseline", "embeddings", range(12)),
]


def test_a_student_is_tested_against_teacher_base_and_the_best_of_what_is_free() -> None:
    tests = paired_tests(STUDENT, [STUDENT, *OTHERS], "accuracy")

    assert [each.against for each in tests] == ["teacher", "base", "embeddings"]


def test_mcnemar_counts_where_only_one_is_right() -> None:
    (teacher, base, _) = paired_tests(STUDENT, OTHERS, "accuracy")

    # Wrong at 0 to 9 against wrong at 8 to 15: 8 and 6 are each other's.
    assert (teacher.only_student, teacher.only_other) == (6, 8)
    assert teacher.p_value == pytest.approx(0.790527, abs=1e-6)
    assert not teacher.is_different
    assert base.is_different
    assert base.difference.point == pytest.approx(0.55)


def test_a_metric_that_is_no_share_goes_by_the_paired_bootstrap() -> None:
    (teacher, base, _) = paired_tests(STUDENT, OTHERS, "macro_f1")

    assert (teacher.method, teacher.p_value) == ("paired bootstrap", None)
    assert not teacher.is_different
    assert base.is_different


def test_a_test_is_said_in_words() -> None:
    tests = paired_tests(STUDENT, OTHERS, "accuracy")

    assert comparison_words(tests[0].document()).startswith("1.0 points below teacher (")
    assert comparison_words(tests[1].document()).endswith("more than chance, p < 0.001, exact McNemar test")


def test_labels_taken_for_others_are_counted_and_the_most_frequent_come_first() -> None:
    answers = {**GOLDEN, "g000": "other", "g002": "other", "g001": "billing", "g003": "no label", "g005": ""}

    assert weaknesses(TASK, GOLDEN, answers) == (
        Weakness("'billing' taken for 'other'", 2),
        Weakness(NO_FORM, 2),
        Weakness("'shipping' taken for 'billing'", 1),
    )


def test_fields_that_are_missed_and_invented_are_counted_once_for_each_record() -> None:
    golden = {"a": '{"city": "Rome"}', "b": '{"city": "Oslo"}', "c": "{}"}
    answers = {"a": '{"city": "Roma"}', "b": "{}", "c": '{"day": "Monday"}'}

    assert weaknesses(Extraction(RECORD), golden, answers) == (
        Weakness("field city missed or wrong", 2),
        Weakness("field day invented", 1),
    )
