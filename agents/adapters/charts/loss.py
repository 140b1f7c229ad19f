"""Loss against steps: how a training went."""

from typing import Final

import numpy as np

from agents.adapters.charts import style
from agents.adapters.charts.frame import FOOT, MARGIN, Panel, draw_ticks, tick_room, write_note, write_title
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale, spread_ticks
from agents.adapters.charts.sheet import Pen, Sheet
from agents.distillation.loss_curve import LossCurve

# With fewer points each is marked, for it may be the only one.
MOST_MARKED: Final = 40
# So that the highest tick does not touch what the scale is called.
HEADROOM: Final = 22.0


def draw_loss(curve: LossCurve) -> Sheet:
    """Return the chart."""
    sheet = Sheet()
    top = write_title(sheet, loss_finding(curve)) - 40
    losses = [loss for _, loss in curve.points]
    held = [curve.eval_loss] if curve.eval_loss is not None else []
    most = max([*losses, *held]) * 1.08 or 1.0
    ticks = {value: f"{value:.3g}" for value in spread_ticks(0.0, most)}
    area = Box(tick_room(sheet, list(ticks.values())), FOOT, style.WIDTH_PX - MARGIN - 24, top)
    last = curve.points[-1][0]
    panel = Panel.on(
        sheet, area, Scale(0, last * 1.02, area.left, area.right), Scale(0, most, area.bottom, area.top - HEADROOM)
    )
    steps = {value: f"{value:,.0f}" for value in spread_ticks(0, last) if value == int(value)}
    draw_ticks(panel, steps, ticks, x_title="steps", y_title="loss of an output token, mean since the point before")
    panel.draw_line([float(step) for step, _ in curve.points], losses, style.VERMILION, width=3.0)
    places = [(panel.x.pixel(step), panel.y.pixel(loss)) for step, loss in curve.points]
    if len(places) <= MOST_MARKED:
        for place in places:
            sheet.mark(*place, style.VERMILION, size=7)
    if curve.eval_loss is not None:
        _draw_held(panel, curve.eval_loss)
    pen = Pen(style.LABEL_POINTS, style.darker(style.VERMILION), is_bold=True)
    panel.mark(places[-1], style.VERMILION)
    panel.write_beside(places[-1], (f"{losses[-1]:.3g}",), pen, is_needed=True)
    if len(places) > 1:
        panel.write_beside(places[0], (f"{losses[0]:.3g}",), pen)
    write_note(sheet, "a curve that still falls at its end wants more steps; examples kept back were not learned from")
    return sheet


def describe_loss(curve: LossCurve) -> str:
    """Return the chart's finding and its figures in words."""
    shown = curve.points[:: max(1, len(curve.points) // 8)]
    points = ", ".join(f"{loss:.3g} at step {step:,}" for step, loss in shown)
    return f"{loss_finding(curve)}. Line chart of the loss by step: {points}."


def loss_finding(curve: LossCurve) -> str:
    """Return what the chart shows."""
    (_, first), (last, loss) = curve.points[0], curve.points[-1]
    held = f", {curve.eval_loss:.3g} on examples kept back" if curve.eval_loss is not None else ""
    if len(curve.points) == 1:
        return f"{curve.name}: loss {loss:.3g} after {last:,} steps{held}"
    how = "fell" if loss < first else "rose"
    return f"{curve.name}: loss {how} from {first:.3g} to {loss:.3g} in {last:,} steps{held}"


def _draw_held(panel: Panel, eval_loss: float) -> None:
    height = panel.y.pixel(eval_loss)
    path = [(panel.area.left, height), (panel.area.right, height)]
    panel.sheet.line(path, style.BLUE, width=1.6, dash=(0, (4, 3)))
    panel.floor.draw(np.array(path))
    pen = Pen(style.SMALL_POINTS, style.darker(style.BLUE))
    text = f"examples kept back, in the end: {eval_loss:.3g}"
    panel.write_beside((panel.area.left + 0.6 * panel.area.width, height), (text,), pen, is_needed=True)
