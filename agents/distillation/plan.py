"""What a distillation will take, before anything is spent: requests, tokens, dollars, GPU memory and hours.

Tokens are characters divided by four where nobody counted them; the band says how far that may be off.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from agents.costs.api import rates_for
from agents.costs.figures import MILLION
from agents.costs.prices.book import ModelPrice
from agents.distillation.examples import Example, Input
from agents.distillation.spec import DistillationSpec
from agents.distillation.teaching import (
    INPUTS_AT_ONCE,
    answer_schema,
    student_system,
    synthesis_requests,
    teacher_system,
    teacher_user,
)

CHARACTERS_PER_TOKEN: Final = 4
PROBE: Final = 20
"""Requests that are asked one by one before a batch is handed in, which shows within a minute what comes of them."""

PROBED_FROM: Final = 200
"""Requests from which on they are."""

# Around each message and its schema; a schema is part of the prompt.
_MESSAGE_TOKENS: Final = 20
_JSON_TOKENS: Final = 12
_RATIONALE_TOKENS: Final = 120
_UNKNOWN_OUTPUT_TOKENS: Final = 60
_UNKNOWN_INPUT_TOKENS: Final = 60
# Retries, and characters that make more tokens than in English.
_LOW: Final = Decimal("0.7")
_HIGH: Final = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will take.

    `high_usd` is what all requests reserve together, with every answer as long as it may be. `trained_tokens` are those
    of all epochs.
    """

    examples: int
    requests: int
    tokens_in: int
    tokens_out: int
    low_usd: Decimal
    base_usd: Decimal
    high_usd: Decimal
    trained_tokens: int


def plan(
    spec: DistillationSpec,
    *,
    golden: Sequence[Example],
    labelled: Sequence[Example],
    inputs: Sequence[Input],
    teacher: ModelPrice | None,
) -> Plan:
    """Return what a run with this data takes.

    Args:
        spec: What is wanted.
        golden: The test set, which shows how long outputs are.
        labelled: The team's own examples.
        inputs: What the teacher is to label.
        teacher: Its price; None where it costs nothing for a call, or there is none.
    """
    synthesised = spec.data.synthesis.count if spec.data.synthesis is not None else 0
    samples = spec.teacher.samples if spec.teacher is not None else 0
    # The teacher answers the golden inputs too: its score there is what the student is held to.
    golden_asked = len(golden) if spec.teacher is not None else 0
    asked = (len(inputs) + synthesised) * samples + golden_asked
    texts = [each.text for each in inputs] or [each.input for each in (*labelled, *golden)]
    input_tokens = _mean(texts, _UNKNOWN_INPUT_TOKENS)
    output_tokens = _mean([each.output for each in (*golden, *labelled)], _UNKNOWN_OUTPUT_TOKENS)
    system = _tokens(teacher_system(spec)) + _tokens(str(answer_schema(spec))) + _MESSAGE_TOKENS
    thinking = _RATIONALE_TOKENS if spec.teacher is not None and spec.teacher.rationale else 0
    writes = output_tokens + _JSON_TOKENS + thinking
    tokens_in, tokens_out = asked * (system + input_tokens), asked * writes
    requests = asked
    is_batch = spec.teacher is not None and spec.teacher.is_batched
    most_usd = Decimal(0)
    common = len(teacher_system(spec)) + len(json.dumps(answer_schema(spec), ensure_ascii=False))
    if teacher is not None:
        given = [each.text for each in inputs] * samples + [each.input for each in golden] * bool(samples)
        lengths = [len(teacher_user(each)) for each in given]
        lengths += [input_tokens * CHARACTERS_PER_TOKEN + len(teacher_user(""))] * synthesised * samples
        for each in lengths:
            most_usd += _most_usd(teacher, common + each, spec.output_tokens, is_batch=is_batch)
    if synthesised:
        wanted = synthesis_requests(spec, labelled)
        requests += len(wanted)
        tokens_in += sum(_tokens(each.system + each.user) + _MESSAGE_TOKENS for each in wanted)
        tokens_out += len(wanted) * INPUTS_AT_ONCE * input_tokens
        if teacher is not None:
            for request in wanted:
                letters = len(request.system + request.user + json.dumps(request.schema))
                most_usd += _most_usd(teacher, letters, request.max_tokens, is_batch=is_batch)
    base_usd = _usd(teacher, tokens_in, tokens_out, is_batch=is_batch)
    if teacher is not None and is_batch and asked >= PROBED_FROM:
        probed = [common + len(teacher_user(each.input)) for each in golden[:PROBE]]
        each_usd = _usd(teacher, tokens_in, tokens_out, is_batch=False) - base_usd
        base_usd += each_usd * len(probed) / requests
        for each in probed:
            most_usd += _most_usd(teacher, each, spec.output_tokens, is_batch=False)
            most_usd -= _most_usd(teacher, each, spec.output_tokens, is_batch=True)
    examples = len(labelled) + len(inputs) + synthesised
    each_trained = _tokens(student_system(spec)) + _MESSAGE_TOKENS + input_tokens + output_tokens
    return Plan(
        examples=examples,
        requests=requests,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        low_usd=base_usd * _LOW,
        base_usd=base_usd,
        high_usd=max(most_usd, base_usd * _HIGH),
        trained_tokens=round(examples * each_trained * spec.training.epochs),
    )


@dataclass(frozen=True, slots=True)
class GoldenPlan:
    """What it takes to have a model answer the golden set."""

    requests: int
    tokens_in: int
    tokens_out: int
    low_usd: Decimal
    base_usd: Decimal
    high_usd: Decimal


def plan_golden(spec: DistillationSpec, golden: Sequence[Example], price: ModelPrice | None) -> GoldenPlan:
    """Return what the answers of a model to the golden set take, asked one by one.

    Args:
        spec: With that model as its teacher.
        golden: The test set.
        price: Its price; None where it costs nothing for a call.
    """
    common = len(teacher_system(spec)) + len(json.dumps(answer_schema(spec), ensure_ascii=False))
    lengths = [common + len(teacher_user(each.input)) for each in golden]
    tokens_in = sum(each // CHARACTERS_PER_TOKEN + 1 + _MESSAGE_TOKENS for each in lengths)
    tokens_out = sum(_tokens(each.output) + _JSON_TOKENS for each in golden)
    base_usd = _usd(price, tokens_in, tokens_out, is_batch=False)
    most_usd = Decimal(0)
    if price is not None:
        most_usd = sum((_most_usd(price, each, spec.output_tokens, is_batch=False) for each in lengths), Decimal(0))
    return GoldenPlan(len(golden), tokens_in, tokens_out, base_usd * _LOW, base_usd, max(most_usd, base_usd * _HIGH))


def request_usd(price: ModelPrice, system_and_user: str, max_tokens: int, *, is_batch: bool) -> Decimal:
    """Return the most that one request may cost: twice the tokens that its letters make, and the longest answer."""
    return _most_usd(price, len(system_and_user), max_tokens, is_batch=is_batch)


def _most_usd(price: ModelPrice, characters: int, max_tokens: int, *, is_batch: bool) -> Decimal:
    tokens = 2 * (characters // CHARACTERS_PER_TOKEN + 1) + _MESSAGE_TOKENS
    rates = rates_for(price, Decimal(tokens), batch=is_batch)
    dearest_in = max(rates.input, rates.cache_write)
    return (tokens * dearest_in + max_tokens * rates.output) / MILLION


def _usd(price: ModelPrice | None, tokens_in: int, tokens_out: int, *, is_batch: bool) -> Decimal:
    if price is None:
        return Decimal(0)
    rates = (price.batch if is_batch else None) or price.standard
    return (tokens_in * rates.input + tokens_out * rates.output) / MILLION


def _tokens(text: str) -> int:
    return len(text) // CHARACTERS_PER_TOKEN + 1


def _mean(texts: Sequence[str], otherwise: int) -> int:
    return round(sum(map(_tokens, texts)) / len(texts)) if texts else otherwise
