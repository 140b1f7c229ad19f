"""Runs as lines for a terminal and as documents for scripts."""

from datetime import datetime
from typing import Any

from agents.runs.progress import Progress
from agents.runs.views import ProposalView, RunView, StageView


def run_document(view: RunView) -> dict[str, Any]:
    """Return a run as plain JSON: id, kind, state, params, who, times, stages, result, error."""
    return {
        "id": view.id,
        "kind": view.kind,
        "state": str(view.state),
        "params": dict(view.params),
        "requested_by": view.requested_by,
        "approved_by": view.approved_by,
        "created_at": _instant(view.created_at),
        "finished_at": _instant(view.finished_at),
        "stages": [_stage_document(stage) for stage in view.stages],
        "result": dict(view.result) if view.result is not None else None,
        "error": view.error,
    }


def run_line(view: RunView) -> str:
    """Return a run in one line."""
    subject = view.params.get("name", "")
    return f"{view.id}  {view.state:<15}  {view.kind} {subject}  {view.created_at:%Y-%m-%d %H:%M}"


def run_lines(view: RunView) -> str:
    """Return a run with its stages."""
    lines = [run_line(view), f"  asked for by {view.requested_by}, approved by {view.approved_by}"]
    lines += [
        f"  {stage.name:<8} {stage.state:<10}" + (f" {progress_text(stage.progress)}" if stage.progress else "")
        for stage in view.stages
    ]
    if view.error:
        lines.append(f"  {view.error}")
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


def _stage_document(stage: StageView) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": str(stage.state),
        "attempt": stage.attempt,
        "started_at": _instant(stage.started_at),
        "finished_at": _instant(stage.finished_at),
        "result": dict(stage.result) if stage.result is not None else None,
        "error": stage.error,
    }


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
