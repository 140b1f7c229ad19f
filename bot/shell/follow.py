"""A run that goes on, in a terminal: a bar for each stage, the end of its log, drawn anew with each change."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agents.runs.logs import LogLine, line_text
from agents.runs.outputs import RunOutput
from agents.runs.progress import Progress
from agents.runs.states import StageState
from agents.runs.views import RunView, StageView
from bot.blocks.words import between, count, duration

_MARK = {
    StageState.PENDING: "○",
    StageState.WAITING: "?",
    StageState.RUNNING: "▸",
    StageState.DONE: "✓",
    StageState.FAILED: "✕",
    StageState.CANCELLED: "-",
}
_STYLE = {StageState.RUNNING: "bold", StageState.DONE: "green", StageState.FAILED: "red", StageState.WAITING: "yellow"}
_BAR = 24
_LOG_LINES = 5


class Bars:
    """Draws a run over and over in the same place, while it is used with `with`; on no terminal it draws nothing."""

    def __init__(self, console: Console) -> None:
        # Drawn when there is news, and not by a thread of its own.
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: RunView, output: RunOutput) -> None:
        """Draw the run as it stands."""
        if self._live is not None:
            self._live.update(drawn(run, output.last_lines), refresh=True)


def drawn(run: RunView, log: Sequence[LogLine]) -> Group:
    """Return the run as it is drawn. What stages and people wrote is shown as it stands, never as markup."""
    head = Text.assemble((f"{run.kind} {run.params.get('name', '')}".strip(), "bold"), f"  {run.id}  {run.state}")
    grid = Table.grid(padding=(0, 1))
    for stage in run.stages:
        style = _STYLE.get(stage.state, "dim")
        bar = _bar(stage.progress) if stage.state is StageState.RUNNING and stage.progress else Text("")
        figures = Text(stage_figures(stage), overflow="ellipsis", no_wrap=True)
        grid.add_row(Text(_MARK[stage.state], style), Text(stage.name, style), bar, figures)
    tail = [Text(line_text(line), "dim", overflow="ellipsis", no_wrap=True) for line in log[-_LOG_LINES:]]
    asked = [Text(f"asks: {run.question.text}", "yellow")] if run.question is not None else []
    failed = [Text(run.error, "red")] if run.error else []
    return Group(head, grid, *tail, *asked, *failed)


def stage_figures(stage: StageView) -> str:
    """Return how far a stage is, how fast it goes and when it ends, or what it waits for."""
    if stage.state is StageState.DONE:
        return between(stage.started_at, stage.finished_at)
    if stage.state is StageState.PENDING and stage.waits_for:
        return f"waits: {stage.waits_for}"
    if stage.state is StageState.PENDING and stage.error:
        return stage.error
    if stage.state is not StageState.RUNNING or stage.progress is None:
        return ""
    progress = stage.progress
    total = f" of {count(progress.total)}" if progress.total is not None else ""
    parts = [f"{count(progress.done)}{total} {progress.unit}"]
    if progress.rate:
        parts.append(f"{progress.rate:.3g}/s")
    if progress.eta_s is not None and progress.eta_s >= 1:
        parts.append(f"{duration(progress.eta_s)} left")
    return "  ".join([*parts, progress.note]).rstrip()


def changes(before: RunView | None, after: RunView) -> Iterator[str]:
    """Yield a line for each stage that looks different now, and for the run's question and its end."""
    former = {stage.seq: _looks(stage) for stage in before.stages} if before is not None else {}
    for stage in after.stages:
        looks = _looks(stage)
        if looks != former.get(stage.seq) and (before is not None or stage.state is not StageState.PENDING):
            yield looks
    if after.question is not None and (before is None or before.question is None):
        yield f"asks: {after.question.text}"
    if after.state.is_over and (before is None or not before.state.is_over):
        yield f"run {after.id} {after.state}{f': {after.error}' if after.error else ''}"


def _looks(stage: StageView) -> str:
    again = f" (attempt {stage.attempt})" if stage.attempt > 1 else ""
    return f"{stage.name} {stage.state}{again} {stage_figures(stage)}".rstrip()


def _bar(progress: Progress) -> ProgressBar:
    # Without a total it moves to and fro each time that there is news.
    return ProgressBar(progress.total, progress.done, width=_BAR, pulse=progress.total is None)
