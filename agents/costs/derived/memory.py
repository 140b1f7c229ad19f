"""How the GPU memory of a training run comes about, per GPU."""

from agents.costs.derived.sheet import Sheet
from agents.costs.figures import DEFAULTS_AS_OF, exact
from agents.costs.scenario import Scenario
from agents.costs.terms import MODEL_CARD, Derivation, Origin, Term, derived, leaf, told
from agents.costs.training_memory import (
    FROZEN_WEIGHT_BYTES,
    QLORA_LINEAR_BITS,
    RUNTIME_BYTES,
    TRAINED_WEIGHT_BYTES,
    activation_bytes,
    per_gpu_bytes,
    state_bytes,
)

_ADAM = Origin("Adam in mixed precision: weight, gradient, master weight and two moments", DEFAULTS_AS_OF, "published")
_BF16 = Origin("bf16", DEFAULTS_AS_OF, "computed")
_NF4 = Origin("NF4 with its scales quantised twice", DEFAULTS_AS_OF, "published")
_RUNTIME = Origin("CUDA context, kernels and fragmentation", DEFAULTS_AS_OF, "assumed")


def memory_derivation(scenario: Scenario, sheet: Sheet) -> None:
    """Add the memory that each GPU of a run needs with the method chosen."""
    method, gpus, student = scenario.inputs.method, scenario.training_gpus, scenario.student
    states = _states(scenario, sheet)
    is_sharded = gpus > 1
    gathered = [
        leaf("N", "weights", student.parameters, "weights", origin=MODEL_CARD),
        leaf("E", "weights of the embeddings", student.embedding_parameters, "weights", origin=MODEL_CARD),
        leaf("l", "layers", student.layers, "layers", origin=MODEL_CARD),
    ]
    needed = per_gpu_bytes(student, method, scenario.training_settings, gpus)
    sheet.add(
        "training_bytes_per_gpu",
        f"memory of each GPU in {method} training",
        f"B = s / g + a + c{' + 4 * (N - E) / l' if is_sharded else ''}",
        terms=[
            derived("s", "weights, gradients and optimiser", states),
            leaf("g", "GPUs that share them", gpus, "GPUs", origin=told(scenario, "n_gpu"), key="n_gpu"),
            derived("a", "activations", _activations(scenario, sheet)),
            leaf("c", "what the runtime takes", exact(RUNTIME_BYTES), "bytes", origin=_RUNTIME),
            *(gathered if is_sharded else []),
        ],
        result=sheet.figure(exact(needed), "bytes"),
        note=f"It should stay below {scenario.inputs.limit:.0%} of a GPU's memory. Sharded runs gather one layer at a "
        "time, and the next while it computes.",
    )


def _states(scenario: Scenario, sheet: Sheet) -> Derivation:
    student, method = scenario.student, scenario.inputs.method
    weights = leaf("N", f"weights of {student.name}", student.parameters, "weights", origin=MODEL_CARD, key="student")
    trained = leaf("t", "bytes of a trained weight", TRAINED_WEIGHT_BYTES, "bytes/weight", origin=_ADAM)
    frozen = leaf("z", "bytes of a frozen weight", FROZEN_WEIGHT_BYTES, "bytes/weight", origin=_BF16)
    terms: list[Term] = [weights, trained]
    formula = "s = t * N"
    if method != "full":
        terms += [frozen, derived("P", "weights of the adapter", _adapter(scenario, sheet))]
        formula = "s = z * N + t * P"
    if method == "qlora":
        terms += [
            leaf("q", "bits of a quantised weight", exact(QLORA_LINEAR_BITS), "bits/weight", origin=_NF4),
            leaf(
                "E",
                "weights of the embeddings, not quantised",
                student.embedding_parameters,
                "weights",
                origin=MODEL_CARD,
            ),
        ]
        formula = "s = q / 8 * (N - E) + z * E + t * P"
    return sheet.add(
        "training_state_bytes",
        "weights, gradients and optimiser in memory",
        formula,
        terms=terms,
        result=sheet.figure(exact(state_bytes(student, method, scenario.inputs.rank)), "bytes"),
    )


def _adapter(scenario: Scenario, sheet: Sheet) -> Derivation:
    student, key = scenario.student, "rank"
    return sheet.add(
        "lora_parameters",
        "weights of the adapter on all linear layers",
        "P = l * r * (2 * (h + y * w) + 2 * (h + k * w) + 3 * (h + f))",
        terms=[
            leaf("l", "layers", student.layers, "layers", origin=MODEL_CARD),
            leaf("r", "LoRA rank", scenario.inputs.rank, "rank", origin=told(scenario, key), key=key),
            leaf("h", "width of a layer", student.hidden, "values", origin=MODEL_CARD),
            leaf("y", "attention heads", student.heads, "heads", origin=MODEL_CARD),
            leaf("w", "width of a head", student.head_width, "values", origin=MODEL_CARD),
            leaf("k", "key-value heads", student.kv_heads, "heads", origin=MODEL_CARD),
            leaf("f", "width of the feed-forward layer", student.feed_forward, "values", origin=MODEL_CARD),
        ],
        result=sheet.figure(student.lora_parameters(scenario.inputs.rank), "weights"),
    )


def _activations(scenario: Scenario, sheet: Sheet) -> Derivation:
    student, inputs = scenario.student, scenario.inputs
    return sheet.add(
        "activation_bytes",
        "activations on each GPU, recomputed from checkpoints",
        "a = n * t * (2 * l * h + 34 * h + v * 10)",
        terms=[
            leaf(
                "n",
                "sequences per GPU and step",
                inputs.micro_batch,
                "sequences",
                origin=told(scenario, "micro_batch"),
                key="micro_batch",
            ),
            leaf("t", "tokens of a sequence", inputs.seq, "tokens", origin=told(scenario, "seq"), key="seq"),
            leaf("l", "layers", student.layers, "layers", origin=MODEL_CARD),
            leaf("h", "width of a layer", student.hidden, "values", origin=MODEL_CARD),
            leaf("v", "words of the vocabulary", student.vocabulary, "words", origin=MODEL_CARD),
        ],
        result=sheet.figure(exact(activation_bytes(student, inputs.micro_batch, inputs.seq)), "bytes"),
    )
