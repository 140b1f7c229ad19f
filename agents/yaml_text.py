"""YAML that people wrote, read with care: what cannot be meant is refused in one sentence, and nothing runs away.

Keys given twice are refused, of which YAML would silently keep the last, and so are files that unfold to far more than
they hold.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from agents.errors import UserError, quoted

# A cost file has a hundred values, a file of scenarios a few thousand.
MOST_LETTERS, MOST_VALUES, DEEPEST, MOST_DIGITS = 1_000_000, 50_000, 50, 100
# The one in C is ten times as fast, and comes with every wheel.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds; None where it is empty.

    Raises:
        UserError: It is no YAML, has a key twice, or is larger than anybody writes.
    """
    if len(text) > MOST_LETTERS:
        raise UserError(f"it has {len(text):,} letters, and {MOST_LETTERS:,} are read at most; split it.")
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_growth(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as cause:
        place = "" if cause.problem_mark is None else f"line {cause.problem_mark.line + 1}: "
        problem = cause.problem or cause.context or "it breaks off"
        what = "tags such as !this are not read" if "constructor" in problem else problem
        raise UserError(f"it cannot be read as YAML: {place}{what}.") from cause
    except yaml.YAMLError as cause:
        raise UserError(f"it cannot be read as YAML: {str(cause).splitlines()[0]}.") from cause
    except RecursionError as cause:
        raise UserError(f"its lists and keys are nested more than {DEEPEST} deep.") from cause
    except (ValueError, OverflowError) as cause:
        raise UserError(f"it holds a number or a date that cannot be read: {cause}.") from cause
    finally:
        loader.dispose()


def _refuse_growth(root: yaml.Node) -> None:
    """Refuse keys given twice, and anchors that unfold to themselves or to more than may be read.

    Raises:
        UserError: As it says.
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, depth: int) -> int:
        known = sizes.get(id(node))
        if known is not None:
            if known == 0:
                raise UserError(f"line {_line(node)}: an anchor holds itself.")
            return known
        if depth > DEEPEST:
            raise UserError(f"line {_line(node)}: its lists and keys are nested more than {DEEPEST} deep.")
        sizes[id(node)] = 0
        if isinstance(node, yaml.MappingNode):
            _refuse_twins(node)
        total = 1 + sum(size(child, depth + 1) for child in _children(node))
        if total > MOST_VALUES:
            raise UserError(f"it unfolds to more than {MOST_VALUES:,} values.")
        sizes[id(node)] = total
        return total

    size(root, 0)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif node.tag == "tag:yaml.org,2002:int" and len(node.value) > MOST_DIGITS:
        raise UserError(f"line {_line(node)}: the number {quoted(node.value)} has more than {MOST_DIGITS} digits.")


def _refuse_twins(node: yaml.MappingNode) -> None:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name = (key.tag, key.value)
        if name in seen and key.tag != "tag:yaml.org,2002:merge":
            raise UserError(f"line {_line(key)}: the key {key.value[:60]!r} is given twice; keep one.")
        seen.add(name)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
