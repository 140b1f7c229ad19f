"""The shared cases: answers and the verdict they must lead to."""

from typing import Any

import pytest
import yaml

from agents.decision import decide, load_cases, to_json
from tests.shared_data import SHARED, shared

_PATH = "domain/scenarios.yaml"
_DOCUMENT: dict[str, Any] = (
    yaml.safe_load((SHARED / _PATH).read_text(encoding="utf-8")) if (SHARED / _PATH).exists() else {"scenarios": []}
)
_EXPECTED = {case["id"]: case["expect"] for case in _DOCUMENT["scenarios"]}


def test_the_shared_scenarios_are_there_to_be_tried() -> None:
    shared(_PATH)

    assert len(_EXPECTED) > 30


@pytest.mark.parametrize("case", load_cases(_DOCUMENT), ids=lambda case: case[0])
def test_a_scenario_leads_to_its_expectation(case: tuple[str, Any, Any]) -> None:
    id_, answers, facts = case
    expected = dict(_EXPECTED[id_])

    found = to_json(decide(answers, facts))

    assert set(expected.pop("rules", ())) <= set(found["rules"])
    assert expected.pop("not_because", {}).items() <= found["not_because"].items()
    for key, value in expected.items():
        ordered = sorted(found[key]) if isinstance(value, list) else found[key]
        assert ordered == (sorted(value) if isinstance(value, list) else value), key
