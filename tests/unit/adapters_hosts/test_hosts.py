"""Looking at a host: its GPUs, its memory under limits, its disk."""

import logging
import os
from pathlib import Path

import pytest

from agents.adapters.hosts import LocalHost, chosen, parsed
from agents.errors import UserError
from agents.runs.needs import GIB, Gpu
from agents.settings import load_settings

ANSWER = """GPU-1f9c, NVIDIA H100 80GB HBM3, 81559
GPU-2a00, NVIDIA H100 80GB HBM3, 81559
GPU-3b77, NVIDIA L40S, 46068
"""
GPUS = parsed(ANSWER)


def ids(visible: str) -> list[str]:
    return [gpu.id for gpu in chosen(GPUS, tuple(visible.split(",")) if visible else ())]


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An nvidia-smi that says what the test writes into it; the only program on the path."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    return program


def answer(program: Path, text: str, status: int = 0) -> None:
    program.write_text(f"#!/bin/sh\nread -r nothing\nprintf '%s' '{text}'\nexit {status}\n")
    program.chmod(0o755)


def test_an_answer_of_the_driver_is_read() -> None:
    assert GPUS[0] == Gpu("GPU-1f9c", "NVIDIA H100 80GB HBM3", 81_559 * 1024**2)
    assert [gpu.id for gpu in GPUS] == ["GPU-1f9c", "GPU-2a00", "GPU-3b77"]
    assert parsed("") == parsed("\nNo devices were found\n") == ()
    assert parsed("GPU-1, A card, with a comma, 1024\n")[0].name == "A card, with a comma"


def test_a_gpu_without_memory_of_its_own_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert parsed("GPU-1, NVIDIA GB10, [N/A]\n") == ()
    assert "NVIDIA GB10 says no memory of its own ([N/A]): declare it in CAIRN_GPUS" in caplog.text


@pytest.mark.parametrize(
    ("visible", "seen"),
    [
        ("0", ["GPU-1f9c"]),
        ("2,0", ["GPU-3b77", "GPU-1f9c"]),
        ("GPU-2a00", ["GPU-2a00"]),
        ("GPU-2", ["GPU-2a00"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("1,9,0", ["GPU-2a00"]),
        ("GPU-", []),
        ("MIG-4711,0", []),
    ],
)
def test_what_cuda_would_not_see_is_not_there(visible: str, seen: list[str]) -> None:
    assert ids(visible) == seen


async def test_gpus_are_those_that_the_driver_names(smi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(smi, ANSWER)
    assert (await LocalHost(tmp_path).capacity()).gpus == GPUS
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert (await LocalHost(tmp_path).capacity()).gpus == GPUS[1:2]
    assert (await LocalHost(tmp_path, "none").capacity()).gpus == ()


async def test_a_host_without_a_driver_has_no_gpu(smi: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert (await LocalHost(tmp_path).capacity()).gpus == ()
    assert not caplog.records


async def test_a_driver_that_fails_leaves_no_gpu_and_a_line_in_the_log(
    smi: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer(smi, "NVIDIA-SMI has failed", status=9)
    assert (await LocalHost(tmp_path).capacity()).gpus == ()
    assert "NVIDIA-SMI has failed" in caplog.text


async def test_declared_gpus_replace_the_look(smi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(smi, ANSWER)
    sizes = [gpu.memory_bytes for gpu in (await LocalHost(tmp_path, "2x80").capacity()).gpus]
    assert sizes == [80 * GIB, 80 * GIB]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(UserError, match=r"CAIRN_GPUS='2x80' cannot be used: 2 are declared, but .* shows 1"):
        await LocalHost(tmp_path, "2x80").capacity()


def test_a_declaration_that_cannot_be_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_GPUS", "two")
    with pytest.raises(UserError, match=r"CAIRN_GPUS='two' cannot be used: .*write COUNTxGB"):
        load_settings()


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1000\n"}, id="v2"),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/memory.max": "1000\n",
            },
            id="v2, a limit further up",
        ),
        pytest.param({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/memory.max": "1000\n"}, id="v2 in a container"),
        pytest.param(
            {
                "proc/self/cgroup": "7:cpu,cpuacct:/x\n5:memory:/docker/c\n",
                "sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes": "1000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            id="v1",
        ),
    ],
)
async def test_memory_is_what_the_control_group_allows(tmp_path: Path, smi: Path, files: dict[str, str]) -> None:
    put(tmp_path, files)
    assert (await LocalHost(tmp_path, root=tmp_path).capacity()).memory_bytes == 1000


@pytest.mark.parametrize("files", [{}, {"proc/self/cgroup": "0::/\n"}, {"proc/self/cgroup": "0::/../..\n"}])
async def test_without_a_limit_memory_is_the_machines(tmp_path: Path, smi: Path, files: dict[str, str]) -> None:
    put(tmp_path, files)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert (await LocalHost(tmp_path, root=tmp_path).capacity()).memory_bytes == physical


def test_free_disk_is_known_before_the_folder_is_made(tmp_path: Path) -> None:
    assert LocalHost(tmp_path / "not" / "yet").free_disk_bytes() > 0
