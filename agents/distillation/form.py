"""The form that a distillation file is made of, field by field; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from agents.distillation.documents import UNSEEN, evaluated
from agents.distillation.spec import DistillationSpec
from agents.errors import UserError
from agents.input_faults import fault_in_words, keys_of

NAME, KIND, INSTRUCTIONS, ANSWERS = "name", "kind", "instructions", "answers"
GOLDEN, LABELLED, INPUTS, LICENCE = "golden", "labelled", "inputs", "licence"
TEACHER, MODEL, BASE, METHOD, MARGIN, MINIMUM = "teacher", "model", "base", "method", "margin", "minimum"
KINDS: Final = ("classification", "extraction", "generation")
NO_TEACHER: Final = "none"
TEACHERS: Final = (NO_TEACHER, "claude", "openai", "vllm")
METHODS: Final = ("lora", "qlora", "full")
WHOLE: Final = ("rank", "batch", "micro_batch", "sequence", "gpus", "gpu_memory_gb")
"""Fields of `training` that are whole numbers."""

DECIMAL: Final = ("epochs", "learning_rate")
"""Fields of `training` that are numbers."""

BUDGET: Final = "budget_usd"

# Which field a fault belongs to, by how the path to it begins; the longest that fits counts.
_FIELD_OF: Final[Mapping[tuple[str, ...], str]] = {
    ("name",): NAME,
    ("task",): ANSWERS,
    ("task", "instructions"): INSTRUCTIONS,
    ("data",): GOLDEN,
    ("data", "golden"): GOLDEN,
    ("data", "labelled"): LABELLED,
    ("data", "inputs"): INPUTS,
    ("data", "licence"): LICENCE,
    ("teacher",): MODEL,
    ("student",): METHOD,
    ("student", "base"): BASE,
    ("gate",): MARGIN,
    ("gate", "minimum"): MINIMUM,
    ("training",): "micro_batch",
    **{("training", each): each for each in (*WHOLE, *DECIMAL)},
    ("budget_usd",): BUDGET,
}
_QUERY: Final = re.compile(
    r"(?P<database>[a-z0-9][a-z0-9_-]{0,62})\s*:\s*(?P<query>(?:select|with)\b.*)", re.IGNORECASE | re.DOTALL
)
_FORM: Final = "form"
# How people call a set that nothing is trained on.
_IS_GOLDEN: Final = re.compile(
    r"(?<![a-z])(?:gold(?:en)?|test|eval(?:uation)?|hold[-_ ]?out|held[-_ ]?out)(?![a-z])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Places:
    """What rows may be taken from.

    Attributes:
        folders: Registered sources: the folder of each by its name.
        databases: Registered databases.
        dropped: Files that were dropped in the thread: the SHA-256 of each by its name.
    """

    folders: Mapping[str, str]
    databases: tuple[str, ...]
    dropped: Mapping[str, str]

    @property
    def words(self) -> str:
        """What there is to choose from, for people."""
        found = [
            *(f"{name} (dropped here)" for name in self.dropped),
            *(f"{name}/FILE" for name in self.folders),
            *(f"{name}: SELECT …" for name in self.databases),
        ]
        return ", ".join(found) or (
            "none yet. Drop a file of examples (.jsonl, .csv) in the thread, or have whoever runs Cairn register a "
            "folder: `cairn sources add NAME FOLDER`"
        )


def begun_with(dropped: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Return what dropped files tell of the fields.

    Args:
        dropped: Their names with what they hold (`agents.distillation.data.data_summary`), the newest first.
    """
    found: dict[str, str] = {}
    for name, summary in dropped:
        has_outputs = summary["with_output"] == summary["rows"]
        use = (GOLDEN if _IS_GOLDEN.search(name) else LABELLED) if has_outputs else INPUTS
        found.setdefault(use, name)
        if has_outputs and summary["labels"] and ANSWERS not in found:
            found |= {KIND: "classification", ANSWERS: "\n".join(summary["labels"])}
    return found


def spec_of(entered: Mapping[str, str], places: Places) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return the distillation file that a form stands for, and what is wrong with it by field.

    Args:
        entered: What was typed or chosen, by field; empty where nothing was.
        places: What rows may be taken from.
    """
    faults: dict[str, str] = {}
    training = _training(entered, faults)
    document: dict[str, Any] = {
        "name": entered[NAME].strip(),
        "task": _task(entered, faults),
        "data": _data(entered, places, faults),
        "student": {"base": _base(entered[BASE].strip(), places), "method": entered[METHOD]},
        "gate": _gate(entered, faults),
    }
    if training:
        document["training"] = training
    if entered[TEACHER] != NO_TEACHER:
        document["teacher"] = {"kind": entered[TEACHER], "model": entered[MODEL].strip()}
        if not entered[MODEL].strip():
            faults[MODEL] = "Which model? Give its name as its API knows it, such as claude-opus-5-5."
    elif not entered[LABELLED].strip():
        faults[LABELLED] = "Without a teacher there have to be examples of your own, with their outputs."
    if entered[BUDGET].strip():
        document["budget_usd"] = entered[BUDGET].strip().removeprefix("$").replace(",", "")
    return document, faults or _spec_faults(document)


def _spec_faults(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what the rules of distillation files say against a document, by field."""
    try:
        evaluated(DistillationSpec.model_validate(document))
    except ValidationError as error:
        found: dict[str, str] = {}
        for fault in error.errors():
            keys = keys_of(fault, UNSEEN)
            words = fault_in_words(fault, _FORM, (), UNSEEN)
            # What does not add up has no place of its own, and names the keys that it is about.
            fits = [path for path in _FIELD_OF if keys[: len(path)] == path or (not keys and ".".join(path) in words)]
            field = _FIELD_OF[max(fits, key=len)] if fits else NAME
            found.setdefault(field, words)
        return found
    except UserError as error:
        return {ANSWERS: str(error)}
    return {}


def _task(entered: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any]:
    """Return the task; its labels stand one a line, its record is a JSON Schema, what is compared is a word."""
    task: dict[str, Any] = {"kind": entered[KIND], "instructions": entered[INSTRUCTIONS].strip()}
    answers = entered[ANSWERS].strip()
    if entered[KIND] == "classification":
        task["labels"] = [label.strip() for label in re.split(r"[\n,;]", answers) if label.strip()]
    elif entered[KIND] == "extraction":
        try:
            task["record"] = json.loads(answers)
        except ValueError as cause:
            faults[ANSWERS] = f"A record is given by its JSON Schema, and this is no JSON: {cause}."
    elif answers in {"", "exact", "numeric"}:
        task["match"] = answers or "exact"
    else:
        task |= {"match": "regex", "pattern": answers}
    return task


def _data(entered: Mapping[str, str], places: Places, faults: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for field in (GOLDEN, LABELLED, INPUTS):
        text = entered[field].strip()
        if not text:
            continue
        origin = _origin(text, places)
        if origin is None:
            faults[field] = (
                f"{text[:80]!r} is no file that was dropped here or lies in a source, and no query. Choose one of: "
                f"{places.words}."
            )
        else:
            data[field] = origin
    if entered[LICENCE].strip():
        data[LICENCE] = entered[LICENCE].strip()
    return data


def _origin(text: str, places: Places) -> str | dict[str, str] | None:
    if text in places.dropped:
        return {"file": text, "sha256": places.dropped[text]}
    queried = _QUERY.fullmatch(text)
    if queried is not None and queried["database"] in places.databases:
        return {"database": queried["database"], "query": queried["query"].strip().removesuffix(";")}
    source, _, path = text.partition("/")
    return f"{places.folders[source]}/{path}" if source in places.folders and path else None


def _base(text: str, places: Places) -> str:
    """Return the base: an id, a path of the GPU host, or SOURCE/./PATH for a folder of a source."""
    source, found, path = text.partition("/./")
    return f"{places.folders[source]}/{path}" if found and source in places.folders else text


def _gate(entered: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any]:
    gate = {}
    for field in (MARGIN, MINIMUM):
        text = entered[field].strip()
        if not text:
            continue
        share = _share(text)
        if share is None:
            faults[field] = f"{text[:40]!r} is no share. Write it such as 2 % or 0.02."
        else:
            gate[field] = share
    return gate


def _share(text: str) -> float | None:
    number, percent = text.removesuffix("%").strip(), text.endswith("%")
    try:
        value = float(number)
    except ValueError:
        return None
    return round(value / 100, 9) if percent or value > 1 else value


def _training(entered: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any]:
    training: dict[str, Any] = {}
    for field in (*WHOLE, *DECIMAL):
        text = entered[field].strip().replace(",", "")
        if not text:
            continue
        try:
            training[field] = int(text) if field in WHOLE else float(text)
        except ValueError:
            what = "whole number" if field in WHOLE else "number"
            faults[field] = f"{text[:40]!r} is no {what}."
    return training
