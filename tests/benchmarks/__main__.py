"""Run benchmark suites: `python -m tests.benchmarks [SUITE ...] [--json]`; one figure a line.

Each figure names the reference it was measured beside in the same run and their ratio: absolute figures of two
machines do not compare, ratios do.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from tests.benchmarks import ack, any_model, cards, costs, engine, first_sentence, index, students, turn

Suite = Callable[[], AsyncIterator[Mapping[str, Any]]]
SUITES: Mapping[str, Suite] = {
    "ack": ack.run,
    "any_model": any_model.run,
    "cards": cards.run,
    "costs": costs.run,
    "engine": engine.run,
    "first_sentence": first_sentence.run,
    "index": index.run,
    "students": students.run,
    "turn": turn.run,
}


async def _run(names: list[str], as_json: bool) -> None:
    for name in names:
        async for figure in SUITES[name]():
            print(json.dumps(figure) if as_json else _line(figure), flush=True)


def _line(figure: Mapping[str, Any]) -> str:
    beside = f"  ({figure['ratio']:.3g} x {figure['reference']})" if figure.get("ratio") is not None else ""
    return f"{figure['suite']}/{figure['case']} {figure['metric']}: {figure['value']:.4g} {figure['unit']}{beside}"


def main() -> int:
    """Run the suites named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"any of: {', '.join(SUITES)}; all without")
    parser.add_argument("--json", action="store_true", help="one JSON object per figure")
    given = parser.parse_args()
    unknown = [name for name in given.suite if name not in SUITES]
    if unknown:
        parser.error(f"no suite {', '.join(unknown)}; there are: {', '.join(SUITES)}")
    asyncio.run(_run(given.suite or list(SUITES), given.json))
    return 0


if __name__ == "__main__":
    sys.exit(main())
