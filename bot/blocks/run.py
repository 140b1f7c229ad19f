"""The card of a run: who approved it, its stages, how far it is, what it waits for, spent and left."""

from collections.abc import Mapping

from agents.distillation.report import headline, report_of
from agents.runs.money import spend_words
from agents.runs.outputs import RunOutput
from agents.runs.progress import Progress
from agents.runs.states import RunState, StageState
from agents.runs.views import RunView, StageView
from bot.blocks.elements import (
    actions,
    bullets,
    button,
    confirmation,
    context,
    cut,
    escaped,
    message,
    person,
    section,
)
from bot.blocks.message import Block, Message
from bot.blocks.words import bar, between, count, duration, plural, size

CANCEL, RETRY, DETAILS = "cancel_run", "retry_run", "run_details"
# What a run has left that has left nothing so far.
NOTHING = RunOutput()
_FAILED_SHOWN = 5
_REASON = 160
_RUN_MARK = {
    RunState.RUNNING: "⏳",
    RunState.NEEDS_ATTENTION: "✋",
    RunState.DONE: "✅",
    RunState.FAILED: "❌",
    RunState.CANCELLED: "🚫",
}
_RUN_WORD = {
    RunState.RUNNING: "running",
    RunState.NEEDS_ATTENTION: "needs attention",
    RunState.DONE: "done",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
_STAGE_MARK = {
    StageState.PENDING: "○",
    StageState.WAITING: "✋",
    StageState.RUNNING: "▸",
    StageState.DONE: "✓",
    StageState.FAILED: "✕",
    StageState.CANCELLED: "–",  # noqa: RUF001 - a dash as a mark
}


def run_message(run: RunView, output: RunOutput = NOTHING) -> Message:
    """Return the card of a run as it stands, with what it has left so far."""
    title = run_title(run)
    took = between(run.created_at, run.finished_at)
    head = f"{run_head(run)}{f' in {took}' if took else ''}"
    blocks = [section(head), section("\n".join(_lines(run)) or "Waiting for a worker")]
    if run.state is RunState.DONE:
        blocks += [section("\n".join(_outcome(run)))] if _outcome(run) else []
    if run.error:
        blocks.append(section(f"*What happened:* {escaped(run.error)}"))
    blocks += _failed_files(run)
    by = f"Asked by {person(run.requested_by)} · approved by {approvers(run)} · `{run.id}`"
    blocks.append(context("\n".join([*_small_print(run, output), by])))
    blocks.append(_buttons(run))
    return message(f"{title}: {_summary(run)}", blocks)


def run_end_message(run: RunView) -> Message:
    """Return the reply that tells who asked for a run how it ended."""
    lines = [run_end_line(run), *(_outcome(run) if run.state is RunState.DONE else [])]
    if unread := failed_lines(run):
        lines.append(f"{plural(len(unread), 'files')} could not be read; the run's card lists them.")
    if run.error:
        lines.append(escaped(run.error))
    return message(f"{run_title(run)}: {_summary(run)}", [section("\n".join(lines))])


def run_end_line(run: RunView) -> str:
    """Return whom the end of a run concerns, and how it ended, in one line."""
    return f"{_RUN_MARK[run.state]} {person(run.requested_by)}: *{escaped(run_title(run))}* · {_RUN_WORD[run.state]}"


def run_line(run: RunView) -> str:
    """Return a run as one line of a list."""
    current = run.current
    detail = ""
    if run.state is RunState.RUNNING and current is not None:
        share = current.progress.share if current.progress else None
        detail = f" · {current.name}{f' {share:.0%}' if share is not None else ''}"
    return f"{_RUN_MARK[run.state]} {escaped(run_title(run))} · {_RUN_WORD[run.state]}{detail} · `{run.id}`"


def approvers(run: RunView) -> str:
    """Return all who approved a run, as mentions."""
    return " and ".join(person(who) for who in run.approvers or (run.approved_by,))


def run_head(run: RunView) -> str:
    """Return what a run does and where it stands, in one line."""
    state = "stopped" if run.halt and not run.state.is_over else _RUN_WORD[run.state]
    return f"{_RUN_MARK[run.state]} *{escaped(run_title(run))}* · {state}"


def run_title(run: RunView) -> str:
    """Return what a run does: "Index handbook"."""
    return f"{run.kind.capitalize()} {run.params.get('name', '')}".strip()


def _lines(run: RunView) -> list[str]:
    """Return the stages as lines, and what the run waits for under the one that it is at."""
    lines = []
    for stage in run.stages:
        line = stage_line(stage)
        if stage is run.current and not run.state.is_over and (reason := _waiting(run, stage)):
            line = f"{line}\n      _{escaped(cut(reason, _REASON))}_"
        lines.append(line)
    return lines


def _waiting(run: RunView, stage: StageView) -> str:
    """Return why the stage that is next is not worked on; nothing where it is."""
    if run.question is not None:
        return f"asks: {' '.join(run.question.text.split())}"
    if stage.state is not StageState.PENDING or run.halt is not None:
        return ""
    if stage.waits_for is None and stage.error is not None:
        # What the stage itself said when it left off, such as the batch that it waits for.
        return stage.error
    return f"waits: {stage.waits_for or 'for a free worker'}"


def _small_print(run: RunView, output: RunOutput) -> list[str]:
    """Return what is good to know: who stopped it, what it said last, has spent and has kept."""
    lines = []
    if run.halt is not None and not run.state.is_over:
        reason = f": {escaped(run.halt.reason)}" if run.halt.reason else ""
        lines.append(f"Everything here was stopped by {person(run.halt.who)}{reason}")
    if output.last_lines and not run.state.is_over:
        lines.append(f"Last: {escaped(cut(output.last_lines[-1].line, _REASON))}")
    if run.spend is not None and not run.spend.is_free:
        lines.append(spend_words(run.spend))
    if output.artifacts:
        lines.append(f"{plural(len(output.artifacts), 'files')} kept, {size(output.bytes)}{_bound(run, output)}")
    return lines


def _bound(run: RunView, output: RunOutput) -> str:
    """Return where alone the run can go on, as its files lie there."""
    stage = run.current
    hosts = [host for seq, host in sorted(output.hosts.items()) if stage is not None and seq <= stage.seq]
    return f" · {escaped(stage.name)} resumes only on {escaped(hosts[-1])}" if stage is not None and hosts else ""


def stage_line(stage: StageView) -> str:
    """Return a stage with its state, and how far it is."""
    name = escaped(stage.name)
    mark = _STAGE_MARK[stage.state]
    if stage.state is StageState.DONE:
        return f"{mark} {name}  _{between(stage.started_at, stage.finished_at)}_"
    if stage.state is StageState.RUNNING and stage.progress is not None:
        return f"{mark} *{name}*\n      {_progress(stage.progress)}"
    return f"{mark} *{name}*" if stage.state is StageState.RUNNING else f"{mark} {name}"


def _progress(progress: Progress) -> str:
    parts = []
    if progress.share is not None and progress.total is not None:
        parts.append(f"{bar(progress.share)} {progress.share:.0%}")
        parts.append(f"{count(progress.done)} of {plural(progress.total, progress.unit)}")
    else:
        parts.append(plural(progress.done, progress.unit))
    if progress.rate:
        parts.append(f"{progress.rate:.3g}/s")
    if progress.eta_s is not None and progress.eta_s >= 1:
        parts.append(f"{duration(progress.eta_s)} left")
    line = " · ".join(map(escaped, parts))
    return f"{line}\n      _{escaped(progress.note)}_" if progress.note else line


def _summary(run: RunView) -> str:
    current = run.current
    if run.state is RunState.RUNNING and current is not None and current.progress and current.progress.share:
        return f"{current.name}, {current.progress.share:.0%}"
    return f"{_RUN_WORD[run.state]}. {run.error}" if run.error else _RUN_WORD[run.state]


def _outcome(run: RunView) -> list[str]:
    """Return what a run that is done has made, and the next step."""
    result = run.result or {}
    made = [plural(result[name], name) for name in ("documents", "chunks") if isinstance(result.get(name), int)]
    lines = [" · ".join(made)] if made else []
    if run.kind == "index":
        lines.append("Ask it here: write _ask_ and your question.")
    if (report := result.get("report")) is not None:
        lines.append(escaped(headline(report_of(report))))
    return lines


def _failed_files(run: RunView) -> list[Block]:
    lines = failed_lines(run)
    return bullets(f"{plural(len(lines), 'files')} could not be read, the rest went on", lines, most=_FAILED_SHOWN)


def failed_lines(run: RunView) -> list[str]:
    """Return the files that a stage reported as unreadable, each once."""
    lines: dict[str, str] = {}
    for stage in run.stages:
        failed = (stage.result or {}).get("failed")
        for each in failed if isinstance(failed, list) else []:
            if isinstance(each, Mapping) and "uri" in each:
                lines[str(each["uri"])] = f"`{escaped(str(each['uri']))}` {escaped(str(each.get('reason', '')))}"
    return list(lines.values())


def _buttons(run: RunView) -> Block:
    value = {"run_id": run.id}
    buttons = [button("Details", DETAILS, value)]
    if run.may_be_cancelled:
        sure = confirmation("Cancel this run?", "What is done so far is not used.", "Cancel the run")
        buttons.insert(0, button("Cancel", CANCEL, value, style="danger", confirm=sure))
    if run.may_be_retried:
        buttons.insert(0, button("Retry", RETRY, value, style="primary"))
    return actions(*buttons)
