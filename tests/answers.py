"""Answers that tests of several subjects begin with."""

from collections.abc import Mapping
from typing import Any

# Everything a distillation needs but the figures that its payback is computed from.
READY_TO_DISTIL: Mapping[str, Any] = {
    "problem": ["cost"],
    "prompt_tried": "systematic",
    "evals": "golden",
    "quality_gap_pp": 0,
    "demand": "proven",
    "task_stable": "yes",
    "task_type": "classification",
    "teacher_meets_bar": "yes",
    "small_api_meets_bar": "no",
    "residency": "api_ok",
}
TOKENS: Mapping[str, str] = {"static_prefix": "800", "variable_input": "700", "tokens_out": "300"}
