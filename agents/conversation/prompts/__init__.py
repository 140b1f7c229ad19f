"""What a model is told before any conversation: reviewed texts beside this module, the same bytes for everybody.

A change of a text is a change of behaviour: play the conversations of tests/evals with it before it lands.
"""

from functools import lru_cache
from importlib.resources import files

from agents.conversation.tools import slot_guide
from agents.decision.questions import QUESTIONS
from agents.dialogue.instructions import Instructions


@lru_cache(maxsize=1)
def system_prompt() -> str:
    """Return the system prompt: no date, no name, no workspace and no secret is in it, so that it can be cached."""
    return _text("system.md").replace("{slots}", slot_guide())


@lru_cache(maxsize=1)
def instructions() -> Instructions:
    """Return what stays between code and the model; the questions in it are on cards."""
    return Instructions([system_prompt(), _text("rewrite.md")], shown=[each.text for each in QUESTIONS])


def rewrite_request(withheld: str) -> str:
    """Return what a model is told when sentences of its reply were withheld.

    Args:
        withheld: The sentences and why, a line each.
    """
    return _text("rewrite.md").replace("{withheld}", withheld)


@lru_cache
def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8").strip()
