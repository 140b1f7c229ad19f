"""The report of a run: what each candidate costs, from which volume the student pays, and what is to be done next."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.costs.figures import HOURS_PER_MONTH, Band
from agents.costs.prices.book import GpuPrice
from agents.distillation.load import gpus_of
from agents.distillation.model_card import model_card, model_card_inputs
from agents.distillation.report import Report, headline, report_of
from agents.distillation.report_costs import gpu_named
from agents.distillation.run_report import run_report
from tests.unit.distillation.reports import BOOK, LOAD, TODAY, VERIFIED, make_report, results, spec

NOT_VERIFIED = {"verified": False, "reason": "none"}


def costs(report: Report) -> dict[str, Decimal | None]:
    return {row.name: row.usd_per_million for row in report.rows}


def test_an_api_costs_what_its_tokens_do_and_a_server_what_its_gpu_time_does() -> None:
    found = costs(make_report())

    # 800 tokens in at $10 a million and 20 out at $50.
    assert found["teacher"] == Decimal(9_000)
    # 1,000 requests in 10 s are 100 a second: 2.78 hours for a million, at $4.
    assert found["student"] == pytest.approx(Decimal("11.11"), rel=Decimal("0.001"))
    # The same server with 410 tokens a request instead of 100.
    assert found["base"] == pytest.approx(Decimal("45.56"), rel=Decimal("0.001"))
    assert found["tfidf"] == 0


def test_a_student_pays_from_the_volume_at_which_its_server_costs_what_the_teacher_does() -> None:
    (pays,) = make_report().pays

    assert pays["against"] == "claude-opus-5-5"
    assert pays["requests_per_day"] * 9_000 / 1e6 == pytest.approx(4 * 24)
    assert pays["requests_per_month"] == pytest.approx(pays["requests_per_day"] * 365 / 12)
    assert pays["requests_per_month"] * 9_000 / 1e6 == pytest.approx(float(4 * HOURS_PER_MONTH))


def test_a_server_that_is_full_before_it_pays_never_does() -> None:
    slow = {**VERIFIED, "load": {**LOAD, "seconds": 100_000.0}}

    (pays,) = make_report(results(verify=slow)).pays

    assert pays["requests_per_day"] is None


def test_what_is_not_served_has_no_cost_and_says_why() -> None:
    report = make_report(results(passes=False))

    rows = {row.name: row for row in report.rows}
    assert rows["student"].usd_per_million is None
    assert rows["student"].basis == "it is not served, so nothing was measured"
    assert (report.serving, report.pays) == (None, ())


def test_a_student_of_a_known_base_is_estimated_until_it_is_served() -> None:
    h100 = GpuPrice("H100-80", Band.flat(Decimal(3)), 80e9, 989e12, 3.35e12, "list", TODAY)
    book = replace(BOOK, gpus={**BOOK.gpus, "H100-80": h100})
    base = "meta-llama/Llama-3.1-8B-Instruct"

    estimated = run_report(spec(base=base), results(passes=False), book, TODAY)

    assert estimated.serving is not None
    assert not estimated.serving["is_measured"]
    assert costs(estimated)["student"] == pytest.approx(Decimal(str(estimated.serving["usd_per_million_requests"])))
    assert next(row for row in estimated.rows if row.name == "student").basis.startswith("estimated (throughput fit")
    # Without a price of the GPU that such a base is usually served on, nothing can be said.
    assert make_report(results(passes=False), base=base).serving is None


@pytest.mark.parametrize("load", [{"gpu": "Odd GPU 9000"}, None])
def test_without_a_known_gpu_the_cost_is_unknown_and_the_way_to_tell_it_is_said(load: dict[str, Any] | None) -> None:
    verified = {**VERIFIED, "load": {**LOAD, **load}} if load else {"verified": True, "not_measured": "no GPU is known"}

    rows = {row.name: row for row in make_report(results(verify=verified)).rows}

    assert rows["student"].usd_per_million is None
    assert rows["student"].basis in {
        "Odd GPU 9000 has no price an hour: `cairn prices set` sets one",
        "no GPU is known",
    }


def test_rows_stand_in_the_order_in_which_they_are_read() -> None:
    assert [row.name for row in make_report().rows] == ["teacher", "base", "student", "tfidf"]


def test_a_report_is_the_same_after_it_was_written_down() -> None:
    report = make_report()

    assert report_of(report.document()).document() == report.document()


def test_the_headline_says_score_and_saving() -> None:
    said = headline(make_report())

    assert said == ("tickets@v1: accuracy 95.0% (93.0 to 97.0), its teacher 96.0%, 810 times cheaper on a full server")


def test_a_served_student_is_to_get_traffic_with_its_first_call() -> None:
    step = make_report().step

    assert step["kind"] == "switch"
    assert '"model": "t0/tickets"' in str(step["call"])
    assert "Tell which team a ticket belongs to." in str(step["call"])


def test_what_is_free_and_good_enough_comes_before_the_student() -> None:
    step = make_report(results(advise={"enough": "tfidf", "reasons": []})).step

    assert (step["kind"], step["text"].startswith("Take tfidf: it is good enough already")) == ("free", True)


def test_a_student_that_passed_and_is_not_served_says_what_is_missing() -> None:
    given = results(deploy={"deployed": False, "reason": "Set CAIRN_SERVE_URL."}, verify=NOT_VERIFIED)

    assert make_report(given).step["text"] == "tickets@v1 is registered and not served yet. Set CAIRN_SERVE_URL."


def test_a_student_that_is_worse_is_told_to_learn_more_and_from_what() -> None:
    step = make_report(results(passes=False, student=0.8)).step

    assert step["kind"] == "improve"
    assert "more training examples: it learnt from 4,000" in step["text"]
    assert "'billing' taken for 'shipping' (7)" in step["text"]
    assert "golden" not in step["text"]


def test_a_student_of_whom_too_little_is_known_is_told_how_many_golden_examples_would_show_it() -> None:
    step = make_report(results(passes=False, student=0.95)).step

    # Half an interval of 2 points must become 1: four times 500.
    assert "about 2,000 instead of 500 would show it" in step["text"]


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("NVIDIA H200", "H200-141"),
        ("NVIDIA A100-SXM4-80GB", "A100-80"),
        ("NVIDIA A100-PCIE-40GB", "A100-40"),
        ("H200-141", "H200-141"),
        ("NVIDIA GeForce RTX 4090", None),
    ],
)
def test_a_gpu_is_known_by_what_its_driver_calls_it(device: str, name: str | None) -> None:
    found = gpu_named(device, BOOK)

    assert (found.name if found is not None else None) == name


@pytest.mark.parametrize(
    ("said", "device", "found"),
    [
        ("2xH200-141", "NVIDIA L4", (2, "H200-141")),
        ("H200-141", None, (1, "H200-141")),
        (None, "NVIDIA H200", (1, "NVIDIA H200")),
        (None, "cpu", None),
        (None, None, None),
    ],
)
def test_people_know_better_than_the_host_what_a_server_runs_on(
    said: str | None, device: str | None, found: tuple[int, str] | None
) -> None:
    assert gpus_of(said, device) == found


def test_a_model_card_holds_scores_costs_and_tests() -> None:
    given = results()
    card = model_card(model_card_inputs(spec(), given, make_report(given)))

    assert "| teacher (claude-opus-5-5) | 96.0% (94.0% to 98.0%) | 0 of 500 |" in card
    assert "| student | $11.11 | 30 / 50 ms | measured on the endpoint: 1,000 requests in 10.0 s" in card
    assert "1.0 points below teacher (-3.0 to +0.0): may be chance, p = 0.250, exact McNemar test" in card
