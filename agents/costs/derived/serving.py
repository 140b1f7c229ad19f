"""How the running cost of a model on own GPUs comes about: throughput, replicas, utilisation and the month."""

from collections.abc import Sequence

from agents.costs.approaches import Approach
from agents.costs.calibrations import BYTES_PER_WEIGHT
from agents.costs.derived.request import request_of_month
from agents.costs.derived.sheet import Sheet
from agents.costs.derived.tokens import token_derivations
from agents.costs.figures import HOURS_PER_MONTH, exact
from agents.costs.offers import SelfHostedOffer
from agents.costs.open_models import OpenModel
from agents.costs.scenario import Scenario
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.terms import (
    DATA_SHEET,
    DEFINITION,
    MODEL_CARD,
    Derivation,
    Origin,
    Term,
    calibration_origin,
    derived,
    gpu_hour_term,
    gpus_term,
    leaf,
    told,
    volume_term,
)
from agents.costs.workload_offers import infra_usd_per_month


def serving_derivations(scenario: Scenario, row: Approach, model: OpenModel, sheet: Sheet) -> None:
    """Add how a row on own GPUs comes about, from the tokens of a request up to a month."""
    offer = row.offer
    if not isinstance(offer, SelfHostedOffer) or row.replicas is None or row.utilisation is None:
        raise TypeError("a row on own GPUs has replicas")
    tokens = token_derivations(scenario, row, offer, sheet)
    parts = [derived("i", "prompt tokens", tokens["i"]), derived("o", "answer tokens", tokens["o"])]
    capacity = _capacity(offer, model, parts, sheet)
    replicas = _replicas(scenario, row, capacity, sheet)
    volume = volume_term(scenario)
    fixed = _fixed(scenario, offer)
    month = sheet.add(
        "usd_per_month",
        "running cost of a month",
        f"M = R * g * p * h{' + F' if fixed else ''}",
        terms=[
            derived("R", "replicas", replicas),
            gpus_term(model),
            gpu_hour_term(scenario, model.gpu, offer.usd_per_gpu_hour),
            leaf("h", "hours of a month", HOURS_PER_MONTH, "h/month", origin=DEFINITION),
            *fixed,
        ],
        result=row.usd_per_month,
    )
    one = request_of_month(month, volume, row, sheet)
    sheet.add(
        "usd_per_million_tokens",
        "running cost of a million of its tokens",
        "m = q / (i + o) * 1000000",
        terms=[derived("q", "running cost of a request", one), *parts],
        result=row.usd_per_million_tokens,
    )
    sheet.add(
        "utilisation",
        "share of the replicas' capacity that the average uses",
        "w = V / 86400 / (C * R)",
        terms=[
            volume,
            derived("C", "requests per second of a full replica", capacity),
            derived("R", "replicas", replicas),
        ],
        result=sheet.figure(exact(row.utilisation), "share"),
    )
    _kv_cache(scenario, model, sheet)


def _capacity(offer: SelfHostedOffer, model: OpenModel, parts: Sequence[Term], sheet: Sheet) -> Derivation:
    """Return how the requests per second of one full replica come about."""
    fit, origin = offer.calibration, calibration_origin(model)
    seconds = sheet.add(
        "gpu_seconds_per_request",
        "GPU seconds of one request in a full batch",
        "S = i / P + o / D + a * o * (i + o / 2)",
        terms=[
            *parts,
            leaf(
                "P",
                "prompt tokens per GPU second",
                exact(fit.prefill),
                "tokens/GPU s",
                origin=origin,
                key="calibration",
            ),
            leaf(
                "D", "answer tokens per GPU second", exact(fit.decode), "tokens/GPU s", origin=origin, key="calibration"
            ),
            leaf(
                "a",
                "GPU seconds of an answer token for each token before it",
                exact(fit.context),
                "GPU s/token²",
                origin=origin,
                key="calibration",
            ),
        ],
        result=sheet.figure(exact(fit.gpu_seconds(float(offer.tokens_in), float(offer.tokens_out))), "GPU s/request"),
    )
    return sheet.add(
        "capacity_rps",
        "requests per second of one full replica",
        "C = g / S",
        terms=[gpus_term(model), derived("S", "GPU seconds of a request", seconds)],
        result=sheet.figure(exact(offer.capacity_rps), "requests/s"),
    )


def _replicas(scenario: Scenario, row: Approach, capacity: Derivation, sheet: Sheet) -> Derivation:
    inputs = scenario.inputs
    return sheet.add(
        "replicas",
        "replicas that carry the busiest moment",
        "R = max(r, ceil(V / 86400 * k / (C * H)))",
        terms=[
            leaf(
                "r",
                "replicas that always run",
                inputs.min_replicas,
                "replicas",
                origin=told(scenario, "min_replicas"),
                key="min_replicas",
            ),
            volume_term(scenario),
            peak_term(scenario),
            derived("C", "requests per second of a full replica", capacity),
            headroom_term(scenario),
        ],
        result=sheet.figure(row.replicas or 0, "replicas"),
    )


def peak_term(scenario: Scenario) -> Term:
    """Return how much busier the busiest moment is than the average."""
    key, value = "peak_factor", exact(scenario.inputs.peak_factor)
    return leaf("k", "busiest moment against the average", value, "times", origin=told(scenario, key), key=key)


def headroom_term(scenario: Scenario) -> Term:
    """Return how full a replica may get."""
    key, value = "headroom", exact(scenario.inputs.headroom)
    return leaf("H", "share of its capacity a replica may reach", value, "share", origin=told(scenario, key), key=key)


def _fixed(scenario: Scenario, offer: SelfHostedOffer) -> list[Term]:
    if not offer.fixed_usd_per_month.high:
        return []
    key, band = "infra_usd_month", infra_usd_per_month(scenario)
    return [leaf("F", "database for retrieval", band, "USD/month", origin=told(scenario, key), key=key)]


def _kv_cache(scenario: Scenario, model: OpenModel, sheet: Sheet) -> None:
    """Add how many tokens of context a replica holds at once."""
    inputs, student, bytes_per_weight = scenario.inputs, model.student, BYTES_PER_WEIGHT[model.precision]
    per_token = sheet.add(
        "kv_bytes_per_token",
        "memory that one token of context takes",
        "b = 2 * l * y * w * z",
        terms=[
            leaf("l", "layers", student.layers, "layers", origin=MODEL_CARD),
            leaf("y", "key-value heads", student.kv_heads, "heads", origin=MODEL_CARD),
            leaf("w", "width of a head", student.head_width, "values", origin=MODEL_CARD),
            leaf(
                "z",
                "bytes of a cached value",
                inputs.kv_bytes,
                "bytes",
                origin=told(scenario, "kv_bytes"),
                key="kv_bytes",
            ),
        ],
        result=sheet.figure(student.kv_bytes_per_token(inputs.kv_bytes), "bytes/token"),
    )
    weights = weight_bytes(model, sheet)
    held = kv_cache_tokens(
        student,
        bytes_per_weight=bytes_per_weight,
        gpu_bytes=model.gpu.memory_bytes,
        gpus=model.calibration.gpus,
        share=inputs.util,
        overhead_bytes_per_gpu=inputs.overhead_gb_per_gpu * 1e9,
        bytes_per_value=inputs.kv_bytes,
    )
    vllm = Origin("vLLM's default", DEFINITION.as_of, "published")
    sheet.add(
        "kv_tokens",
        "tokens of context that a replica holds at once",
        "K = max(0, floor((g * (c * m - x) - B) / b))",
        terms=[
            gpus_term(model),
            leaf(
                "c",
                "share of memory the server uses",
                exact(inputs.util),
                "share",
                origin=told(scenario, "util", vllm),
                key="util",
            ),
            leaf("m", f"memory of one {model.gpu.name}", exact(model.gpu.memory_bytes), "bytes", origin=DATA_SHEET),
            leaf(
                "x",
                "memory kept from the cache on each GPU",
                exact(inputs.overhead_gb_per_gpu) * 10**9,
                "bytes",
                origin=told(scenario, "overhead_gb_per_gpu"),
                key="overhead_gb_per_gpu",
            ),
            derived("B", "size of the weights", weights),
            derived("b", "memory of one token of context", per_token),
        ],
        result=sheet.figure(held, "tokens"),
    )


def weight_bytes(model: OpenModel, sheet: Sheet) -> Derivation:
    """Return how the size of the weights as served comes about."""
    student = model.student
    text = f"bytes of a weight in {model.precision}"
    return sheet.add(
        "weight_bytes",
        "size of the weights as served",
        "B = N * z",
        terms=[
            leaf("N", f"weights of {student.name}", student.parameters, "weights", origin=MODEL_CARD, key="student"),
            leaf("z", text, BYTES_PER_WEIGHT[model.precision], "bytes", origin=DEFINITION, key="precision"),
        ],
        result=sheet.figure(model.weight_bytes, "bytes"),
    )
