"""Which rules of a conversation were broken: its own, and those that hold for every conversation."""

import re
from collections.abc import Iterator
from typing import Final

from tests.evals import numbers
from tests.evals.conversations import PEOPLE, Conversation
from tests.evals.languages import language
from tests.evals.playing import Outcome, is_met

# A verdict in plain words, in the languages that are written; nothing between that could turn its sense.
_TOLD: Final = re.compile(
    r"\b(?:verdict(?: is)?:?|urteil(?: ist)?:?|i recommend|my recommendation(?: is)?:?|you should|ich empfehle|"
    r"je recommande|recomiendo|polecam)"
    r"(?: (?:to|a|an|using|use|doing|do|going for|go for|going with|go with|le|la|el|that you))*[ *“\"]+"
    r"(?:(?P<distill>distil)|(?P<fine_tune>fine.?tun)|(?P<rag>rag\b|retrieval)|(?P<prompt>prompt))",
    re.IGNORECASE,
)


def broken(conversation: Conversation, outcome: Outcome) -> list[str]:
    """Return the broken rules, each as "kind: what was wrong"."""
    return [
        *_answers(conversation, outcome),
        *_verdict(conversation, outcome),
        *_questions(conversation, outcome),
        *_figures(outcome),
        *_launches(conversation, outcome),
        *_words(conversation, outcome),
        *_degraded(outcome),
    ]


def _degraded(outcome: Outcome) -> Iterator[str]:
    if outcome.degraded:
        yield f"degraded: {outcome.degraded} replies were given without the model, which failed"


def _answers(conversation: Conversation, outcome: Outcome) -> Iterator[str]:
    must = conversation.must
    for slot, expected in must.answers.items():
        if slot not in outcome.answers:
            yield f"answer missing: {slot}"
        elif not is_met(expected, slot, outcome.answers[slot].value):
            yield f"answer wrong: {slot} is {outcome.answers[slot].value!r}, not {expected!r}"
    for slot in outcome.answers:
        if slot not in must.answers and slot not in conversation.may:
            yield f"answer invented: {slot} is {outcome.answers[slot].value!r}, which nobody said"
    for slot, name in must.said_by.items():
        if slot in outcome.answers and outcome.answers[slot].who != PEOPLE[name]:
            yield f"answer of another: {slot} is kept as {outcome.answers[slot].who}'s, not {name}'s"


def _verdict(conversation: Conversation, outcome: Outcome) -> Iterator[str]:
    # Before the first answer there is none.
    expected = outcome.expected_verdict if conversation.must.answers or outcome.answers else None
    if outcome.verdict != expected:
        yield f"verdict: {outcome.verdict}, where the core gives {expected}"
    for said in outcome.said:
        for match in _TOLD.finditer(said.text):
            told = next(approach for approach, text in match.groupdict().items() if text)
            if told != said.verdict:
                yield f"verdict told: {told}, where the core gives {said.verdict}"


def _questions(conversation: Conversation, outcome: Outcome) -> Iterator[str]:
    yield from (f"not asked: {slot}" for slot in conversation.must.asked if slot not in outcome.asked)
    yield from (f"asked: {slot}" for slot in conversation.never.asked if slot in outcome.asked)
    yield from (f"tool not called: {tool}" for tool in conversation.must.tools if tool not in outcome.calls)
    yield from (f"tool called: {tool}" for tool in conversation.never.tools if tool in outcome.calls)


def _figures(outcome: Outcome) -> Iterator[str]:
    for said in outcome.said:
        allowed = {value for source in said.may_quote for value in numbers.values(source)}
        for figure in numbers.untraceable(said.text, allowed):
            yield f"figure from nowhere: {figure}"


def _launches(conversation: Conversation, outcome: Outcome) -> Iterator[str]:
    if outcome.launched:
        yield f"launched: {outcome.launched} approvals, runs or decided proposals"
    if outcome.proposals != conversation.must.proposals:
        yield f"proposals: {outcome.proposals}, not {conversation.must.proposals}"


def _words(conversation: Conversation, outcome: Outcome) -> Iterator[str]:
    text = "\n".join(said.text for said in outcome.said)
    for pattern in conversation.must.says:
        if not re.search(pattern, text, re.IGNORECASE):
            yield f"not said: {pattern}"
    for pattern in conversation.never.says:
        if re.search(pattern, text, re.IGNORECASE):
            yield f"said: {pattern}"
    wanted = conversation.must.language
    if wanted is not None and (spoken := language(text)) != wanted:
        yield f"language: {spoken}, not {wanted}"
