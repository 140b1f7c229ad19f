"""Works a derivation's formula out from its terms, without the code that made its result."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal

from agents.costs.derived.figures import Derivation

OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "max": max,
    "min": min,
    "ceil": math.ceil,
    "floor": math.floor,
    "exp": math.exp,
}


def worked_out(derivation: Derivation, edges: Mapping[str, Decimal] | None = None) -> float:
    """Return the right side of the formula; `edges` replaces the values of some symbols."""
    values = {term.symbol: float(term.value) for term in derivation.terms}
    values.update({symbol: float(value) for symbol, value in (edges or {}).items()})
    left, right = derivation.formula.split(" = ")
    assert left.isidentifier()
    assert left not in values
    return float(_value(ast.parse(right, mode="eval").body, values))


def symbols(formula: str) -> set[str]:
    """Return the names on the right side, functions left out."""
    tree = ast.parse(formula.split(" = ")[1], mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - FUNCTIONS.keys()


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return OPERATORS[type(sign)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
    raise AssertionError(f"a formula holds {ast.dump(node)}")
