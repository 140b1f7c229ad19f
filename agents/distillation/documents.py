"""A distillation file read into a DistillationSpec, with errors a person can act on."""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from agents.distillation.origins import TAGS as ORIGINS
from agents.distillation.spec import METRICS, TAGS, DistillationSpec
from agents.errors import UserError
from agents.evaluation.tasks import Task, task_of
from agents.input_faults import faults_in_words

FILES: Final = ("golden", "labelled", "inputs")
"""The keys of `data` that name files."""

UNSEEN: Final = ORIGINS | TAGS | METRICS.keys()
"""What stands in the places of faults and in no file: the kinds of origins, tasks and small models."""

_FILE: Final = "distillation file"


def read_spec(document: Any) -> DistillationSpec:
    """Return what a distillation file describes.

    Raises:
        UserError: A key is unknown or missing, a value is out of range, or parts contradict each other.
    """
    if not isinstance(document, Mapping):
        raise UserError(f"A {_FILE} holds keys and values, for example name: tickets, not a {type(document).__name__}.")
    try:
        spec = DistillationSpec.model_validate(document)
    except ValidationError as error:
        raise UserError(faults_in_words(error, _FILE, _keys(), UNSEEN)) from error
    evaluated(spec)
    return spec


def evaluated(spec: DistillationSpec) -> Task:
    """Return the task as it is evaluated.

    Raises:
        UserError: Its record's schema cannot be used.
    """
    return task_of(spec.task.model_dump(mode="json", exclude={"instructions"}))


def within(document: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return a document whose files are named by their whole paths, where they were given relative to a folder.

    A base that begins with "./" lies there too; any other is the id of one, or a path of the GPU host.
    """
    whole = dict(document)
    held, student = document.get("data"), document.get("student")
    if isinstance(held, Mapping):
        named = {use: posixpath.join(folder, held[use]) for use in FILES if isinstance(held.get(use), str)}
        whole["data"] = {**held, **named}
    if isinstance(student, Mapping) and str(student.get("base", "")).startswith("./"):
        whole["student"] = {**student, "base": posixpath.join(folder, student["base"][2:])}
    return whole


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a distillation file."""
    schema = DistillationSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _keys() -> frozenset[str]:
    """Return every key that a distillation file may hold, at whatever depth."""
    schema = DistillationSpec.model_json_schema()
    parts = (schema, *schema["$defs"].values())
    return frozenset(key for part in parts for key in part.get("properties", {}))
