"""What every command loads as it starts: nothing that takes a second and that few commands use."""

import json
import subprocess
import sys

LATE = {"anthropic", "datasketch", "matplotlib", "openai", "py3langid", "scipy", "sklearn", "torch", "transformers"}


def test_a_command_starts_without_what_few_commands_use() -> None:
    code = "import bot.shell, agents.wiring, json, sys; print(json.dumps([each.split('.')[0] for each in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert LATE.isdisjoint(json.loads(done.stdout))
