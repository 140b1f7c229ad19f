"""The instructions are the same bytes for everybody, name only tools that exist, and hold no secret."""

import hashlib
import os
import re
import subprocess
import sys

import pytest

from agents.conversation.prompts import rewrite_request, system_prompt
from agents.conversation.tools import MODEL_TOOLS
from agents.decision.questions import QUESTIONS
from agents.decision.rules import RULES

_DIGEST = (
    "import hashlib, json; from agents.conversation.prompts import system_prompt; "
    "from agents.conversation.tools import MODEL_TOOLS; "
    "prefix = json.dumps([[t.name, t.description, dict(t.schema)] for t in MODEL_TOOLS]) + system_prompt(); "
    "print(hashlib.sha256(prefix.encode()).hexdigest())"
)


def _digest_in_another_process(seed: str, team: str) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "CAIRN_TEAM": team,
        "TZ": "Asia/Tokyo" if seed == "1" else "UTC",
    }
    done = subprocess.run([sys.executable, "-c", _DIGEST], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_tools_and_instructions_are_the_same_bytes_in_every_process_and_workspace() -> None:
    assert _digest_in_another_process("1", "T0ONE") == _digest_in_another_process("2", "T0TWO")


def test_the_instructions_hold_nothing_of_a_day_a_workspace_or_a_machine() -> None:
    prompt = system_prompt()

    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", prompt)
    assert not re.search(r"sk-ant-|xox[bp]-|xapp-|postgres(?:ql)?://|/home/|/root/", prompt)
    assert set(re.findall(r"<@(\w+)>", prompt)) <= {"U123"}


def test_every_tool_that_the_instructions_name_can_be_called() -> None:
    names = {tool.name for tool in MODEL_TOOLS}
    named = set(
        re.findall(
            r"\b(?:record_facts|[a-z]+_(?:user|costs|index|status|runs|figure|question|request|colleague|distill))\b",
            system_prompt(),
        )
    )

    assert named - names <= {"open_question"}
    assert {
        "record_facts",
        "ask_user",
        "compare_costs",
        "explain_figure",
        "ask_index",
        "propose_index",
        "propose_distill",
    } <= named


@pytest.mark.parametrize("slot", [question.slot for question in QUESTIONS])
def test_every_slot_that_is_asked_for_is_explained(slot: str) -> None:
    assert slot in system_prompt()


def test_the_rules_that_the_instructions_cite_exist() -> None:
    assert set(re.findall(r"\(([A-Z]\d)\)", system_prompt())) <= set(RULES)


def test_a_rewrite_names_each_sentence_that_was_withheld() -> None:
    text = rewrite_request("- It costs $5. [no source for $5]")

    assert "- It costs $5. [no source for $5]" in text
    assert "{withheld}" not in text
    assert (
        hashlib.sha256(text.encode()).digest()
        == hashlib.sha256(rewrite_request("- It costs $5. [no source for $5]").encode()).digest()
    )
