"""What distillation runs found, as cards and files show it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from agents.distillation.loss_curve import LossCurve, loss_curve
from agents.distillation.model_card import model_card, model_card_inputs
from agents.distillation.report import Report, report_of
from agents.distillation.spec import DistillationSpec
from agents.errors import UserError
from agents.runs.views import RunView
from agents.store import runs as store
from agents.store.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCharts:
    """How a report and a training are drawn: each the picture as PNG, and the same in words."""

    quality: Callable[[Report], tuple[bytes, str]]
    loss: Callable[[LossCurve], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture of a run, as PNG and in words; both empty where there is nothing to show."""

    run: RunView
    png: bytes = b""
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView(Drawn):
    """A run that is over, with its report; None where it did not come that far, or is of another kind."""

    report: Report | None = None


class Reports:
    """The reports of every team's runs.

    Args:
        database: Where they are.
        charts: How they are drawn.
    """

    def __init__(self, database: Database, charts: ReportCharts) -> None:
        self._database = database
        self._charts = charts

    async def of_run(self, team_id: str, run_id: str) -> ReportView:
        """Return what a run found, with quality against cost as a picture.

        Raises:
            UserError: There is no such run.
        """
        run = await self._run(team_id, run_id)
        report = _report(run)
        if report is None:
            return ReportView(run=run)
        png, alt = await asyncio.to_thread(self._charts.quality, report)
        return ReportView(run=run, report=report, png=png, alt=alt)

    async def loss(self, team_id: str, run_id: str) -> Drawn:
        """Return how the loss of a run's training fell.

        Raises:
            UserError: There is no such run.
        """
        run = await self._run(team_id, run_id)
        curve = loss_curve(str(run.params.get("name", "")), _results(run).get("train", {}))
        if curve is None:
            return Drawn(run=run)
        png, alt = await asyncio.to_thread(self._charts.loss, curve)
        return Drawn(run=run, png=png, alt=alt)

    async def model_card(self, team_id: str, run_id: str) -> tuple[RunView, str]:
        """Return the model card of a run's student as Markdown.

        Raises:
            UserError: There is no such run, or it has made no student.
        """
        run = await self._run(team_id, run_id)
        report = _report(run)
        if report is None:
            raise UserError(f"Run {run.id} has no model card: it has not come to its report.")
        spec = DistillationSpec.model_validate(run.params["spec"])
        return run, model_card(model_card_inputs(spec, _results(run), report))

    async def _run(self, team_id: str, run_id: str) -> RunView:
        async with self._database.team(team_id) as connection:
            run = await store.get(connection, team_id, run_id)
        if run is None:
            raise UserError(f"There is no run {run_id!r}. `cairn runs` lists them.")
        return run


def _report(run: RunView) -> Report | None:
    document = (run.result or {}).get("report")
    return None if document is None else report_of(document)


def _results(run: RunView) -> dict[str, dict[str, object]]:
    return {stage.name: dict(stage.result) for stage in run.stages if stage.result is not None}
