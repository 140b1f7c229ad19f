"""The decision record: one Markdown document that says what was decided, why, on whose word, and what it costs.

What it says of costs comes in as tables: the cost core and this one do not know each other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.decision.answers import Answers, Demand, Facts
from agents.decision.candidate import Approach
from agents.decision.decide import Decision
from agents.decision.evidence import payback_text
from agents.decision.interview import BY_SLOT, describe, slot_name
from agents.decision.ladder import Standing, ladder
from agents.decision.parsing import answers_to_json
from agents.decision.rules import (
    ADDITIONS,
    BLOCKERS,
    DISTILLATION_STEPS,
    GATE_STATES,
    METHOD_NOTES,
    METHODS,
    RULES,
    TODOS,
    VERDICTS,
    reason_text,
)
from agents.decision.wording import flip_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who gave an answer and when (aware; None where it is not recorded), and what was answered before, worded."""

    who: str
    at: datetime | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTable:
    """A part of the record about costs: a heading, sentences before it, and rows under a header; any may be empty."""

    heading: str
    sentences: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def decision_record(
    answers: Answers,
    facts: Facts,
    decision: Decision,
    *,
    title: str,
    made_on: datetime,
    people: Mapping[str, Said],
    costs: Sequence[RecordTable] = (),
) -> str:
    """Return the decision as a Markdown document; everything that people or sources wrote is shown as plain text.

    Args:
        answers: What was said.
        facts: What was computed from it.
        decision: What follows.
        title: What the task is called.
        made_on: When the decision was made; aware.
        people: Who gave each answer, by slot.
        costs: What it costs, in the order in which it is told.
    """
    flips = (*decision.what_would_change, *decision.method_would_change)
    sections = (
        (f"# {_plain(title) or 'Decision'}", _summary(decision, made_on)),
        ("## The problem", _problem(answers)),
        ("## The ladder", _ladder(answers, facts, decision)),
        ("## Why", _reasons(decision)),
        ("## How it is done", _how(decision)),
        ("## What it is not", _ruled_out(decision)),
        ("## What stands in the way", _blockers(decision)),
        ("## To do", _todos(decision)),
        ("## What would change it", [f"- {_plain(flip_text(flip))}" for flip in flips]),
        *((f"## {_plain(table.heading)}", _table(table)) for table in costs),
        ("## Computed for the rules", _facts(facts)),
        ("## Who said what", _answers(answers, people)),
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


def _problem(answers: Answers) -> Iterator[str]:
    """Yield what the task is, as far as it was said."""
    named = answers_to_json(answers)
    if not answers.problem:
        yield "- Nobody has said yet what goes wrong."
    for slot in ("problem", "task_type", "domain", "requests_per_day", "tokens", "latency_p95_ms", "residency"):
        if slot in named and named[slot] is not None:
            about = " (a forecast)" if slot == "requests_per_day" and answers.demand is not Demand.PROVEN else ""
            yield f"- {slot_name(slot)}: {_plain(describe(slot, named[slot]))}{about}"


def _table(table: RecordTable) -> Iterator[str]:
    yield from (f"- {_plain(sentence)}" for sentence in table.sentences)
    if not table.rows:
        return
    if table.sentences:
        yield ""
    yield f"| {' | '.join(_plain(cell) for cell in table.header)} |"
    yield f"| {' | '.join('---' for _ in table.header)} |"
    for row in table.rows:
        yield f"| {' | '.join(_plain(cell) or '-' for cell in row)} |"


def _reasons(decision: Decision) -> Iterator[str]:
    for citation in decision.rules:
        rule = RULES[citation.rule]
        origin = "the guide" if rule.from_guide else "added by Cairn"
        yield f"- **{rule.title}** ({rule.id}, {origin}). {rule.text} *{_plain(citation.evidence)}*"


def _how(decision: Decision) -> Iterator[str]:
    """Yield the method by the guide, and the steps where a model is distilled."""
    if decision.method is None:
        return
    note = METHOD_NOTES[decision.method]
    yield f"Memory {note.memory}, quality {note.quality}, speed {note.speed}; used where {note.use_when}."
    if decision.verdict is Approach.DISTILL:
        yield ""
        yield from (f"{number}. {step}" for number, step in enumerate(DISTILLATION_STEPS, start=1))


def _ruled_out(decision: Decision) -> Iterator[str]:
    for approach, reason in decision.not_because.items():
        yield f"- {VERDICTS[approach]}: {reason_text(reason)} ({reason})"


def _blockers(decision: Decision) -> Iterator[str]:
    for id_ in decision.blockers:
        term = BLOCKERS[id_]
        state = GATE_STATES[decision.blocker_state[id_]]
        yield f"- **{term.label}** ({state}). {term.meaning} *Lifted by:* {term.next_step}"


def _todos(decision: Decision) -> Iterator[str]:
    for id_ in decision.todo:
        yield f"- [ ] {TODOS[id_].label}. {TODOS[id_].next_step}"


def _ladder(answers: Answers, facts: Facts, decision: Decision) -> Iterator[str]:
    for number, rung in enumerate(ladder(answers, facts, decision), start=1):
        mark = " **(here)**" if rung.standing is Standing.HERE else ""
        lifted_by = f": {_plain(rung.lifted_by)}" if rung.lifted_by else ""
        yield f"{number}. {rung.title}{mark}{lifted_by}"


def _answers(answers: Answers, people: Mapping[str, Said]) -> Iterable[str]:
    known = answers_to_json(answers)
    if not known:
        return ["Nothing has been answered yet."]
    rows = [_answer(slot, describe(slot, value), people.get(slot)) for slot, value in known.items()]
    unknown = [slot_name(slot).lower() for slot in BY_SLOT if slot not in known]
    tail = ["", f"Not known: {', '.join(unknown)}."] if unknown else []
    return ["| Question | Answer | Said by | When | Before |", "| --- | --- | --- | --- | --- |", *rows, *tail]


def _answer(slot: str, shown: str, said: Said | None) -> str:
    when = f"{said.at:%Y-%m-%d %H:%M %Z}" if said is not None and said.at is not None else ""
    who = said.who if said is not None else ""
    before = "; ".join(said.before) if said is not None else ""
    cells = (slot_name(slot), shown, who or "not recorded", when, before)
    return f"| {' | '.join(_plain(cell) or '-' for cell in cells)} |"


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
