"""How the loss of a training fell, as values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCurve:
    """The mean loss since the point before, by step; `eval_loss` is that of the examples kept back, in the end."""

    name: str
    points: tuple[tuple[int, float], ...]
    eval_loss: float | None


def loss_curve(name: str, trained: Mapping[str, Any]) -> LossCurve | None:
    """Return the curve of what a training returned; None where it left none."""
    given = ((int(step), float(loss)) for step, loss in trained.get("loss_curve") or ())
    points = tuple((step, loss) for step, loss in given if math.isfinite(loss))
    return LossCurve(name=name, points=points, eval_loss=trained.get("eval_loss")) if points else None
