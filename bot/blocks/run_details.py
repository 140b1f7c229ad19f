"""The details of a run as a form to read: parameters, stages with the ends of their logs, and files."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from agents.runs.logs import LogLine
from agents.runs.outputs import RunOutput
from agents.runs.views import RunView, StageView
from bot.blocks.elements import actions, bullets, button, context, cut, escaped, fields, modal, section
from bot.blocks.message import Block
from bot.blocks.run import NOTHING, approvers, failed_lines, run_head, stage_line
from bot.blocks.words import instant, plural, size

LOG_FILE = "run_log_file"
_LINE = 160
_FILES_SHOWN = 20
_SHA256_SHOWN = 12


def details_view(run: RunView, output: RunOutput = NOTHING) -> Block:
    """Return everything about a run, to read."""
    pairs = [(str(name), escaped(str(value))) for name, value in run.params.items()]
    blocks = [
        section(run_head(run)),
        context(f"Started {instant(run.created_at)}, approved by {approvers(run)}, `{run.id}`"),
        *([fields(pairs)] if pairs else []),
    ]
    for stage in run.stages:
        blocks += _stage_blocks(stage, output.lines_of(stage.seq))
    blocks += bullets("Files that could not be read", failed_lines(run), most=40)
    blocks += bullets(f"Files kept, {size(output.bytes)}", _file_lines(output), most=_FILES_SHOWN)
    if output.log_lines:
        label = f"Post the log in the thread ({plural(output.log_lines, 'lines')})"
        blocks.append(actions(button(label, LOG_FILE, {"run_id": run.id})))
    # What is pressed in a form is answered where the run is followed.
    return modal(
        "run_details_view", "Run details", blocks, metadata={"channel": run.channel, "thread_ts": run.thread_ts}
    )


def _stage_blocks(stage: StageView, log: tuple[LogLine, ...]) -> list[Block]:
    lines = [stage_line(stage)]
    known = [f"attempt {stage.attempt}"] if stage.attempt > 1 else []
    known += [f"on {stage.owner}"] if stage.owner else []
    if known:
        lines.append(f"      {escaped(', '.join(known))}")
    if stage.waits_for:
        lines.append(f"      waits: {escaped(stage.waits_for)}")
    if stage.error:
        lines.append(f"      {escaped(stage.error)}")
    blocks = [section("\n".join(lines))]
    if figures := [f"{escaped(name)} {escaped(str(value))}" for name, value in _plain(stage.result).items()]:
        blocks.append(context(" · ".join(figures)))
    if log:
        said = "\n".join(_log_line(line) for line in log)
        blocks.append(section(f"```{said}```"))
    return blocks


def _log_line(line: LogLine) -> str:
    # Three backticks would end the block of code.
    text = cut(line.line.replace("```", "'''"), _LINE)
    level = "" if line.level == "info" else f"{line.level}: "
    return f"{line.at.astimezone(UTC):%H:%M:%SZ} {level}{escaped(text)}"


def _file_lines(output: RunOutput) -> list[str]:
    lines = []
    for each in output.artifacts:
        version = f" · version {each.version}" if each.version > 1 else ""
        host = f" · on {escaped(each.host)} only" if each.host else ""
        lines.append(
            f"`{escaped(each.name)}` {size(each.size)} · sha256 `{each.sha256[:_SHA256_SHOWN]}`{version}{host}"
        )
    return lines


def _plain(result: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (result or {}).items() if isinstance(value, str | int | float)}
