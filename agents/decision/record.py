"""The decision record: one Markdown document that says what was decided, why, and on whose word."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from agents.decision.answers import Answers, Facts
from agents.decision.decide import Decision
from agents.decision.evidence import payback_text
from agents.decision.interview import BY_SLOT, describe, slot_name
from agents.decision.ladder import Standing, ladder
from agents.decision.parsing import answers_to_json
from agents.decision.rules import ADDITIONS, BLOCKERS, GATE_STATES, METHODS, RULES, TODOS, VERDICTS, reason_text
from agents.decision.wording import flip_text


def decision_record(
    answers: Answers,
    facts: Facts,
    decision: Decision,
    *,
    title: str,
    made_on: datetime,
    people: Mapping[str, str],
) -> str:
    """Return the decision as a Markdown document.

    Args:
        answers: What was said.
        facts: What was computed from it.
        decision: What follows.
        title: What the task is called; shown as plain text.
        made_on: When the decision was made; aware.
        people: Who gave each answer, by slot; shown as plain text.
    """
    sections = (
        (f"# {_plain(title) or 'Decision'}", _summary(decision, made_on)),
        ("## Why", _reasons(decision)),
        ("## What it is not", _ruled_out(decision)),
        ("## What stands in the way", _blockers(decision)),
        ("## To do", _todos(decision)),
        (
            "## What would change it",
            [f"- {flip_text(flip)}" for flip in (*decision.what_would_change, *decision.method_would_change)],
        ),
        ("## The ladder", _ladder(answers, facts, decision)),
        ("## Answers", _answers(answers, people)),
        ("## Computed", _facts(facts)),
    )
    written = []
    for heading, lines in sections:
        body = list(lines)
        if body:
            written.append("\n".join((heading, "", *body)))
    return "\n\n".join(written) + "\n"


def _summary(decision: Decision, made_on: datetime) -> Iterator[str]:
    method = f" with {METHODS[decision.method]}" if decision.method else ""
    yield f"**{VERDICTS[decision.verdict]}{method}**, decided on {made_on:%Y-%m-%d %H:%M %Z}".rstrip() + "."
    yield ""
    open_slots = ", ".join(slot_name(slot).lower() for slot in decision.open_slots)
    still_open = f" (still open: {open_slots})" if open_slots else ""
    yield f"Confidence: {decision.confidence.value}{still_open}."
    if decision.wanted is not decision.verdict:
        yield ""
        yield f"The task calls for {VERDICTS[decision.wanted].lower()}, which is not ready yet."
    if decision.add:
        yield ""
        for id_ in decision.add:
            yield f"- {ADDITIONS[id_].label}: {ADDITIONS[id_].meaning} {ADDITIONS[id_].next_step}"


def _reasons(decision: Decision) -> Iterator[str]:
    for citation in decision.rules:
        rule = RULES[citation.rule]
        origin = "the guide" if rule.from_guide else "added by Cairn"
        yield f"- **{rule.title}** ({rule.id}, {origin}). {rule.text} *{_plain(citation.evidence)}*"


def _ruled_out(decision: Decision) -> Iterator[str]:
    for approach, reason in decision.not_because.items():
        yield f"- {VERDICTS[approach]}: {reason_text(reason)} ({reason})"


def _blockers(decision: Decision) -> Iterator[str]:
    for id_ in decision.blockers:
        term = BLOCKERS[id_]
        yield f"- **{term.label}** ({GATE_STATES[decision.blocker_state[id_]]}). {term.meaning} {term.next_step}"


def _todos(decision: Decision) -> Iterator[str]:
    for id_ in decision.todo:
        yield f"- [ ] {TODOS[id_].label}. {TODOS[id_].next_step}"


def _ladder(answers: Answers, facts: Facts, decision: Decision) -> Iterator[str]:
    for number, rung in enumerate(ladder(answers, facts, decision), start=1):
        mark = " **(here)**" if rung.standing is Standing.HERE else ""
        lifted_by = f": {_plain(rung.lifted_by)}" if rung.lifted_by else ""
        yield f"{number}. {rung.title}{mark}{lifted_by}"


def _answers(answers: Answers, people: Mapping[str, str]) -> Iterable[str]:
    known = answers_to_json(answers)
    if not known:
        return ["None yet."]
    rows = [
        f"| {slot_name(slot)} | {_plain(describe(slot, value))} | {_plain(people.get(slot, '')) or 'not recorded'} |"
        for slot, value in known.items()
    ]
    unknown = [slot_name(slot).lower() for slot in BY_SLOT if slot not in known]
    tail = ["", f"Not known: {', '.join(unknown)}."] if unknown else []
    return ["| Question | Answer | Said by |", "| --- | --- | --- |", *rows, *tail]


def _facts(facts: Facts) -> Iterator[str]:
    if facts.payback_days is not None:
        yield f"- {payback_text(facts)}"
    named = (
        ("Reading the whole text is cheaper than retrieval", facts.longctx_cheaper),
        ("LoRA fits the GPUs", facts.lora_fits),
        ("QLoRA fits the GPUs", facts.qlora_fits),
        ("Full fine-tuning fits the GPUs", facts.full_fits),
    )
    for label, value in named:
        if value is not None:
            yield f"- {label}: {'yes' if value else 'no'}"


def _plain(text: str) -> str:
    """Return text on one line with everything escaped that Markdown or HTML would read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))
