"""Run the cases, one process after another, and write what they found."""

import argparse
import datetime as dt
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import torch

from tests.benchmarks.gpu.bases import SHAPE_8B, SHAPE_TINY, write_base

Result = Mapping[str, Any]

SEQUENCE: Final = 2_048
STEPS: Final = 12
# Full fine-tuning of 8B with fp32 master weights takes a whole H200 with one example at a time.
CASES: Final = (("lora", 1), ("lora", 4), ("lora", 8), ("qlora", 1), ("qlora", 4), ("full", 1))
LOOPS: Final = ("bare", "cairn")
LEAST_OF_BARE: Final = 0.95
MOST_ERROR: Final = 0.10
_PACKAGES: Final = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes")


def main() -> int:
    """Return 0 where all cases came to their end."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, help="where the JSON goes; a file of today's date in this folder if absent")
    parser.add_argument("--tiny", action="store_true", help="a toy base and one case: whether this script works")
    parser.add_argument("--only", choices=["lora", "qlora", "full"], help="cases of this method alone")
    given = parser.parse_args()
    if not given.tiny and not torch.cuda.is_available():
        print("There is no GPU here. Run this where one is, or with --tiny to see the script work.", file=sys.stderr)
        return 2
    out: Path = given.out or Path(f"gpu-{dt.datetime.now(dt.UTC):%Y-%m-%d}.json")
    with tempfile.TemporaryDirectory(prefix="cairn-gpu-") as home:
        base = Path(home) / ("tiny" if given.tiny else "llama-8b")
        write_base(base, SHAPE_TINY if given.tiny else SHAPE_8B)
        # What the weights were made on is wanted by the cases.
        torch.cuda.empty_cache()
        cases = [("lora", 2)] if given.tiny else [case for case in CASES if given.only in (None, case[0])]
        results = list(_run(cases, base, 128 if given.tiny else SEQUENCE, Path(home)))
    compared, machine = _compared(results), _machine()
    document = {
        "taken_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "base": base.name,
        "cases": results,
        "compared": compared,
    }
    out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    for line in _told(compared, machine):
        print(line)
    print(f"written: {out}")
    return 1 if any("error" in result for result in results) else 0


def _run(cases: Sequence[tuple[str, int]], base: Path, sequence: int, home: Path) -> Iterator[Result]:
    for method, micro_batch in cases:
        for loop in LOOPS:
            case = {"base": str(base), "loop": loop, "method": method, "micro_batch": micro_batch}
            case |= {"sequence": sequence, "steps": STEPS}
            with tempfile.TemporaryDirectory(dir=home) as folder:
                argv = [sys.executable, "-m", "tests.benchmarks.gpu.case", json.dumps(case), folder]
                done = subprocess.run(argv, check=False, capture_output=True, text=True)
            if done.returncode == 0:
                result = json.loads(done.stdout.strip().splitlines()[-1])
            else:
                result = {**case, "error": done.stderr.strip().splitlines()[-1:]}
            print(f"{loop} {method} b={micro_batch}: {result.get('tokens_per_s') or result.get('error')}", flush=True)
            yield {**result, "base": base.name}


def _compared(results: Sequence[Result]) -> Sequence[Result]:
    """Return, for each case that both loops came to the end of, the product beside the bare loop and the formula."""
    bare, own = (
        {_key(each): each for each in results if each["loop"] == loop and "error" not in each} for loop in LOOPS
    )
    compared = []
    for key in own.keys() & bare.keys():
        product, reference = own[key], bare[key]
        row = {
            "method": key[0],
            "micro_batch": key[1],
            "tokens_per_s": product["tokens_per_s"],
            "of_bare": product["tokens_per_s"] / reference["tokens_per_s"],
        }
        if product["peak_bytes"] is not None and product["formula_bytes"] is not None:
            row |= {
                "peak_bytes": product["peak_bytes"],
                "formula_bytes": product["formula_bytes"],
                "formula_error": product["formula_bytes"] / product["peak_bytes"] - 1,
            }
        compared.append(row)
    return sorted(compared, key=lambda row: (row["method"], row["micro_batch"]))


def _key(result: Result) -> tuple[str, int]:
    return result["method"], result["micro_batch"]


def _told(compared: Sequence[Result], machine: Result) -> Iterator[str]:
    """Say each figure, and how the cost comparison learns it."""
    for row in compared:
        line = f"{row['method']} b={row['micro_batch']}: {row['tokens_per_s']:,.0f} tokens/s"
        line += f", {row['of_bare']:.3f} of a bare loop (aim: {LEAST_OF_BARE} or more)"
        if "formula_error" in row:
            line += f"; {row['peak_bytes'] / 1e9:.1f} GB, formula {row['formula_error']:+.1%}"
            line += f" (aim: within {MOST_ERROR:.0%})"
        yield line
    fastest = {row["method"]: row for row in sorted(compared, key=lambda row: row["tokens_per_s"])}
    for method, row in fastest.items() if machine["gpu"] else ():
        loaded = f"{row['tokens_per_s']:.0f} --student llama-3.1-8b --method {method}"
        yield f"cairn measure training {loaded} --gpu {machine['gpu']!r} --gpus 1"


def _machine() -> Result:
    has_gpu = torch.cuda.is_available()
    return {
        "gpu": torch.cuda.get_device_name(0) if has_gpu else None,
        "gpu_bytes": torch.cuda.get_device_properties(0).total_memory if has_gpu else None,
        "driver": _driver() if has_gpu else None,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def _driver() -> str:
    argv = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
