"""`cairn distill FILE --yes --json` as a script runs it: one object at the end, of what learnt and what could not."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.distillation.examples import jsonl
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, say
from tests.fakes.messages_api.script import Turn
from tests.integration.distil.desk import make_api
from tests.integration.distillation.snips import INTENTS, TASK, wishes
from tests.needs import training_python
from tests.vllm.tiny_model import write_tiny_model

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]

INPUTS, GOLDEN = 40, 30


@dataclass(frozen=True, slots=True)
class Done:
    """What a command ended with."""

    code: int
    printed: list[str]
    told: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a folder with data, beside a database and the teacher's API."""

    folder: Path
    dsn: str
    api: FakeMessagesApi
    golden: tuple[tuple[str, str], ...]

    async def distill(self, base: str, **changed: Any) -> Done:
        """Run the command on a file that is written for it."""
        written = {
            "name": "wishes",
            "task": TASK,
            "data": {"golden": "golden.jsonl", "inputs": "inputs.jsonl"},
            "teacher": {"kind": "claude", "model": "claude-sonnet-5-5"},
            "student": {"base": base},
            "training": {"gpus": 0, "max_steps": 2, "batch": 8, "micro_batch": 8, "sequence": 128},
            "gate": {"margin": 0.02, "minimum": 0.9},
            "baselines": {"small_model": "none"},
            **changed,
        }
        file = self.folder / "distill.yaml"
        await asyncio.to_thread(file.write_text, yaml.safe_dump(json.loads(json.dumps(written))))
        environment = {
            **os.environ,
            "DATABASE_URL": self.dsn,
            "CAIRN_DATA": str(self.folder / "data"),
            "CAIRN_TRAIN_PYTHON": str(training_python()),
            "ANTHROPIC_API_KEY": API_KEY,
            "ANTHROPIC_BASE_URL": self.api.url,
            "OMP_NUM_THREADS": "1",
        }
        environment.pop("CAIRN_SERVE_URL", None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "distill", str(file), "--yes", "--json",
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode().splitlines(), err.decode())


@pytest.fixture
async def shell(dsn: str, tmp_path: Path) -> AsyncIterator[Shell]:
    inputs, golden = wishes("train", INPUTS), wishes("validate_half", GOLDEN)
    known = dict([*inputs, *golden])
    # The teacher is wrong about one golden input.
    known[golden[0][0]] = next(each for each in INTENTS if each != golden[0][1])
    texts = [text for text, _ in inputs]
    (tmp_path / "inputs.jsonl").write_text(jsonl({"input": text} for text in [*texts, texts[0].upper()]))
    outputs = [{"input": text, "output": {"intent": intent}} for text, intent in golden]
    (tmp_path / "golden.jsonl").write_text(jsonl(outputs))

    def knowing(text: str) -> Turn:
        return say(json.dumps({"record": {"intent": known[text]}}))

    async with make_api(knowing) as api:
        yield Shell(tmp_path, dsn, api, tuple(golden))


async def test_a_run_ends_with_one_object_that_says_what_came_of_all_of_it(shell: Shell) -> None:
    write_tiny_model(shell.folder / "tiny", [text for text, _ in wishes("train", 300)], {})

    done = await shell.distill("./tiny")

    assert done.code == 0, done.told
    (line,) = done.printed
    found = json.loads(line)
    assert (found["state"], found["error"], found["student"]) == ("done", None, "wishes@v1")
    # Forty inputs are asked for, not the one that is there twice.
    assert found["data"]["given"] == INPUTS + 1
    assert found["data"]["dropped"] == {"duplicate": 1}
    assert found["data"]["kept"] == INPUTS
    assert found["generated"]["answered"] == INPUTS + GOLDEN
    by_name = {each["name"]: each["metrics"]["record_exact_match"] for each in found["scores"]}
    assert {"student", "teacher", "base", "embeddings"} <= by_name.keys()
    assert by_name["teacher"]["value"] == pytest.approx(29 / 30)
    assert all(each["low"] <= each["value"] <= each["high"] for each in by_name.values())
    # Two steps teach nothing.
    assert found["gate"]["passes"] is False
    assert "does not surely reach the minimum of 90.0%" in found["gate"]["reasons"][1]
    assert found["deployment"]["deployed"] is False
    assert found["spent_usd"] == pytest.approx(found["generated"]["usd"], abs=1e-6)
    assert found["spent_usd"] > 0
    assert found["report"]["rows"]
    assert [len(body["requests"]) for body in shell.api.bodies("batches.create")] == [INPUTS + GOLDEN]


async def test_a_run_that_cannot_be_done_says_so_before_it_spends(shell: Shell) -> None:
    done = await shell.distill("./nowhere")

    assert done.code == 1
    found = json.loads(done.printed[-1])
    assert (found["state"], found["spent_usd"]) == ("failed", 0.0)
    assert "does not exist on this host. Correct base" in found["error"]
    assert shell.api.requests == []


async def test_a_file_that_cannot_be_is_an_error_and_no_run(shell: Shell) -> None:
    leaking = [{"input": text} for text, _ in shell.golden]
    (shell.folder / "inputs.jsonl").write_text(jsonl(leaking))

    done = await shell.distill("./nowhere")

    assert (done.code, done.printed) == (1, [])
    assert "30 of the 30 golden inputs of" in done.told
    assert shell.api.requests == []
