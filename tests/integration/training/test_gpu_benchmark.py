"""The script that measures on a GPU, kept alive where there is none."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.training.child_process import REPOSITORY

pytestmark = [pytest.mark.integration, pytest.mark.training]


def test_the_gpu_benchmark_compares_the_product_with_a_bare_loop(python: Path, tmp_path: Path) -> None:
    out = tmp_path / "measured.json"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    argv = [str(python), "-m", "tests.benchmarks.gpu", "--tiny", "--out", str(out)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(out.read_text("utf-8"))
    assert [(case["loop"], case["method"]) for case in document["cases"]] == [("bare", "lora"), ("cairn", "lora")]
    (row,) = document["compared"]
    bare, own = document["cases"]
    assert bare["tokens"] == own["tokens"] > 0, "both learn from the same"
    assert row["of_bare"] == own["tokens_per_s"] / bare["tokens_per_s"]


def test_the_gpu_benchmark_says_that_there_is_no_gpu(python: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CUDA_VISIBLE_DEVICES": ""}
    argv = [str(python), "-m", "tests.benchmarks.gpu", "--out", str(tmp_path / "measured.json")]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert "There is no GPU here." in done.stderr
    assert list(tmp_path.iterdir()) == []
