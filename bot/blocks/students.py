"""Students as a card: each version with its score, what aliases point to, and the buttons that change that."""

from decimal import Decimal

from agents.costs.wording import dollars
from agents.distillation.registry import Student
from agents.distillation.serving import Served
from agents.services.students import StudentsView
from bot.blocks.elements import actions, button, confirmation, context, escaped, message, person, section
from bot.blocks.message import Block, Message
from bot.blocks.words import instant

BACK, RETIRE, POINT = "student_back", "student_retire", "student_point"
_SHOWN = 12


def students_message(view: StudentsView) -> Message:
    """Return the newest versions, those that answer first."""
    if not view.students:
        return message(
            "No students yet", [section("*Students*\nNone yet. `/cairn distill SOURCE` proposes to make one.")]
        )
    ordered = sorted(view.students, key=lambda each: (not view.aliases_of(each), -each.made_at.timestamp()))
    blocks: list[Block] = [section("*Students*")]
    for each in ordered[:_SHOWN]:
        blocks += _student(each, view)
    if len(ordered) > _SHOWN:
        blocks.append(context(f"and {len(ordered) - _SHOWN} more: `cairn students` lists them"))
    return message(f"{len(view.students)} students", blocks)


def _student(student: Student, view: StudentsView) -> list[Block]:
    aliases = view.aliases_of(student)
    answers = f" · answers as {', '.join(f'*{escaped(each)}*' for each in aliases)}" if aliases else ""
    lines = [
        f"*{escaped(student.label)}* · {_state(student)}{answers}",
        _score_line(student),
        _cost_line(student, view),
    ]
    lines += [
        f"⚠️ {escaped(each.served_as)} is not served: {escaped(each.error or '')}" for each in _faults(student, view)
    ]
    by = f"{escaped(student.method)} on `{escaped(student.base)}` · {instant(student.made_at)} · run `{student.run_id}`"
    blocks = [section("\n".join(line for line in lines if line)), context(by)]
    buttons = _buttons(student, aliases)
    return [*blocks, actions(*buttons)] if buttons else blocks


def _buttons(student: Student, aliases: list[str]) -> list[Block]:
    if student.retired_at is not None:
        return []
    buttons = []
    for alias in aliases:
        asked = confirmation(f"Roll {alias} back?", "It answers as the version before it, at once.", "Roll back")
        buttons.append(button(f"Roll {alias} back", f"{BACK}:{alias}", {"alias": alias}, confirm=asked))
    if not aliases:
        value = {"label": student.label, "alias": student.name}
        if student.may_be_served:
            buttons.append(button(f"Serve as {student.name}", f"{POINT}:{student.label}", value))
        asked = confirmation(f"Retire {student.label}?", "It can never be served again; its files stay.", "Retire")
        buttons.append(button("Retire", f"{RETIRE}:{student.label}", value, style="danger", confirm=asked))
    return buttons


def _state(student: Student) -> str:
    if student.retired_at is not None:
        return f"retired by {person(student.retired_by or '')}"
    if student.passed:
        return "passed its gate"
    if student.overridden_by is not None:
        return f"let pass by {person(student.overridden_by)}: {escaped(student.override_reason or '')}"
    return "did not pass its gate"


def _score_line(student: Student) -> str:
    candidates = student.scores.get("candidates", [])
    own = next((each for each in candidates if each["kind"] == "student"), None)
    if own is None:
        return ""
    name, metric = next(iter(own["metrics"].items()))
    beside = [
        f"{escaped(each['name'])} {each['metrics'][name]['value']:.1%}"
        for each in candidates
        if each["kind"] != "student" and name in each["metrics"]
    ]
    bounds = f"{metric['low']:.1%} to {metric['high']:.1%}"
    return f"{name.replace('_', ' ')} *{metric['value']:.1%}* ({bounds}) · beside it: {', '.join(beside)}"


def _cost_line(student: Student, view: StudentsView) -> str:
    """Return what a million requests and tokens were measured to cost; empty where nothing was."""
    measured = view.measured.get(student.label)
    if measured is None:
        return ""
    requests, tokens = (dollars(Decimal(str(measured[f"usd_per_million_{what}"]))) for what in ("requests", "tokens"))
    return (
        f"*{requests}* per 1M requests, {tokens} per 1M tokens on a full server, measured {measured['as_of']} on "
        f"{measured['gpus']} x {escaped(measured['gpu'])}"
    )


def _faults(student: Student, view: StudentsView) -> list[Served]:
    return [each for each in view.served if (each.name, each.version) == (student.name, student.version) and each.error]
