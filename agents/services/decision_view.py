"""From what is known of a conversation to what its cards show; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agents.decision.answers import Answers, Facts
from agents.decision.candidate import Approach
from agents.decision.compose import Method
from agents.decision.decide import Decision
from agents.decision.gates import GateState
from agents.decision.interview import describe, slot_name
from agents.decision.interview import question as question_about
from agents.decision.ladder import Rung as LadderRung
from agents.decision.ladder import Standing, ladder
from agents.decision.parsing import facts_to_json
from agents.decision.questions import QUESTIONS
from agents.decision.rules import (
    ADDITIONS,
    BLOCKERS,
    DISTILLATION_STEPS,
    METHOD_NOTES,
    METHODS,
    RULES,
    TODOS,
    VERDICTS,
    Term,
    reason_text,
)
from agents.decision.wording import flip_text
from agents.runs.roles import SOMEBODY
from agents.services.decision_state import (
    Answer,
    Blocker,
    Contradiction,
    DecisionState,
    Delegated,
    DroppedFile,
    EarlierAnswer,
    Item,
    NotBecause,
    Question,
    QuestionStatus,
    Reason,
    Rung,
    RungState,
    Verdict,
    Watched,
)
from agents.services.default_views import DefaultView, Rememberable, default_origin
from agents.store.contradictions import StoredContradiction
from agents.store.conversations import AskedQuestion, Conversation
from agents.store.datasets import Copy
from agents.store.delegations import Delegation
from agents.store.facts import Fact
from agents.store.watches import StoredWatch

_STATUS: Final[Mapping[str, QuestionStatus]] = {"open": "open", "answered": "answered", "withdrawn": "withdrawn"}
_STANDING: Final[Mapping[Standing, RungState]] = {
    Standing.BELOW: "done",
    Standing.HERE: "here",
    Standing.ABOVE: "next",
}
# The rules by which the knowledge fits the prompt, so that retrieval is a step to leave out.
_OVERKILL: Final = frozenset({"O1", "O2", "O3"})
_ORDER: Final = {each.slot: number for number, each in enumerate(QUESTIONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A conversation as the database holds it, with the decision that follows."""

    conversation: Conversation
    rows: tuple[Fact, ...]
    current: Mapping[str, Fact]
    answers: Answers
    facts: Facts
    decision: Decision
    open_question: AskedQuestion | None
    # What colleagues are asked, and the watch of the verdict.
    delegated: tuple[Delegation, ...]
    watch: StoredWatch | None
    has_costs: bool
    decided_at: datetime
    # What was said against answers that hold, while nobody has chosen.
    disputed: tuple[StoredContradiction, ...] = ()

    @property
    def is_asking(self) -> bool:
        """Whether somebody is asked a question whose answer could change the verdict."""
        return not self.asked_slots.isdisjoint(self.decision.open_slots)

    @property
    def asked_slots(self) -> frozenset[str]:
        """What is asked of everybody, or of a colleague."""
        asked = {each.slot for each in self.delegated}
        return frozenset(asked | ({self.open_question.slot} if self.open_question is not None else set()))

    def delegation_of(self, question_id: str) -> Delegation | None:
        """Return whom a question was put to, where it waits for them."""
        return next((each for each in self.delegated if each.question_id == question_id), None)

    def replaced_by(self, slots: Iterable[str]) -> Iterator[str]:
        """Yield, in words, the former answers that new ones to these slots took the place of."""
        for slot in slots:
            held = self.current.get(slot)
            if held is not None:
                yield f"{short_name(slot)} was {shown(held)}, said by {mention(held.who)}."


def state_view(
    known: Known, defaults: tuple[DefaultView, ...] = (), rememberable: tuple[Rememberable, ...] = ()
) -> DecisionState:
    """Return what the verdict and answers cards show."""
    held = sorted(known.current.values(), key=lambda fact: _ORDER.get(fact.slot, len(_ORDER)))
    asked = known.open_question
    return DecisionState(
        conversation_id=known.conversation.id,
        channel=known.conversation.channel,
        thread_ts=known.conversation.thread_ts,
        started_by=known.conversation.started_by,
        verdict=_verdict(known) if known.current else None,
        answers=tuple(_answer(fact, known.rows) for fact in held),
        open_question=question_view(asked, known.rows) if asked else None,
        delegated=tuple(question_view(withdrawn(each), known.rows, each) for each in known.delegated),
        optional_questions=tuple(Item(item=slot, text=short_name(slot)) for slot in known.decision.optional_questions),
        unsettled=tuple(Item(item=slot, text=short_name(slot)) for slot in known.decision.open_slots),
        changeable=tuple(
            Item(item=each.slot, text=each.short)
            for each in QUESTIONS
            if each.slot in known.current or each.only_if(known.answers)
        ),
        facts=facts_to_json(known.facts),
        has_costs=known.has_costs,
        watched=_watched(known.watch) if known.watch else None,
        disputed=tuple(contradiction_view(each, known.rows) for each in known.disputed),
        defaults=defaults,
        rememberable=rememberable,
    )


def file_view(dropped: Copy) -> DroppedFile:
    """Return a file that was dropped in the thread, in short."""
    held = dropped.summary
    return DroppedFile(name=dropped.name, rows=int(held["rows"]), with_output=int(held["with_output"]))


def question_view(asked: AskedQuestion, rows: Sequence[Fact], delegation: Delegation | None = None) -> Question:
    """Return a question as its card shows it: open, with a colleague, withdrawn, or collapsed to the answer it got."""
    about = question_about(asked.slot)
    given = next((fact for fact in rows if fact.id == asked.fact_id), None)
    waits = delegation is not None and delegation.state == "open"
    return Question(
        question_id=asked.id,
        slot=asked.slot,
        text=about.text,
        why=why_text(asked.slot),
        status="delegated" if waits else _STATUS[asked.status],
        control=about.control,
        options=about.options,
        fields=about.fields,
        example=about.example,
        answer=_answer(given, rows) if given else None,
        delegated=_delegated(delegation) if delegation else None,
    )


def contradiction_view(stored: StoredContradiction, rows: Sequence[Fact]) -> Contradiction:
    """Return two answers that do not go together as their card shows them."""
    held = next(row for row in rows if row.id == stored.fact_id)
    current = next((row for row in rows if row.slot == stored.slot and row.superseded_at is None), None)
    return Contradiction(
        contradiction_id=stored.id,
        conversation_id=stored.conversation_id,
        slot=stored.slot,
        question=short_name(stored.slot),
        held=_answer(held, rows),
        value=stored.value,
        shown=describe(stored.slot, stored.value),
        who=stored.who,
        raised_at=stored.raised_at,
        state=stored.state,
        decided_by=stored.decided_by,
        decided_at=stored.decided_at,
        current=_answer(current, rows) if current is not None else None,
    )


def withdrawn(delegation: Delegation) -> AskedQuestion:
    """Return the question that a colleague is asked, as the interview holds it."""
    return AskedQuestion(id=delegation.question_id, slot=delegation.slot, status="withdrawn", fact_id=None)


def _delegated(delegation: Delegation) -> Delegated:
    return Delegated(
        delegation_id=delegation.id,
        asked_of=delegation.asked_of,
        asked_by=delegation.asked_by,
        asked_at=delegation.asked_at,
        reminded_at=delegation.reminded_at,
        is_open=delegation.state == "open",
    )


def _watched(watch: StoredWatch) -> Watched:
    return Watched(watch_id=watch.id, saved_by=watch.saved_by, saved_at=watch.saved_at)


def why_text(slot: str) -> str:
    """Return why a slot is asked for, with the rules that read it."""
    about = question_about(slot)
    rules = "; ".join(f"{RULES[rule].title} ({rule})" for rule in about.rules)
    return f"{about.why} Rules: {rules}."


def short_name(slot: str) -> str:
    """Return a slot's short name."""
    return slot_name(slot)


def shown(fact: Fact) -> str:
    """Return how a stored answer reads to a person."""
    return describe(fact.slot, fact.value)


def mention(who: str) -> str:
    """Return how a person is named in a text: as a mention in Slack, as "NAME (shell)" from the shell."""
    if who == SOMEBODY:
        return who
    return f"{who.removeprefix('shell:')} (shell)" if who.startswith("shell:") else f"<@{who}>"


def _answer(fact: Fact, rows: Sequence[Fact]) -> Answer:
    earlier = [row for row in rows if row.slot == fact.slot and row.id < fact.id]
    return Answer(
        slot=fact.slot,
        question=short_name(fact.slot),
        value=fact.value,
        shown=shown(fact),
        who=fact.who,
        source=fact.source,
        said_at=fact.said_at,
        origin=default_origin(fact.source),
        is_known=fact.value is not None,
        earlier=tuple(EarlierAnswer(shown=shown(row), who=row.who, said_at=row.said_at) for row in earlier),
    )


def _verdict(known: Known) -> Verdict:
    decision = known.decision
    return Verdict(
        approach=decision.verdict.value,
        label=VERDICTS[decision.verdict],
        summary=_summary(decision),
        wanted=decision.wanted.value,
        wanted_label=VERDICTS[decision.wanted],
        method=decision.method.value if decision.method else None,
        method_text=_method(decision.method) if decision.method else "",
        steps=DISTILLATION_STEPS if decision.verdict is Approach.DISTILL else (),
        confidence=decision.confidence.value,
        is_provisional=known.is_asking,
        reasons=tuple(
            Reason(
                rule=cited.rule,
                title=RULES[cited.rule].title,
                text=f"{RULES[cited.rule].title}. {RULES[cited.rule].text}",
                evidence=cited.evidence,
            )
            for cited in decision.rules
        ),
        not_because=tuple(
            NotBecause(approach=approach.value, label=VERDICTS[approach], reason_id=reason, text=reason_text(reason))
            for approach, reason in decision.not_because.items()
        ),
        blockers=tuple(_blocker(blocker, decision.blocker_state[blocker]) for blocker in decision.blockers),
        todo=tuple(_item(TODOS[todo]) for todo in decision.todo),
        add=tuple(_item(ADDITIONS[addition]) for addition in decision.add),
        what_would_change=tuple(
            flip_text(flip) for flip in (*decision.what_would_change, *decision.method_would_change)
        ),
        ladder=tuple(_rung(rung, decision) for rung in ladder(known.answers, known.facts, decision)),
    )


def _method(method: Method) -> str:
    note = METHOD_NOTES[method]
    return f"{METHODS[method]} ({note.quality}; {note.speed})"


def _summary(decision: Decision) -> str:
    """Return one sentence: what to do now, and what was wanted where a gate holds it back."""
    if not decision.blockers:
        return f"{VERDICTS[decision.verdict]} is what your answers lead to."
    held = ", ".join(BLOCKERS[blocker].label.lower() for blocker in decision.blockers)
    return f"Your answers point to {VERDICTS[decision.wanted].lower()}, which waits: {held}."


def _rung(rung: LadderRung, decision: Decision) -> Rung:
    is_overkill = rung.id == Approach.RAG.value and decision.not_because.get(Approach.RAG) in _OVERKILL
    state: RungState = "out" if is_overkill else _STANDING[rung.standing]
    return Rung(rung=rung.id, label=rung.title, state=state, text=rung.lifted_by)


def _blocker(blocker: str, state: GateState) -> Blocker:
    term = BLOCKERS[blocker]
    return Blocker(blocker=blocker, state=state.value, text=f"{term.label}. {term.meaning}", lifted_by=term.next_step)


def _item(term: Term) -> Item:
    return Item(item=term.id, text=f"{term.label}. {term.meaning} {term.next_step}")
