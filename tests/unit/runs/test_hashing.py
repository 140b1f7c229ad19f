"""The fingerprint of what is approved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs import params_hash

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text(), values, max_size=5)


@given(documents, documents)
def test_the_order_of_keys_does_not_matter(params: dict[str, Any], estimate: dict[str, Any]) -> None:
    turned = dict(reversed(params.items()))
    assert params_hash("index", params, estimate) == params_hash("index", turned, estimate)


@given(documents, st.text(), values)
def test_any_change_of_a_parameter_changes_it(params: dict[str, Any], key: str, value: Any) -> None:
    changed = {**params, key: [value]}
    same = key in params and params[key] == [value]
    assert same or params_hash("index", params, {}) != params_hash("index", changed, {})


def test_kind_parameters_and_estimate_are_told_apart() -> None:
    assert len({params_hash("a", {"x": 1}, {}), params_hash("b", {"x": 1}, {}), params_hash("a", {}, {"x": 1})}) == 3


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_is_none_is_refused(figure: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        params_hash("index", {"seconds": figure}, {})


def test_a_value_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError):
        params_hash("index", {"path": object()}, {})
