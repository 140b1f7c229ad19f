"""Whole guided interviews, word for word, beside transcripts that somebody has read.

After a change of wording run with CAIRN_WRITE_TRANSCRIPTS=1, and read what it wrote.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.services.decision_state import DecisionState, Question
from tests.integration.conversation.conftest import ANA, BOB, Desk

pytestmark = pytest.mark.integration

KEPT = Path(__file__).parent / "transcripts"
NAMES = {ANA: "Ana", BOB: "Bob"}

# What people write, in order; a list is pressed on the open question's card.
SCRIPTS: dict[str, Sequence[tuple[str, Any]]] = {
    "handbook_with_citations": (
        (ANA, "Hi, people ask our bot about leave and expenses and it makes things up"),
        (ANA, ["knowledge"]),
        (ANA, "about 300 pages"),
        (BOB, "why do you ask?"),
        (BOB, "no idea, we have never counted them"),
        (BOB, "not sure"),
        (BOB, "skip"),
        (BOB, "weekly"),
        (ANA, "verdict"),
    ),
    "ticket_bill_at_scale": (
        (ANA, "We classify 2M tickets a day with Sonnet and the bill hurts"),
        (ANA, "systematic"),
        (ANA, "golden"),
        (BOB, "78 / 87"),
        (ANA, "proven"),
        (ANA, "costs"),
        (ANA, "800 / 200 / 20"),
        (ANA, "yes"),
        (ANA, "yes"),
        (ANA, "change demand"),
        (BOB, "forecast"),
        (ANA, "thanks"),
    ),
    "only_the_format": (
        (ANA, "hello"),
        (ANA, "It is inconsistent"),
        (ANA, "a first prompt or two"),
        (BOB, "the moon"),
        (BOB, "spot checks"),
        (BOB, "yes"),
        (BOB, "change an answer"),
        (BOB, "answer only the format"),
        (BOB, "yes"),
        (BOB, "export"),
    ),
}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
async def test_an_interview_reads_as_kept(desk: Desk, name: str) -> None:
    lines: list[str] = []
    for who, told in SCRIPTS[name]:
        seen = {card["key"] for card in await desk.cards()}
        await _tell(desk, who, told)
        lines.append(f"{NAMES[who]}: {', '.join(told) if isinstance(told, list) else told}")
        lines += [line async for line in _new(desk, seen)]
    state = await desk.state()
    text = "\n".join([*lines, "", *_verdict(state), *_answers(state)]) + "\n"
    kept = KEPT / f"{name}.txt"
    if os.environ.get("CAIRN_WRITE_TRANSCRIPTS"):
        KEPT.mkdir(exist_ok=True)
        kept.write_text(text)
    assert text == kept.read_text()


async def _tell(desk: Desk, who: str, told: Any) -> None:
    if isinstance(told, list):
        await desk.click(told, who)
    else:
        await desk.say(told, who)


async def _new(desk: Desk, seen: set[str]) -> Any:
    """Yield what a turn put into the thread."""
    for card in await desk.cards():
        if card["key"] in seen:
            continue
        subject = card["subject"]
        if card["kind"] == "say":
            for line in subject["text"].splitlines():
                yield f"  Cairn: {line}"
            for suggestion in subject["suggestions"]:
                yield f"  Cairn offers: {suggestion['label']} ({suggestion['text']})"
        elif card["kind"] == "question":
            asked = await desk.decisions.question(desk.team, desk.conversation_id, subject["question_id"])
            yield f"  Cairn asks: {_question(asked)}"
        else:
            yield f"  [{card['kind']} card]"


def _question(asked: Question) -> str:
    choices = [option.label for option in asked.options] or [field.label for field in asked.fields]
    return f"{asked.text} [{'] ['.join(choices)}]" if choices else f"{asked.text} (e.g. {asked.example})"


def _verdict(state: DecisionState) -> Iterator[str]:
    assert state.verdict is not None
    verdict = state.verdict
    yield f"{verdict.label}{' so far' if verdict.is_provisional else ''}, {verdict.confidence} confidence."
    yield verdict.summary
    yield from (f"because {reason.rule}: {reason.text} ({reason.evidence})" for reason in verdict.reasons)
    yield from (f"not {each.label}: {each.text}" for each in verdict.not_because)
    yield from (f"in the way, {each.state}: {each.text} -> {each.lifted_by}" for each in verdict.blockers)
    yield from (f"with: {item.text}" for item in verdict.add)
    yield from (f"to do: {item.text}" for item in verdict.todo)
    yield from (f"would change it: {text}" for text in verdict.what_would_change)
    yield from (f"{rung.state}: {rung.label}" for rung in verdict.ladder)


def _answers(state: DecisionState) -> Iterator[str]:
    for answer in state.answers:
        before = "".join(f", before: {each.shown} ({NAMES[each.who]})" for each in answer.earlier)
        yield f"{answer.question}: {answer.shown} ({NAMES[answer.who]}{before})"
