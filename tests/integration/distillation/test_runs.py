"""Distillation runs from the proposal to the served student: what passes, what does not, and who is asked."""

from decimal import Decimal

import pytest

from agents.costs.calibrations import calibration_for
from agents.costs.serving import Calibration
from agents.costs.students import LLAMA_8B
from agents.errors import UserError
from agents.runs.money import cost_band
from agents.runs.questions import table_of
from agents.runs.states import RunState
from agents.services.students import StudentsView
from tests.integration.distillation.desk import BOB, TEAM, WHO, Desk, document, rows

pytestmark = pytest.mark.integration


def folders(desk: Desk) -> dict[str, str]:
    return {name: folder.name for name, folder in desk.server.folders().items()}


def pointing(view: StudentsView) -> dict[str, str]:
    return {each.alias: f"{each.name}@v{each.version}" for each in view.aliases}


async def test_a_student_that_passes_is_served_under_its_alias(desk: Desk) -> None:
    result = await desk.made()

    assert result["gate"]["passes"]
    assert result["deployment"]["served_as"] == "t0local/tickets"
    assert result["deployment"]["verification"]["same_answers"] == 60
    assert folders(desk) == {"t0local/tickets": "v1", "t0local/tickets@v1": "v1"}
    assert pointing(await desk.students.view(TEAM)) == {"tickets": "tickets@v1"}
    assert {each["kind"] for each in result["scores"]} == {"student", "base", "baseline"}


async def test_the_run_ends_with_one_table_of_all_candidates_and_a_next_step(desk: Desk) -> None:
    report = (await desk.made())["report"]

    assert [row["name"] for row in report["rows"]] == ["base", "student", "tf-idf"]
    student = report["rows"][1]
    assert (student["value"], student["low"] < 1, student["p50_s"]) == (1, True, 0.01)
    # No GPU is named, so nothing is sent to the server for its throughput's sake.
    assert student["usd_per_million_requests"] is None
    assert "CAIRN_SERVE_GPUS" in student["cost_basis"]
    assert [test["against"] for test in report["tests"]] == ["base", "tf-idf"]
    assert all(test["is_different"] for test in report["tests"])
    assert report["next_step"]["kind"] == "switch"
    assert "t0local/tickets" in report["next_step"]["call"]


async def test_on_a_gpu_the_served_student_is_priced_and_the_students_list_shows_it(desk: Desk) -> None:
    desk.serve_gpus = "1xH200-141"

    result = await desk.made()

    load = result["deployment"]["verification"]["load"]
    assert (load["requests"], load["failed"], load["gpus"], load["gpu"]) == (72, 0, 1, "H200-141")
    priced = result["report"]["serving"]
    assert priced["is_measured"]
    assert priced["usd_per_million_requests"] > 0
    view = await desk.students.view(TEAM)
    assert view.measured[view.students[0].label]["usd_per_million_requests"] == priced["usd_per_million_requests"]
    # 72 requests fill no server: they price this student and say nothing of others.
    assert await desk.held_measurements() == []


async def test_a_full_server_of_a_known_base_reprices_every_comparison(desk: Desk) -> None:
    desk.serve_gpus = "H200-141"
    desk.write("labelled.jsonl", rows(400, 100))
    # Slower than any GPU, however fast this machine is.
    desk.server.tokens_in, desk.server.takes_s = 1, 0.05

    before = await throughput(desk)
    await desk.made(student={"base": "meta-llama/Llama-3.1-8B-Instruct"})

    (held,) = await desk.held_measurements()
    assert (held.student, held.variant, held.gpu, held.gpus) == ("llama-3.1-8b", "bf16", "H200-141", 1)
    assert held.source.startswith("the deployment of tickets@v1 of ")
    assert held.loaded_by == "cairn"
    # What comparisons are priced by from now on.
    after = await throughput(desk)
    assert (before.kind, after.kind) == ("assumed", "measured")
    assert after.decode < before.decode / 10
    assert after.source == held.source


async def throughput(desk: Desk) -> Calibration:
    """Return what the team's comparisons take for Llama 8B on an H200."""
    book = await desk.distillations.book(TEAM)
    return calibration_for(LLAMA_8B, "bf16", book.gpu("H200-141"), book)


async def test_a_throughput_that_cannot_be_is_kept_from_comparisons_and_ends_no_run(desk: Desk) -> None:
    desk.serve_gpus = "H200-141"
    desk.write("labelled.jsonl", rows(400, 100))
    desk.server.tokens_in = 10_000_000

    result = await desk.made(student={"base": "meta-llama/Llama-3.1-8B-Instruct"})

    assert result["deployment"]["verification"]["verified"]
    assert await desk.held_measurements() == []


async def test_whoever_does_not_want_a_load_says_so_in_the_file(desk: Desk) -> None:
    desk.serve_gpus = "H200-141"

    result = await desk.made(serve={"measure": False})

    assert "serve.measure" in result["deployment"]["verification"]["not_measured"]


async def test_a_student_that_does_not_pass_ends_in_a_report(desk: Desk) -> None:
    desk.student_errors = 20

    result = await desk.made()

    assert not result["gate"]["passes"]
    assert "does not surely reach the minimum" in result["gate"]["reasons"][0]
    assert result["deployment"]["deployed"] is False
    assert folders(desk) == {}
    assert [each.may_be_served for each in (await desk.students.view(TEAM)).students] == [False]


async def test_an_approver_may_let_it_pass_with_a_reason_that_is_kept(desk: Desk) -> None:
    desk.student_errors = 20
    run_id = await desk.start(unattended=False)

    view = await desk.finish(run_id, {"review_samples": "go_on", "gate": "override"}, value="the pilot needs it")

    assert view.state is RunState.DONE, view.error
    (student,) = (await desk.students.view(TEAM)).students
    assert (student.passed, student.overridden_by, student.override_reason) == (False, BOB, "the pilot needs it")
    assert folders(desk)["t0local/tickets"] == "v1"


async def test_samples_are_looked_at_before_anything_is_trained(desk: Desk) -> None:
    run_id = await desk.start(unattended=False)

    view = await desk.finish(run_id)

    asked = await desk.asked(run_id)
    assert asked.kind == "review_samples"
    assert "80 examples are kept for tickets; dropped: none. Look at 20 of them" in asked.text
    header, *shown = table_of(asked.details)
    assert (header, len(shown)) == (["Input", "Output"], 20)
    labelled = {row["input"]: row["output"] for row in rows(80, 100)}
    assert all(labelled[given] == output for given, output in shown)
    assert [output for _, output in shown].count("billing") == 10, "as many of each label"
    assert view.state is RunState.NEEDS_ATTENTION
    assert [stage.name for stage in view.stages if stage.result is not None] == ["prepare", "check", "generate"]


async def test_where_something_free_is_good_enough_people_are_asked_before_a_gpu_is_used(desk: Desk) -> None:
    desk.baseline_errors = 0
    run_id = await desk.start(unattended=False)

    await desk.finish(run_id, {"review_samples": "go_on"})

    asked = await desk.asked(run_id)
    assert asked.kind == "free_baseline"
    assert "tf-idf is good enough already" in asked.text


async def test_unattended_it_says_so_and_goes_on(desk: Desk) -> None:
    desk.baseline_errors = 0

    result = await desk.made()

    assert result["free_baseline_enough"] == "tf-idf"
    assert result["deployment"]["deployed"]


async def test_a_second_run_makes_the_next_version_and_the_first_can_be_rolled_back_to(desk: Desk) -> None:
    await desk.made()
    await desk.made(validation_share=0.2)
    assert folders(desk)["t0local/tickets"] == "v2"

    await desk.students.back(TEAM, "tickets", BOB)
    assert desk.deps().keeper is not None
    await desk.deps().keeper.align(TEAM)  # type: ignore[union-attr]  # just looked at

    assert folders(desk)["t0local/tickets"] == "v1"


async def test_an_adapter_that_the_server_refuses_leaves_what_was_served(desk: Desk) -> None:
    await desk.made()
    run_id = await desk.start(training={"gpus": 0, "rank": 128})

    view = await desk.finish(run_id)

    assert view.state is RunState.FAILED
    assert "tickets@v2 is not served, and tickets is as it was" in (view.error or "")
    assert pointing(await desk.students.view(TEAM)) == {"tickets": "tickets@v1"}
    assert folders(desk) == {"t0local/tickets": "v1", "t0local/tickets@v1": "v1"}


async def test_a_deployment_that_failed_is_taken_up_where_it_failed(desk: Desk) -> None:
    desk.server.max_rank = 8
    run_id = await desk.start()
    failed = await desk.finish(run_id)
    assert "LoRA rank is greater" in (failed.error or "")

    desk.server.max_rank = 64
    await desk.runs.retry(TEAM, run_id, BOB)
    done = await desk.finish(run_id)

    assert done.state is RunState.DONE, done.error
    assert folders(desk)["t0local/tickets"] == "v1"
    # What was paid, trained and measured before is not done again.
    assert {stage.name: stage.attempt for stage in done.stages if stage.attempt != 1} == {"deploy": 2}


async def test_a_student_that_answers_otherwise_where_it_is_served_is_taken_back(desk: Desk) -> None:
    class Odd(type(desk.server)):  # type: ignore[misc]  # the fake's own class
        async def chat(self, model, messages, *, max_tokens):  # type: ignore[no-untyped-def]
            answer = await super().chat(model, messages, max_tokens=max_tokens)
            return type(answer)("?", answer.tokens_in, answer.tokens_out, answer.latency_s)

    desk.server = Odd()
    view = await desk.finish(await desk.start())

    assert view.state is RunState.FAILED
    assert "tickets is as it was" in (view.error or "")
    assert pointing(await desk.students.view(TEAM)) == {}
    assert folders(desk) == {}


async def test_without_a_server_the_student_is_registered_and_the_next_step_is_said(desk: Desk) -> None:
    desk.has_server = False

    result = await desk.made()

    assert "Set CAIRN_SERVE_URL" in result["deployment"]["reason"]
    assert [each.label for each in (await desk.students.view(TEAM)).students] == ["tickets@v1"]


async def test_leaking_and_invalid_examples_are_dropped_and_counted(desk: Desk) -> None:
    leaking = [{**row, "id": f"leak{at}"} for at, row in enumerate(rows(10))]
    odd = [{"id": f"odd{at}", "input": f"ticket {at} of another kind", "output": "none of them"} for at in range(3)]
    desk.write("labelled.jsonl", [*rows(80, 100), *leaking, *odd])

    result = await desk.made()

    assert result["data"]["dropped"] == {"schema": 3, "leakage": 10}
    assert result["data"]["kept"] == 80


async def test_data_that_was_changed_after_the_approval_is_not_trained_on(desk: Desk) -> None:
    run_id = await desk.start()
    desk.write("labelled.jsonl", rows(80, 500))

    view = await desk.finish(run_id)

    assert view.state is RunState.FAILED
    assert "is not what it was when the run was approved" in (view.error or "")
    assert not (await desk.students.view(TEAM)).students


@pytest.mark.parametrize(
    ("golden", "told"),
    [
        (rows(29), "29 golden examples, and below 30 no score means anything"),
        ([{**row, "output": "nobody"} for row in rows(40)], "40 golden outputs are none of the task"),
        ([{**row, "output": "billing"} for row in rows(40)], "one label only"),
        ("{", "line 1 is not JSON"),
        ("", "holds no rows"),
    ],
)
async def test_a_golden_set_that_says_nothing_is_refused_before_anything_is_proposed(
    desk: Desk, golden: object, told: str
) -> None:
    desk.write("golden.jsonl", golden)  # type: ignore[arg-type]  # rows or a text

    with pytest.raises(UserError, match=told):
        await desk.distillations.propose(TEAM, document(desk.folder), requested_by=WHO)


async def test_a_teacher_without_a_price_is_refused_with_the_way_to_give_it_one(desk: Desk) -> None:
    desk.write("inputs.jsonl", rows(50, 300))
    data = {**document(desk.folder)["data"], "inputs": str(desk.folder / "inputs.jsonl")}
    teacher = {"kind": "claude", "model": "claude-nobody-9"}

    with pytest.raises(UserError, match="cairn prices set claude-nobody-9"):
        await desk.distillations.propose(TEAM, document(desk.folder, data=data, teacher=teacher), requested_by=WHO)


@pytest.mark.parametrize(("budget_usd", "approved_usd"), [(None, None), (2, Decimal(2))])
async def test_a_budget_is_the_most_that_is_approved(
    desk: Desk, budget_usd: int | None, approved_usd: Decimal | None
) -> None:
    desk.write("inputs.jsonl", rows(500, 300))
    data = {**document(desk.folder)["data"], "inputs": str(desk.folder / "inputs.jsonl")}
    teacher = {"kind": "claude", "model": "claude-opus-5-5", "max_tokens": 4_000}

    proposal = await desk.distillations.propose(
        TEAM, document(desk.folder, data=data, teacher=teacher, budget_usd=budget_usd), requested_by=WHO
    )

    high_usd = cost_band(proposal.estimate).high_usd
    assert high_usd == approved_usd if approved_usd is not None else high_usd > 2


async def test_a_budget_below_what_the_teacher_costs_at_least_is_refused(desk: Desk) -> None:
    desk.write("inputs.jsonl", rows(500, 300))
    data = {**document(desk.folder)["data"], "inputs": str(desk.folder / "inputs.jsonl")}
    teacher = {"kind": "claude", "model": "claude-opus-5-5"}

    with pytest.raises(UserError, match="The teacher costs at least"):
        await desk.distillations.propose(
            TEAM, document(desk.folder, data=data, teacher=teacher, budget_usd=0.01), requested_by=WHO
        )


async def test_files_outside_the_allowed_folders_are_not_read(desk: Desk) -> None:
    with pytest.raises(UserError, match="outside the folders that data may be read from"):
        await desk.distillations.propose(
            TEAM, document(desk.folder, data={"golden": "/etc/passwd", "labelled": "/etc/passwd"}), requested_by=WHO
        )
