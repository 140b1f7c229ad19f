"""The small API model that a student is held against: which it is, and what it adds to the run that is proposed."""

from dataclasses import replace
from typing import Any

from agents.costs.prices.book import ModelPrice, PriceBook, PriceMissingError
from agents.distillation.data import Data
from agents.distillation.plan import Plan, plan_golden
from agents.distillation.spec import DistillationSpec, SmallModelSpec, TeacherSpec
from agents.errors import UserError


def small_model(spec: DistillationSpec, default: TeacherSpec | None, book: PriceBook) -> TeacherSpec | None:
    """Return the model that is asked beside the others; None for none.

    Args:
        spec: Which may name one, or say that there is to be none.
        default: The workspace's; None without a key.
        book: The team's prices.

    Raises:
        UserError: The file names one whose price is not known.
    """
    chosen = spec.baselines.small_model
    if isinstance(chosen, SmallModelSpec):
        teacher_price_of(chosen.asked, book)
        return chosen.asked
    is_teacher = spec.teacher is not None and default is not None and spec.teacher.model == default.model
    if chosen == "none" or default is None or is_teacher:
        return None
    try:
        teacher_price_of(default, book)
    except UserError:
        # Nobody asked for it by name.
        return None
    return default


def with_small_model(
    taken: Plan, spec: DistillationSpec, small: TeacherSpec | None, data: Data, book: PriceBook
) -> Plan:
    """Return what a run takes together with the answers of a small model to its golden set."""
    if small is None:
        return taken
    beside = plan_golden(spec.model_copy(update={"teacher": small}), data.golden, teacher_price_of(small, book))
    return replace(
        taken,
        requests=taken.requests + beside.requests,
        tokens_in=taken.tokens_in + beside.tokens_in,
        tokens_out=taken.tokens_out + beside.tokens_out,
        low_usd=taken.low_usd + beside.low_usd,
        base_usd=taken.base_usd + beside.base_usd,
        high_usd=taken.high_usd + beside.high_usd,
    )


def compared(small: TeacherSpec | None) -> dict[str, Any]:
    """Return the parameters that name the model, in short for people and in full for its stage."""
    if small is None:
        return {}
    return {"compared": f"{small.model}, prompted", "small_model": small.model_dump(mode="json")}


def teacher_price_of(teacher: TeacherSpec, book: PriceBook) -> ModelPrice | None:
    """Return what a teacher costs; None where it is one's own.

    Raises:
        UserError: That is not known.
    """
    if teacher.kind == "vllm":
        return None
    try:
        return book.model(teacher.model)
    except PriceMissingError as cause:
        raise UserError(
            f"{cause} Without a price nothing can be approved: `cairn prices set {teacher.model} in=… out=…` sets one."
        ) from cause
