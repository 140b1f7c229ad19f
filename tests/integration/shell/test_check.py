"""`cairn check`: whether anybody works on the runs, files can be kept, and the models that talk answer."""

from pathlib import Path
from typing import Any

import pytest

from agents.runs.recipes import RECIPES
from agents.settings import load_settings
from agents.store.db import Database
from bot.shell.check import Finding, findings
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, Limits
from tests.fakes.sleeping_vllm import SleepingVllm

pytestmark = pytest.mark.integration

MODEL = "claude-sonnet-5-5"
QUEUES = sorted({stage.queue for recipe in RECIPES.values() for stage in recipe.stages})


async def workers_finding(dsn: str) -> Finding:
    (found,) = [each async for each in findings(load_settings(database_url=dsn)) if each.subject == "workers"]
    return found


async def test_check_says_that_no_worker_is_alive_for_a_queue_and_how_to_start_one(dsn: str) -> None:
    finding = await workers_finding(dsn)
    assert finding.state == f"none is alive for: {', '.join(QUEUES)}"
    assert finding.mend is not None
    assert f"cairn worker --queues {','.join(QUEUES)}" in finding.mend


@pytest.mark.parametrize(("silent", "is_served"), [("0 s", True), ("1 hour", False)])
async def test_check_is_content_with_workers_that_are_there(
    dsn: str, database: Database, silent: str, is_served: bool
) -> None:
    async with database.engine() as connection:
        await connection.execute(
            "INSERT INTO app.worker (name, host, place, pid, version, queues, concurrency, memory_bytes, disk_bytes, "
            "cores, lease_s, seen_at) VALUES ('box', 'box', '', 1, '0', %s, 1, 1, 1, 1, 30, now() - %s::interval)",
            (QUEUES, silent),
        )
    assert ((await workers_finding(dsn)).mend is None) is is_served


async def artifacts_finding(place: str, dsn: str) -> Finding:
    settings = load_settings(database_url=dsn, artifacts=place)
    (found,) = [each async for each in findings(settings) if each.subject == "artifacts"]
    return found


async def test_check_keeps_a_file_at_the_place_for_artifacts_and_leaves_none(dsn: str, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    finding = await artifacts_finding(str(place), dsn)
    assert (finding.mend, str(place) in finding.state) == (None, True)
    assert not [path for path in place.rglob("*") if path.is_file()]


async def test_check_says_why_artifacts_cannot_be_kept(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for place, said in ((str(tmp_path / "file" / "below"), "which fails"), ("s3://", "CAIRN_ARTIFACTS")):
        finding = await artifacts_finding(place, dsn)
        assert finding.state == "cannot be kept"
        assert said in (finding.mend or "")


async def students_finding(**given: Any) -> Finding:
    settings = load_settings(**given)
    (found,) = [each async for each in findings(settings) if each.subject == "students"]
    return found


async def test_check_says_which_server_of_students_answers_and_which_does_not(unused_tcp_port: int) -> None:
    async with SleepingVllm().running() as server:
        answering = await students_finding(serve_url=server.url, serve_slots=2)
        assert answering == Finding("students", f"{server.url} serves base with 0 adapters, and in 2 slots for those "
                                    "with weights of their own")  # fmt: skip
    away = await students_finding(serve_url=f"http://127.0.0.1:{unused_tcp_port}")
    assert f"does not answer at http://127.0.0.1:{unused_tcp_port}" in away.state
    assert away.mend is not None
    assert (await students_finding(serve_slots=2)).mend is None


async def talker_findings(**given: Any) -> dict[str, Finding]:
    settings = load_settings(**given)
    return {each.subject: each async for each in findings(settings) if each.subject.startswith("talker")}


async def test_check_says_that_a_model_answers_and_spends_nothing_to_find_out(tmp_path: Path) -> None:
    async with FakeMessagesApi() as api:
        seen = await talker_findings(data_dir=tmp_path, anthropic_api_key=API_KEY, anthropic_base_url=api.url)
        asked = [each.endpoint for each in api.requests]
    assert seen == {"talker claude, the default": Finding("talker claude, the default", f"{MODEL} answers")}
    assert asked == ["count_tokens"]


@pytest.mark.parametrize(
    ("given", "state", "mend"),
    [
        ({"anthropic_api_key": "sk-ant-wrong"}, "its key is not accepted (401); check ANTHROPIC_API_KEY", "Mend what"),
        ({"model": "claude-unheard-of"}, "the model or the address is unknown (404); check CAIRN_MODEL", "Mend what"),
        ({"anthropic_base_url": "http://127.0.0.1:9"}, "there is no connection to it", "ANTHROPIC_BASE_URL"),
    ],
)
async def test_check_says_why_a_model_does_not_answer_and_what_to_mend(
    tmp_path: Path, given: dict[str, Any], state: str, mend: str
) -> None:
    async with FakeMessagesApi() as api:
        whole = {"data_dir": tmp_path, "anthropic_api_key": API_KEY, "anthropic_base_url": api.url, **given}
        (finding,) = (await talker_findings(**whole)).values()
    assert f"{given.get('model', MODEL)} does not answer: {state}" in finding.state
    assert mend in (finding.mend or "")
    assert "threads go on by buttons" in (finding.mend or "")
    assert "sk-ant-wrong" not in str(finding)


async def test_check_looks_at_every_model_and_names_the_default(tmp_path: Path) -> None:
    limits = Limits(models=frozenset({"qwen", MODEL}))
    async with FakeMessagesApi(limits=limits) as api:
        given = {"anthropic_api_key": API_KEY, "anthropic_base_url": api.url, "talker": "vllm"}
        own = {"vllm_url": api.url, "vllm_model": "qwen", "vllm_api_key": API_KEY}
        seen = await talker_findings(data_dir=tmp_path, **given, **own)
    assert {subject: finding.state for subject, finding in seen.items()} == {
        "talker claude": f"{MODEL} answers",
        "talker vllm, the default": "qwen answers",
    }
    assert not [finding for finding in seen.values() if finding.mend is not None]


async def test_check_says_that_a_model_without_a_price_is_not_spoken_to(tmp_path: Path) -> None:
    async with FakeMessagesApi(limits=Limits(models=frozenset({"claude-next"}))) as api:
        given = {"anthropic_api_key": API_KEY, "anthropic_base_url": api.url, "model": "claude-next"}
        (finding,) = (await talker_findings(data_dir=tmp_path, **given)).values()
    assert finding.state == "claude-next answers, but no list has its price"
    assert "cairn prices set claude-next" in (finding.mend or "")


async def test_check_says_that_no_model_is_set(tmp_path: Path) -> None:
    (finding,) = (await talker_findings(data_dir=tmp_path)).values()
    assert (finding.mend, finding.state.startswith("guided, by buttons")) == (None, True)
