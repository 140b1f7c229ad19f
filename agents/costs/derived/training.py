"""How training data and training runs come about, in requests, GPU hours and dollars."""

from decimal import Decimal

from agents.costs.api import rates_for, request_usd
from agents.costs.data_generation import DataGeneration
from agents.costs.derived.sheet import Sheet
from agents.costs.figures import Figure, exact
from agents.costs.open_models import OpenModel
from agents.costs.scenario import Scenario
from agents.costs.terms import (
    DATA_SHEET,
    MODEL_CARD,
    Derivation,
    Origin,
    Term,
    calibration_origin,
    derived,
    gpu_hour_term,
    leaf,
    price_kind,
    told,
)
from agents.costs.training import FLOPS_PER_TOKEN_AND_WEIGHT, TrainingRun, default_slowdown
from agents.costs.upfront import open_teacher_gpu_hours

DATA, TRAINING = "usd_upfront.training_data", "usd_upfront.training"


def data_derivation(scenario: Scenario, figure: Figure, sheet: Sheet) -> Derivation:
    """Return how the price of the training data comes about."""
    plan = scenario.data_generation(scenario.teacher)
    if plan is None:
        raise TypeError("training data has tokens")
    requests = _requests(scenario, plan, sheet)
    if scenario.open_teacher is not None:
        return _by_open_teacher(scenario, scenario.open_teacher, requests, figure, sheet)
    request = _teacher_request(scenario, plan, sheet)
    return sheet.add(
        DATA,
        f"training data written by {scenario.teacher.id}",
        "D = r * u",
        terms=[
            derived("r", "requests until enough examples are kept", requests),
            derived("u", "price of one", request),
        ],
        result=figure,
        note="High is the price without the batch discount.",
    )


def _requests(scenario: Scenario, plan: DataGeneration, sheet: Sheet) -> Derivation:
    inputs = scenario.inputs
    rejected = leaf(
        "j",
        "share of examples filtered out",
        exact(inputs.reject_rate),
        "share",
        origin=told(scenario, "reject_rate"),
        key="reject_rate",
    )
    return sheet.add(
        "data_requests",
        "requests until enough examples are kept",
        "r = x / (1 - j)",
        terms=[_examples(scenario), rejected],
        result=sheet.figure(plan.requests, "requests"),
    )


def _examples(scenario: Scenario) -> Term:
    key = "examples"
    return leaf(
        "x", "training examples kept", exact(scenario.inputs.examples), "examples", origin=told(scenario, key), key=key
    )


def _example_tokens(scenario: Scenario) -> tuple[Term, Term]:
    """Return prompt and answer tokens of an example: its own, or those of a request."""
    tokens = scenario.example_tokens or (Decimal(0), Decimal(0))
    given = scenario.inputs.example_tokens_in, scenario.inputs.example_tokens_out
    keys = (
        "tokens_in" if given[0] is None else "example_tokens_in",
        "tokens_out" if given[1] is None else "example_tokens_out",
    )
    prompt = leaf("i", "prompt tokens of an example", tokens[0], "tokens", origin=told(scenario, keys[0]), key=keys[0])
    answer = leaf("o", "answer tokens of an example", tokens[1], "tokens", origin=told(scenario, keys[1]), key=keys[1])
    return prompt, answer


def _teacher_request(scenario: Scenario, plan: DataGeneration, sheet: Sheet) -> Derivation:
    teacher, is_batch = scenario.teacher, scenario.inputs.batch
    rates = rates_for(teacher, plan.tokens_in, batch=is_batch)
    origin = Origin(teacher.source, teacher.as_of, price_kind(teacher))
    factor = scenario.token_factor(teacher)
    more = [
        leaf(
            "f",
            "teacher's tokens that one of the given makes",
            factor,
            "tokens/token",
            origin=told(scenario, "claude_token_factor"),
            key="claude_token_factor",
        )
    ]
    batch = ", in batches" if is_batch and teacher.batch is not None else ""
    key = "prices_usd_per_mtok"
    return sheet.add(
        "data_request",
        f"price of one example from {teacher.id}",
        "u = f * (i * p_in + o * p_out) / 1000000",
        terms=[
            *more,
            *_example_tokens(scenario),
            leaf(
                "p_in", f"price of a million prompt tokens{batch}", rates.input, "USD/M tokens", origin=origin, key=key
            ),
            leaf(
                "p_out",
                f"price of a million answer tokens{batch}",
                rates.output,
                "USD/M tokens",
                origin=origin,
                key=key,
            ),
        ],
        result=sheet.figure(request_usd(teacher, plan.tokens_in, plan.tokens_out, batch=is_batch), "USD/request"),
    )


def _by_open_teacher(
    scenario: Scenario, teacher: OpenModel, requests: Derivation, figure: Figure, sheet: Sheet
) -> Derivation:
    fit, origin = teacher.calibration, calibration_origin(teacher)
    prompt, answer = _example_tokens(scenario)
    name = teacher.student.name
    seconds = sheet.add(
        "teacher_gpu_seconds",
        f"GPU seconds in which {name} writes one example",
        "S = i / P + o / D + a * o * (i + o / 2)",
        terms=[
            prompt,
            answer,
            leaf("P", "prompt tokens per GPU second", exact(fit.prefill), "tokens/GPU s", origin=origin),
            leaf("D", "answer tokens per GPU second", exact(fit.decode), "tokens/GPU s", origin=origin),
            leaf(
                "a",
                "GPU seconds of an answer token for each before it",
                exact(fit.context),
                "GPU s/token²",
                origin=origin,
            ),
        ],
        result=sheet.figure(exact(fit.gpu_seconds(float(prompt.value), float(answer.value))), "GPU s/request"),
    )
    hours = sheet.add(
        "teacher_gpu_hours",
        f"GPU hours in which {name} writes all examples",
        "G = r * S / 3600",
        terms=[
            derived("r", "requests until enough examples are kept", requests),
            derived("S", "GPU seconds of one", seconds),
        ],
        result=sheet.figure(exact(open_teacher_gpu_hours(scenario)), "GPU hours"),
        note="Written in one go on full GPUs, which are given back after it.",
    )
    return sheet.add(
        DATA,
        f"training data written by {name} on own GPUs",
        "D = G * p",
        terms=[derived("G", "GPU hours", hours), gpu_hour_term(scenario, teacher.gpu, teacher.usd_per_hour)],
        result=figure,
    )


def training_derivation(scenario: Scenario, figure: Figure, sheet: Sheet) -> Derivation:
    """Return how the price of all training runs comes about."""
    run = scenario.training
    if run is None:
        raise TypeError("training has tokens")
    hours = _gpu_hours(scenario, run, sheet)
    runs = leaf("n", "training runs", scenario.inputs.runs, "runs", origin=told(scenario, "runs"), key="runs")
    gpus = leaf(
        "g",
        f"GPUs ({scenario.training_gpu.name}) to train on: those at hand, else as many as the memory takes",
        scenario.training_gpus,
        "GPUs",
        origin=told(scenario, "n_gpu"),
        key="n_gpu",
    )
    sheet.add(
        "compute_h",
        "hours of training, all runs",
        "W = G / g * n",
        terms=[derived("G", "GPU hours of a run", hours), gpus, runs],
        result=sheet.figure(exact(run.wall_h * scenario.inputs.runs), "h"),
        note="Computing takes hours; data, evaluation and rollout take people weeks.",
    )
    return sheet.add(
        TRAINING,
        "training runs",
        "T = G * p * n",
        terms=[
            derived("G", "GPU hours of a run", hours),
            gpu_hour_term(scenario, scenario.training_gpu, scenario.training_usd_per_hour),
            runs,
        ],
        result=figure,
    )


def _gpu_hours(scenario: Scenario, run: TrainingRun, sheet: Sheet) -> Derivation:
    inputs, gpu, student = scenario.inputs, scenario.training_gpu, scenario.student
    efficiency = scenario.training_efficiency
    reached = Origin(efficiency.source, efficiency.as_of, efficiency.kind)
    per_weight = inputs.flops_per_token or FLOPS_PER_TOKEN_AND_WEIGHT[inputs.method]
    slower = inputs.slowdown or default_slowdown(inputs.method)
    arithmetic = Origin(f"arithmetic of {inputs.method} training", DATA_SHEET.as_of, "computed")
    return sheet.add(
        "training_gpu_hours",
        "GPU hours of one training run",
        "G = t * F * N * s / (f * m * 3600)",
        terms=[
            _trained_tokens(scenario, sheet),
            leaf(
                "F",
                "operations per weight and token",
                exact(per_weight),
                "FLOP",
                origin=told(scenario, "flops_per_token", arithmetic),
                key="flops_per_token",
            ),
            leaf("N", f"weights of {student.name}", student.parameters, "weights", origin=MODEL_CARD, key="student"),
            leaf(
                "s",
                "time as a multiple of the arithmetic",
                exact(slower),
                "times",
                origin=told(scenario, "slowdown"),
                key="slowdown",
            ),
            leaf(
                "f",
                f"peak of one {gpu.name}, dense bf16",
                exact(gpu.flops),
                "FLOP/s",
                origin=DATA_SHEET,
                key="training_gpu",
            ),
            leaf(
                "m",
                "share of the peak that training reaches",
                exact(inputs.mfu or efficiency.mfu),
                "share",
                origin=told(scenario, "mfu", reached),
                key="mfu",
            ),
        ],
        result=sheet.figure(exact(run.gpu_h), "GPU hours"),
    )


def _trained_tokens(scenario: Scenario, sheet: Sheet) -> Term:
    inputs, text = scenario.inputs, "tokens that one run passes over"
    if inputs.trained_tokens is not None:
        key = "trained_tokens"
        return leaf("t", text, exact(inputs.trained_tokens), "tokens", origin=told(scenario, key), key=key)
    passes = leaf(
        "e", "passes over the examples", exact(inputs.epochs), "passes", origin=told(scenario, "epochs"), key="epochs"
    )
    made = sheet.add(
        "trained_tokens",
        text,
        "t = x * (i + o) * e",
        terms=[_examples(scenario), *_example_tokens(scenario), passes],
        result=sheet.figure(exact(scenario.trained_tokens or 0), "tokens"),
    )
    return derived("t", text, made)
