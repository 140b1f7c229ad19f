"""What tests need beyond Python packages: where it is, or how it is added; one step behind the test command.

A test asks `provide(NAME)` and is skipped with the reason where the thing cannot be had without a system package
manager, which only .ci/run may use.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest


@cache
def chromium() -> Path:
    """Return a Chromium's path: from CAIRN_CHROMIUM, the PATH, or Playwright's own download."""
    given = os.environ.get("CAIRN_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = given or next((path for name in names if (path := shutil.which(name))), None) or _from_playwright()
    if found is None:
        pytest.skip("needs Chromium: install it (Debian: apt-get install chromium) or set CAIRN_CHROMIUM to its path")
    return Path(found)


@cache
def nginx() -> Path:
    """Return nginx's path."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip("needs nginx: install it (Debian: apt-get install nginx-light)")
    return Path(found)


@cache
def training_python() -> Path:
    """Return the Python that trains: CAIRN_TRAIN_PYTHON, or the one that the tests of vLLM have installed."""
    given = os.environ.get("CAIRN_TRAIN_PYTHON")
    python = Path(given or Path(__file__).resolve().parents[1] / ".venv-vllm" / "bin" / "python")
    if not python.exists():
        pytest.skip("needs a Python with torch, trl and peft: run tests/vllm/install.sh or set CAIRN_TRAIN_PYTHON")
    return python


def _from_playwright() -> str | None:
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"],
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        return None
    cache_dir = Path.home() / ("Library/Caches/ms-playwright" if sys.platform == "darwin" else ".cache/ms-playwright")
    shells = sorted(cache_dir.glob("chromium_headless_shell-*/*/*headless*shell*"))
    return str(shells[-1]) if shells else None
