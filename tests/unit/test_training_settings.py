"""What the process that trains is given: what settings and environment say for it, and no other key."""

import sys
from pathlib import Path

import pytest

from agents.settings import load_settings

NATIVE = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CUDA_HOME",
    "LD_LIBRARY_PATH",
    "OMP_NUM_THREADS",
    "CAIRN_TRAIN_PYTHON",
)


def test_the_process_that_trains_gets_what_it_needs_for_base_models_and_no_other_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HF_ENDPOINT", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", *NATIVE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-x")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-x")
    settings = load_settings(hf_home="/models")
    assert settings.train_environment == {
        "HF_TOKEN": "hf_of_a_test",
        "HF_HOME": "/models",
        "HF_HUB_OFFLINE": "1",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    assert "hf_of_a_test" not in repr(settings)


def test_the_python_that_trains_is_this_one_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAIRN_TRAIN_PYTHON", raising=False)
    assert load_settings().train_python == Path(sys.executable)
    assert load_settings(train_python="/opt/train/bin/python").train_python == Path("/opt/train/bin/python")
