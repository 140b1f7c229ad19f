"""The units that are shipped, as systemd reads them."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "systemd"
PROGRAMS = ("/opt/cairn/bin/cairn", "/opt/vllm/bin/vllm", "/usr/bin/systemctl")


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze, which comes with systemd")
    names = []
    for shipped in SHIPPED.iterdir():
        text = shipped.read_text(encoding="utf-8")
        for program in PROGRAMS:
            # It looks whether programs are there.
            text = text.replace(program, "/bin/true")
        (tmp_path / shipped.name).write_text(text, encoding="utf-8")
        names.append(shipped.name.replace("@.", "@1."))

    checked = subprocess.run(
        [analyze, "verify", "--man=no", *names],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )

    own = [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "vllm" in line or "cairn" in line]
    assert (own, checked.returncode) == ([], 0), checked.stderr
