"""What is known about the quality of each approach, and until when its model can be called."""

from types import MappingProxyType

from agents.costs.inputs import Answer
from agents.costs.prices.book import ModelPrice
from agents.costs.scenario import Scenario

_TESTED = MappingProxyType(
    {"yes": "meets your bar", "no": "does not meet your bar", "not_tested": "not tested on your test set"}
)


def api_evidence(scenario: Scenario, price: ModelPrice) -> str:
    """Return what the person has told about an API model's quality."""
    if price.id != scenario.teacher.id and price.id == scenario.in_use.id:
        return "in use today"
    answer = _answer(scenario, price)
    if answer is not None:
        return _TESTED[answer]
    return "for comparison with older advice" if price.retires_on else "for comparison"


def misses_bar(scenario: Scenario, price: ModelPrice) -> bool:
    """Return whether an API model is known not to be good enough."""
    return _answer(scenario, price) == "no"


def _answer(scenario: Scenario, price: ModelPrice) -> Answer | None:
    """Return whether the model meets the bar; None where nobody was asked."""
    if price.id == scenario.teacher.id:
        return scenario.inputs.teacher_meets_bar
    if price.id != scenario.in_use.id and any(price.id == model.id for model in scenario.models):
        return scenario.inputs.small_api_meets_bar
    return None


def open_evidence(scenario: Scenario, kind: str, name: str) -> str:
    """Return what is known about the quality of an open model as it is."""
    if kind == "serverless":
        return (
            "you named it as good enough" if scenario.inputs.open_models is not None else "not tested on your test set"
        )
    if kind == "open_rag":
        return "score retrieval and the model on your own questions"
    if name == scenario.teacher_name:
        return _TESTED[scenario.inputs.teacher_meets_bar]
    return _TESTED["not_tested"]


def student_evidence(scenario: Scenario, *, is_distilled: bool) -> str:
    """Return what a student's quality rests on."""
    if is_distilled:
        return f"to be scored against {scenario.teacher_name} on your test set"
    share = {"lora": "95 to 99%", "qlora": "90 to 97%", "full": "100%"}[scenario.inputs.method]
    return f"{share} of full training by the guide; your test set decides"


def retirement_notes(scenario: Scenario, price: ModelPrice) -> tuple[str, ...]:
    """Return a sentence on when the model leaves its API, if that is known."""
    if price.retires_on is None:
        return ()
    verb = "left" if price.is_retired(scenario.book.as_of) else "leaves"
    return (f"{verb} its API on {price.retires_on:%Y-%m-%d}",)
