"""Several GPUs of one host: what accelerate is told, without any."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agents.adapters.trainers.launch import accelerate_command, fsdp2_config
from tests.needs import training_python


def test_weights_are_shared_by_fsdp2_between_the_gpus_of_one_host() -> None:
    config = fsdp2_config(4, "bf16")
    assert (config["distributed_type"], config["num_processes"], config["num_machines"]) == ("FSDP", 4, 1)
    assert config["fsdp_config"]["fsdp_version"] == 2
    assert config["mixed_precision"] == "bf16"
    assert fsdp2_config(2, "fp32")["mixed_precision"] == "no"


def test_the_command_starts_a_module_by_the_configuration_it_wrote(tmp_path: Path) -> None:
    command = accelerate_command(2, "bf16", tmp_path)
    assert command[:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    assert command[-1] == "-m"
    config = Path(command[command.index("--config_file") + 1])
    assert json.loads(config.read_text()) == fsdp2_config(2, "bf16")


# Prints the environment that accelerate would start each process with.
READ = """
import json, sys
from accelerate.commands import launch
from accelerate.utils.launch import prepare_multi_gpu_env
command = sys.argv[1:]
args = launch.launch_command_parser().parse_args(command)
args, defaults, mp_from_config_flag = launch._validate_launch_command(args)
print(json.dumps({"use_fsdp": args.use_fsdp, "module": args.module, **prepare_multi_gpu_env(args)}))
"""


@pytest.mark.training
def test_accelerate_reads_the_configuration_as_it_is_meant(tmp_path: Path) -> None:
    command = [*accelerate_command(2, "bf16", tmp_path)[3:], "agents.adapters.trainers.ranks", str(tmp_path)]
    done = subprocess.run(
        [str(training_python()), "-c", READ, *command], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    assert (read["use_fsdp"], read["module"]) == (True, True)
    assert (read["ACCELERATE_USE_FSDP"], read["FSDP_VERSION"]) == ("true", "2")
    assert (read["FSDP_STATE_DICT_TYPE"], read["FSDP_RESHARD_AFTER_FORWARD"]) == ("FULL_STATE_DICT", "true")
    assert (read["ACCELERATE_MIXED_PRECISION"], read["FSDP_OFFLOAD_PARAMS"]) == ("bf16", "false")
