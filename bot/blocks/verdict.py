"""The verdict card, and the card of the answers it follows from."""

from agents.decision.candidate import TRAINING
from agents.services.decision_state import Answer, Blocker, DecisionState, Reason, Rung, Verdict, Watched
from bot.blocks.defaults import REMEMBER
from bot.blocks.distill_form import OPEN_DISTILL
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
from bot.blocks.words import instant

COSTS, INDEX, CHANGE, EXPORT, CHANGE_CHOICE, WATCH, STOP_WATCH = (
    "show_costs",
    "open_index",
    "show_answers",
    "export_record",
    "change_choice",
    "watch_verdict",
    "stop_watch",
)
_RUNG = {"done": "●", "here": "◉", "next": "○", "out": "✕"}
_RULES_SHOWN = 4
_CONFIDENCE = {"low": "●○○", "medium": "●●○", "high": "●●●"}


def verdict_message(state: DecisionState) -> Message:
    """Return the verdict card; a few lines while answers are missing, whole once it stands."""
    verdict = state.verdict
    if verdict is None:
        return message("No verdict yet.", [context("The verdict appears here after the first answer.")])
    title = f"{'So far' if verdict.is_provisional else 'Verdict'}: {verdict.label}"
    blocks = [header(title), section(_summary(verdict))]
    if verdict.is_provisional:
        blocks.append(context(_confidence(verdict), _rules(verdict.reasons), _step(verdict.ladder)))
    else:
        blocks += [context(_confidence(verdict), _ladder(verdict.ladder)), *_why(verdict), *_rest(verdict, state)]
    if state.watched is not None:
        blocks.append(context(_watched(state.watched)))
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


def _rules(reasons: tuple[Reason, ...]) -> str:
    """Return the rules that made a verdict by their titles."""
    return " · ".join(f"{escaped(reason.title)} `{escaped(reason.rule)}`" for reason in reasons[:_RULES_SHOWN]) or "-"


def _step(ladder: tuple[Rung, ...]) -> str:
    """Return in a line where on the ladder the task stands, and what comes after."""
    if not ladder:
        return "-"
    here = next((number for number, rung in enumerate(ladder, start=1) if rung.state == "here"), 1)
    after = [rung.label for rung in ladder[here:] if rung.state == "next"]
    upward = f", then {escaped(after[0])}" if after else ""
    return f"Step {here} of {len(ladder)} on the ladder: *{escaped(ladder[here - 1].label)}*{upward}"


def _watched(watched: Watched) -> str:
    return (
        f"👁 {person(watched.saved_by)} watches this since {instant(watched.saved_at)}. I check it when prices, "
        "measurements or answers change, and say here if it flips."
    )


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
    blocks = bullets("Why", [_reason(reason) for reason in verdict.reasons])
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
        *bullets("Steps", [escaped(step) for step in verdict.steps]),
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
    if is_final and state.verdict is not None and state.verdict.approach in TRAINING:
        buttons.append(button("Train a model…", OPEN_DISTILL, identity))
    if state.watched is not None:
        buttons.append(button("Stop watching", STOP_WATCH, {"watch_id": state.watched.watch_id}))
    elif is_final:
        buttons.append(button("Watch", WATCH, identity))
    buttons.append(button("Change an answer", CHANGE, identity))
    if is_final:
        buttons.append(button("Export", EXPORT, identity))
    if is_final and state.rememberable:
        buttons.append(button("Remember…", REMEMBER, identity))
    return actions(*buttons)


def _answer_line(answer: Answer) -> str:
    earlier = f" _(before: {escaped(answer.earlier[-1].shown)})_" if answer.earlier else ""
    origin = ""
    if answer.origin is not None:
        said_by, day = answer.origin
        origin = f" _(the workspace's default, from {person(said_by)}, {escaped(day)})_"
    said = f"*{escaped(cut(answer.shown, 90))}* · {person(answer.who)}{origin}{earlier}"
    return f"{escaped(cut(answer.question, 90))} {said}"


def _slot_value(conversation_id: str, slot: str) -> str:
    return f"{conversation_id}:{slot}"
