"""Runs as lines for a terminal and as documents for scripts."""

from datetime import datetime
from typing import Any

from agents.runs.logs import line_text
from agents.runs.money import RunSpend, spend_words
from agents.runs.outputs import RunOutput
from agents.runs.progress import Progress, progress_document
from agents.runs.questions import ABORT, table_of
from agents.runs.views import ProposalView, RunView, StageView


def run_document(view: RunView, output: RunOutput | None = None) -> dict[str, Any]:
    """Return a run as plain JSON: id, kind, state, params, who, times, stages, result, error, what it asks.

    With its output also: artifacts, the number of lines of its log and the last few of them.
    """
    document = {
        "id": view.id,
        "kind": view.kind,
        "state": str(view.state),
        "params": dict(view.params),
        "requested_by": view.requested_by,
        "approved_by": view.approved_by,
        "approvers": list(view.approvers),
        "created_at": _instant(view.created_at),
        "finished_at": _instant(view.finished_at),
        "stages": [_stage_document(stage) for stage in view.stages],
        "spend": _spend_document(view.spend) if view.spend is not None else None,
        "result": dict(view.result) if view.result is not None else None,
        "error": view.error,
        "asks": view.question.text if view.question is not None else None,
        "asked_about": table_of(view.question.details) if view.question is not None else [],
    }
    return document if output is None else {**document, **_output_document(output)}


def _spend_document(spend: RunSpend) -> dict[str, float]:
    return {
        "approved_usd": float(spend.approved_usd),
        "spent_usd": float(spend.spent_usd),
        "reserved_usd": float(spend.reserved_usd),
    }


def run_line(view: RunView) -> str:
    """Return a run in one line."""
    subject = view.params.get("name", "")
    return f"{view.id}  {view.state:<15}  {view.kind} {subject}  {view.created_at:%Y-%m-%d %H:%M}"


def run_lines(view: RunView, output: RunOutput) -> str:
    """Return a run with its stages, its files and the end of its log."""
    approvers = " and ".join(view.approvers or (view.approved_by,))
    lines = [run_line(view), f"  asked for by {view.requested_by}, approved by {approvers}"]
    for stage in view.stages:
        figures = f" {progress_text(stage.progress)}" if stage.progress else ""
        reason = f" waits: {stage.waits_for}" if stage.waits_for else ""
        lines.append(f"  {stage.name:<8} {stage.state:<10}{figures}{reason}")
    if view.question is not None:
        choices = ", ".join(f"{each.id} VALUE" if each.entry else each.id for each in view.question.choices)
        lines.append(f"  asks: {view.question.text}")
        lines += [f"    {' → '.join(row)}" for row in table_of(view.question.details)[1:]]
        lines.append(f"  `cairn answer {view.question.id} CHOICE` answers: {choices}, {ABORT}")
    if view.spend is not None and not view.spend.is_free:
        lines.append(f"  {spend_words(view.spend)}")
    if view.halt is not None:
        lines.append(f"  {view.halt.words}; `cairn resume-all` lets it go on")
    if view.error:
        lines.append(f"  {view.error}")
    lines += [f"  file {each.name}  {each.size} bytes  sha256 {each.sha256}" for each in output.artifacts]
    lines += [f"  log {line_text(line)}" for line in output.last_lines]
    if output.log_lines > len(output.last_lines):
        lines.append(f"  `cairn logs {view.id}` prints all {output.log_lines} lines of the log.")
    return "\n".join(lines)


def proposal_document(view: ProposalView) -> dict[str, Any]:
    """Return a proposal as plain JSON: id, kind, state, params, estimate, hash, who, terms, approvals, times, run."""
    return {
        "id": view.id,
        "kind": view.kind,
        "state": str(view.state),
        "params": dict(view.params),
        "estimate": dict(view.estimate),
        "params_hash": view.params_hash,
        "requested_by": view.requested_by,
        "approvals_needed": view.needed,
        "approvals": [
            {"who": each.who, "at": _instant(each.at), "role": each.role, "terms": list(each.terms), "lost": each.lost}
            for each in view.approvals
        ],
        "terms": list(view.terms),
        "created_at": _instant(view.created_at),
        "expires_at": _instant(view.expires_at),
        "decided_by": view.decided_by,
        "decided_at": _instant(view.decided_at),
        "reason": view.reason,
        "replaced_by": view.replaced_by,
        "run": view.run_id,
    }


def proposal_lines(view: ProposalView) -> str:
    """Return a proposal with what it still needs."""
    given = ", ".join(approval.who for approval in view.counting)
    lines = [
        f"{view.id}  {view.state:<15}  {view.kind} {view.params.get('name', '')}  {view.created_at:%Y-%m-%d %H:%M}",
        f"  asked for by {view.requested_by}, {len(view.counting)} of {view.needed} approvals"
        + (f": {given}" if given else ""),
    ]
    lines += [f"  {each.who} does not count: {each.lost}" for each in view.approvals if each.lost is not None]
    lines += [f"  terms: {term}" for term in view.terms]
    return "\n".join(lines)


def progress_text(progress: Progress) -> str:
    """Return how far a stage is, such as `120 of 246 documents`."""
    total = f" of {progress.total:g}" if progress.total is not None else ""
    return f"{progress.done:g}{total} {progress.unit}"


def _output_document(output: RunOutput) -> dict[str, Any]:
    return {
        "artifacts": [
            {"name": each.name, "version": each.version, "size": each.size, "sha256": each.sha256, "url": each.url}
            for each in output.artifacts
        ],
        "log_lines": output.log_lines,
        "log_tail": [line_text(line) for line in output.last_lines],
    }


def _stage_document(stage: StageView) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": str(stage.state),
        "attempt": stage.attempt,
        "owner": stage.owner,
        "waits_for": stage.waits_for,
        "progress": progress_document(stage.progress) if stage.progress is not None else None,
        "started_at": _instant(stage.started_at),
        "finished_at": _instant(stage.finished_at),
        "result": dict(stage.result) if stage.result is not None else None,
        "error": stage.error,
    }


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
