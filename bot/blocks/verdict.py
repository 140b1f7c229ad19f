"""The verdict card, and the card of the answers it follows from."""

from agents.services.decision_state import Answer, Blocker, DecisionState, Reason, Rung, Verdict
from bot.blocks.elements import (
    actions,
    bullets,
    button,
    choice,
    context,
    cut,
    escaped,
    header,
    message,
    option,
    person,
    section,
)
from bot.blocks.message import Block, Message

COSTS, INDEX, CHANGE, EXPORT, CHANGE_CHOICE, VERDICT_DETAILS = (
    "show_costs",
    "open_index",
    "show_answers",
    "export_record",
    "change_choice",
    "ask_optional",
)
_RUNG = {"done": "●", "here": "◉", "next": "○", "out": "✕"}
_CONFIDENCE = {"low": "●○○", "medium": "●●○", "high": "●●●"}


def verdict_message(state: DecisionState) -> Message:
    """Return the verdict card; short while answers are missing, whole once it stands."""
    verdict = state.verdict
    if verdict is None:
        return message("No verdict yet.", [context("The verdict appears here after the first answer.")])
    title = f"{'So far' if verdict.is_provisional else 'Verdict'}: {verdict.label}"
    blocks = [header(title), section(_summary(verdict)), context(_confidence(verdict), _ladder(verdict.ladder))]
    blocks += _why(verdict)
    if not verdict.is_provisional:
        blocks += _rest(verdict, state)
    blocks.append(_buttons(state))
    return message(f"{title}. {verdict.summary}", blocks)


def answers_message(state: DecisionState) -> Message:
    """Return who said what, with a list to change or fill in one."""
    if not state.answers:
        blocks: list[Block] = [section("*Answers*\nNone yet.")]
    else:
        lines = [_answer_line(answer) for answer in state.answers]
        # Three thousand characters make a section: a dozen answers each stay well within.
        blocks = [
            section("\n".join((["*Answers*"] if start == 0 else []) + lines[start : start + 12]))
            for start in range(0, len(lines), 12)
        ]
    if state.changeable:
        options = [option(item.text, _slot_value(state.conversation_id, item.item)) for item in state.changeable]
        blocks.append(actions(choice(CHANGE_CHOICE, "Change or add an answer…", options)))
    return message("Answers: " + "; ".join(f"{each.question} {each.shown}" for each in state.answers), blocks)


def _summary(verdict: Verdict) -> str:
    lines = [escaped(verdict.summary)]
    if verdict.method_text:
        lines.append(f"*How:* {escaped(verdict.method_text)}")
    return "\n".join(lines)


def _confidence(verdict: Verdict) -> str:
    text = f"{_CONFIDENCE[verdict.confidence]} {verdict.confidence} confidence"
    return f"{text} · may change with the next answers" if verdict.is_provisional else text


def _ladder(ladder: tuple[Rung, ...]) -> str:
    return "  →  ".join(_rung(rung) for rung in ladder) or "-"


def _rung(rung: Rung) -> str:
    label = escaped(rung.label)
    if rung.state == "here":
        label = f"*{label}*"
    elif rung.state == "out":
        label = f"~{label}~"
    return f"{_RUNG.get(rung.state, '○')} {label}"


def _why(verdict: Verdict) -> list[Block]:
    reasons = verdict.reasons[:3] if verdict.is_provisional else verdict.reasons
    blocks = bullets("Why", [_reason(reason) for reason in reasons])
    return blocks + bullets("In the way", [_blocker(blocker) for blocker in verdict.blockers])


def _reason(reason: Reason) -> str:
    evidence = f" _{escaped(reason.evidence)}_" if reason.evidence else ""
    return f"{escaped(reason.text)}{evidence} `{escaped(reason.rule)}`"


def _blocker(blocker: Blocker) -> str:
    mark = "⛔" if blocker.state == "failed" else "❔"
    lifted = f"\n      _Lifted by:_ {escaped(blocker.lifted_by)}" if blocker.lifted_by else ""
    return f"{mark} {escaped(blocker.text)}{lifted}"


def _rest(verdict: Verdict, state: DecisionState) -> list[Block]:
    rungs = [f"*{escaped(rung.label)}:* {escaped(rung.text)}" for rung in verdict.ladder if rung.state == "next"]
    return [
        *bullets("With it", [escaped(item.text) for item in verdict.add]),
        *bullets("To do", [escaped(item.text) for item in verdict.todo]),
        *bullets("Not", [f"*{escaped(each.label)}:* {escaped(each.text)}" for each in verdict.not_because]),
        *bullets("Would change it", [escaped(text) for text in verdict.what_would_change], most=5),
        *bullets("Further up", [rung for rung in rungs if not rung.endswith(":* ")], most=3),
        *bullets("Could still refine it", [escaped(item.text) for item in state.optional_questions], most=3),
    ]


def _buttons(state: DecisionState) -> Block:
    identity = {"conversation_id": state.conversation_id}
    is_final = state.verdict is not None and not state.verdict.is_provisional
    buttons = [button("Compare costs", COSTS, identity, style="primary" if is_final else None)]
    if is_final:
        buttons.append(button("Index documents", INDEX, identity))
    buttons.append(button("Change an answer", CHANGE, identity))
    if is_final:
        buttons.append(button("Export", EXPORT, identity))
    return actions(*buttons)


def _answer_line(answer: Answer) -> str:
    earlier = f" _(before: {escaped(answer.earlier[-1].shown)})_" if answer.earlier else ""
    return f"{escaped(cut(answer.question, 90))} *{escaped(cut(answer.shown, 90))}* · {person(answer.who)}{earlier}"


def _slot_value(conversation_id: str, slot: str) -> str:
    return f"{conversation_id}:{slot}"
