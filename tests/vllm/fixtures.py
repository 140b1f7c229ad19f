"""The fixtures `vllm` and `generating`: the generating server of a test run, for tests marked `vllm`."""

import json
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.vllm.server import ROOT, SharedVllm, VllmServer
from tests.vllm.tiny_model import CONTEXT_TOKENS, MODEL, write_tiny_model

SAID: Final = "Cost it is. The next question stands below, with its buttons."
NOTED: Final = "I write that down."
CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "record_facts",
        {"facts": [{"slot": "problem", "value": "cost", "quote": "too expensive", "corrects": False}]},
    ),
    ("list_runs", {}),
)
ENDLESS: Final = "Thus it goes on. Further and further it goes, from here to there and back. "
RECITED: Final = {
    "said": SAID,
    "calls": NOTED
    + "".join(
        f"\n<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"
        for name, arguments in CALLS
    ),
    "endless": f"{ENDLESS}...",
}
"""What the model recites, by cue."""

MAX_RANK: Final = 16
"""Of adapters that it takes."""

GENERATING: Final = (
    f"--served-model-name={MODEL}",
    f"--max-model-len={CONTEXT_TOKENS}",
    "--enable-auto-tool-choice",
    "--tool-call-parser=hermes",
    # Weak models write blanks to the limit where a grammar allows them.
    '--structured-outputs-config={"backend": "xgrammar", "disable_any_whitespace": true}',
    "--enable-lora",
    f"--max-lora-rank={MAX_RANK}",
    "--max-loras=2",
    "--middleware=own_students.OwnStudents",
    # On a CPU, vLLM 0.32 lets the last adapter answer for the base as well where both are in one batch: its torch
    # operations take the index -1, which stands for none, as that of the last. So one request is a batch.
    "--max-num-seqs=1",
)

WAITS: Final = pytest.mark.timeout(1_500)
"""For tests with the server: the first one waits for its start, another for a test that has it alone."""


@pytest.fixture(scope="session")
def generating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedVllm]:
    """What lends the generating server; skips where there is no vLLM."""
    # The folder of one process, whose parent all processes of a run have in common.
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "vllm-generating"
    shared = SharedVllm(folder, lambda model: write_tiny_model(model, _words(), RECITED), GENERATING)
    try:
        yield shared
    finally:
        shared.close()


@pytest.fixture
def vllm(generating: SharedVllm) -> Iterator[VllmServer]:
    """A server that runs, for this test and others."""
    with generating.lent() as server:
        yield server


def _words() -> list[str]:
    return [(ROOT / "README.md").read_text(encoding="utf-8")]
