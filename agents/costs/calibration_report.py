"""The calibrations that a comparison rests on, as plain JSON: how fast the student is served and trained."""

from typing import Any

from agents.costs.scenario import Scenario


def calibrations_json(scenario: Scenario) -> dict[str, Any]:
    """Return the records behind the figures of serving and training, each with its source, day and kind."""
    return {"serving": _serving(scenario), "training": _training(scenario)}


def _serving(scenario: Scenario) -> dict[str, Any]:
    calibration = scenario.calibration
    return {
        "student": scenario.student.name,
        "precision": scenario.precision,
        "gpu": scenario.serving_gpu.name,
        "gpus": calibration.gpus,
        "prompt_tokens_per_gpu_s": calibration.prefill,
        "output_tokens_per_gpu_s": calibration.decode,
        "gpu_s_per_output_and_context_token": calibration.context,
        "source": calibration.source,
        "as_of": calibration.as_of.isoformat(),
        "kind": calibration.kind,
    }


def _training(scenario: Scenario) -> dict[str, Any]:
    reached, run = scenario.training_efficiency, scenario.training
    is_own = scenario.inputs.mfu is not None
    return {
        "student": scenario.student.name,
        "method": scenario.inputs.method,
        "gpu": scenario.training_gpu.name,
        "gpus": scenario.training_gpus,
        "mfu": scenario.inputs.mfu or reached.mfu,
        "tokens_per_s": run.tokens_per_second if run is not None else None,
        "source": "your figure" if is_own else reached.source,
        "as_of": (scenario.book.as_of if is_own else reached.as_of).isoformat(),
        "kind": "assumed" if is_own else reached.kind,
    }
