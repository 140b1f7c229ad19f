"""The wording of every rule, blocker, to-do, addition, verdict and method."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agents.decision.candidate import Approach
from agents.decision.compose import Method
from agents.decision.gates import GateState


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's title, what it says, and whether it comes from the guide or was added by Cairn."""

    id: str
    title: str
    text: str
    from_guide: bool


@dataclass(frozen=True, slots=True)
class Term:
    """A blocker, to-do or addition: its label, what it means, and what lifts it or how it is done."""

    id: str
    label: str
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True)
class MethodNote:
    """What a method of training takes and gives: memory by the size of the weights, quality, speed, and its use."""

    memory: str
    quality: str
    speed: str
    use_when: str


def _guide(id_: str, title: str, text: str) -> tuple[str, Rule]:
    return id_, Rule(id_, title, text, from_guide=True)


def _added(id_: str, title: str, text: str) -> tuple[str, Rule]:
    return id_, Rule(id_, title, text, from_guide=False)


def _term(id_: str, label: str, meaning: str, next_step: str) -> tuple[str, Term]:
    return id_, Term(id_, label, meaning, next_step)


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    dict(
        (
            _guide("S0", "Prompting comes first", "Everything starts as a prompt; the rest has to earn its place."),
            _guide("S1", "Retrieval closes a knowledge gap", "When facts are missing, fetch them for each request."),
            _guide(
                "S2",
                "Training needs demand and a measured gap",
                "Weights are trained only for traffic that exists and a gap that a test set shows.",
            ),
            _guide(
                "T1",
                "Knowledge is missing",
                "A model that has not seen your documents, newest data or your own figures needs them handed over.",
            ),
            _guide(
                "T2",
                "Able but inconsistent",
                "A model that keeps format, tone, rules or the use of tools now and then needs clearer instructions "
                "before it needs training.",
            ),
            _guide(
                "T3",
                "Not able to do it",
                "What no prompt gets out of a model, such as the language of a field, labels of your own or a style, "
                "has to be trained into it.",
            ),
            _guide(
                "T4",
                "Too expensive at scale",
                "A large bill for one narrow task with real traffic points to a small model of your own.",
            ),
            _guide(
                "F1",
                "Classification at volume",
                "A small tuned model keeps up with a large one on labels such as sentiment, intent or toxicity.",
            ),
            _guide(
                "F2",
                "A specialised field",
                "Medicine, law, finance and the like hold to a terminology that training carries well.",
            ),
            _guide(
                "F3",
                "One style, millions of calls",
                "A style that must hold across millions of calls, such as a brand's voice or a report's layout, is "
                "trained.",
            ),
            _guide(
                "F4",
                "Latency in the request path",
                "A small model nearby answers in 10 to 50 ms, so each request can be labelled on its way; a hosted one "
                "takes 500 ms or more.",
            ),
            _guide(
                "F5",
                "Distillation",
                "A strong model writes the training data, a small one does the work: today's main way to a lower bill.",
            ),
            _guide("P1", "Prompting already does it", "If a prompted model reaches the bar, nothing needs training."),
            _guide(
                "P2",
                "The format can be enforced",
                "Structured output or JSON mode guarantees a shape without training.",
            ),
            _guide("P3", "The bill is bearable", "At this volume an API costs less than a model of your own."),
            _guide("P4", "The task still moves", "A prompt changes at once; training a model again takes hours."),
            _guide("R1", "Own or recent information", "What is private or new is in no model's training data."),
            _guide(
                "R2",
                "The knowledge keeps changing",
                "Text that changes often, such as products or policies, is looked up when it is needed.",
            ),
            _guide("R3", "Sources must be named", "A retrieved passage can be cited; a model's memory cannot."),
            _guide("O1", "Small enough for the prompt", "Under 10,000 tokens of text goes into the prompt itself."),
            _guide("O2", "It holds still", "Text that rarely changes is sent along and cached."),
            _guide("O3", "Only a few facts", "A handful of facts is written straight into the prompt."),
            _guide(
                "M1", "LoRA by default", "LoRA keeps nearly all the quality for a fraction of the memory, and is fast."
            ),
            _guide("M2", "QLoRA when memory is short", "For tight GPUs and trials, QLoRA trains on 4-bit weights."),
            _guide("M3", "All weights, cost no object", "Full fine-tuning is for the last point of quality, and slow."),
            _guide("D1", "No evals, no sight", "Without a fixed test set nobody sees whether training helped."),
            _guide("D2", "10K to 100K examples", "A distillation is fed by that many answers of a frontier model."),
            _added("X1", "Permissions differ by user", "Who may see what is enforced by filtering at retrieval."),
            _added(
                "X2",
                "A middling size is a question of price",
                "Between 10K and 200K tokens, cached long context competes with retrieval on cost.",
            ),
            _added("X3", "It must pay back in time", "A model of your own has to earn its outlay within the limit."),
            _added("X4", "The teacher falls short", "A model that misses the bar has nothing worth distilling."),
            _added("X5", "Too little to learn from", "Under 50 examples and no passing teacher leave no data."),
            _added("X6", "Nothing leaves the house", "Air-gapped data rules every API out."),
            _added("X7", "A small API model will do", "A cheaper hosted model that meets the bar is the first saving."),
            _added("X8", "The teacher's terms", "Where terms restrict training on outputs, another teacher is needed."),
        )
    )
)

BLOCKERS: Final[Mapping[str, Term]] = MappingProxyType(
    dict(
        (
            _term(
                "evals", "No fixed test set", "Quality is not measured on a fixed set.",
                "Collect 100 or more real inputs with the answers you want and score every version on them.",
            ),
            _term(
                "prompt_first", "Prompting not exhausted", "The prompt has not been worked on against a test set.",
                "Add examples and a fixed output schema, and improve the prompt until its score stands still.",
            ),
            _term(
                "demand", "Demand not proven", "The traffic is hoped for, not seen.",
                "Run it with a prompt until the volume is real.",
            ),
            _term(
                "unstable_task", "The task still changes", "Its rules have moved within the last month.",
                "Stay with a prompt until the rules hold for a month.",
            ),
            _term(
                "no_gap", "No quality gap", "The best prompted model already scores what is needed.",
                "Nothing to do, unless the score that is needed goes up.",
            ),
            _term(
                "data", "Not enough examples", "Fewer than 50 labelled examples and no model that could write more.",
                "Label at least 50 examples, or find a model that meets the bar and let it write them.",
            ),
            _term(
                "teacher_unverified", "Teacher not tested", "Nobody has scored the strongest model on the test set.",
                "Score a frontier model on your test set; an hour's work.",
            ),
            _term(
                "teacher_fails", "The teacher fails", "The strongest model misses the bar, so it cannot teach it.",
                "Test other models and better prompts, or collect expert examples.",
            ),
            _term(
                "economics", "Payback not shown", "A model of your own is not known to earn its cost within the limit.",
                "Compare the costs with your volume and tokens; more traffic or a cheaper GPU may turn it.",
            ),
        )
    )
)  # fmt: skip

TODOS: Final[Mapping[str, Term]] = MappingProxyType(
    dict(
        (
            _term(
                "error_analysis", "Look at the errors", "Nobody has said yet what goes wrong.",
                "Read 50 bad outputs and sort them: facts missing, inconsistent, unable, too dear, too slow.",
            ),
            _term(
                "test_small_api_model", "Test a small API model", "A cheaper hosted model may already be good enough.",
                "Score one on your test set before paying for anything else.",
            ),
            _term(
                "confirm_teacher_terms", "Read the teacher's terms", "Training on its outputs may not be allowed.",
                "Have somebody read the provider's terms; no training run starts before.",
            ),
            _term(
                "rent_gpus", "Rent GPUs", "The GPUs at hand do not hold this training.",
                "Rent larger ones for the run, or take a smaller base model.",
            ),
        )
    )
)  # fmt: skip

ADDITIONS: Final[Mapping[str, Term]] = MappingProxyType(
    dict(
        (
            _term(
                "knowledge_in_prompt", "Knowledge in the prompt", "The text is part of the prompt itself.",
                "Put it at the front, where it can be cached.",
            ),
            _term(
                "prompt_cache", "Prompt caching", "The part that never changes is paid for at the cached price.",
                "Keep that part first and byte for byte the same.",
            ),
            _term(
                "long_context", "Long context", "The whole text is read with every request.",
                "Send it as one cached block and watch its size.",
            ),
            _term(
                "live_tool", "A live lookup", "Values that change by the minute come from a tool call.",
                "Give the model a tool that reads the source itself.",
            ),
            _term(
                "rag", "Retrieval", "Passages are fetched for each request.",
                "Index the documents and hand the trained model what is found.",
            ),
            _term(
                "structured_outputs", "Structured output", "The API enforces the shape of the answer.",
                "Describe the shape as a JSON schema and turn strict output on.",
            ),
            _term(
                "batch_api", "Batch API", "Answers that can wait cost about half.",
                "Send them as batches and collect them within a day.",
            ),
            _term(
                "small_api_model", "A small API model", "A cheaper hosted model meets the bar.",
                "Switch to it and keep scoring it on the test set.",
            ),
            _term(
                "open_weights_teacher", "An open-weights teacher", "The data comes from a model whose terms allow it.",
                "Host an open model that meets the bar and let it write the examples.",
            ),
            _term(
                "self_hosted_open_model", "A self-hosted open model", "Everything runs on machines of your own.",
                "Serve an open model inside your network.",
            ),
        )
    )
)  # fmt: skip

VERDICTS: Final[Mapping[Approach, str]] = MappingProxyType(
    {
        Approach.PROMPT: "Prompting",
        Approach.RAG: "Retrieval (RAG)",
        Approach.FINE_TUNE: "Fine-tuning",
        Approach.DISTILL: "Distillation",
    }
)

METHODS: Final[Mapping[Method, str]] = MappingProxyType(
    {Method.LORA: "LoRA", Method.QLORA: "QLoRA", Method.FULL: "full fine-tuning"}
)

METHOD_NOTES: Final[Mapping[Method, MethodNote]] = MappingProxyType(
    {
        Method.FULL: MethodNote(
            "8 times the model", "the best", "slow", "the last point of quality is worth any budget"
        ),
        Method.LORA: MethodNote(
            "about 1.5 times the model", "95 to 99% of full training", "fast", "a model goes into production"
        ),
        Method.QLORA: MethodNote(
            "about half the model", "90 to 97% of full training", "moderate", "GPUs are short, or it is a trial"
        ),
    }
)
"""What the guide says of each method; the cost comparison has the memory of a model in figures beside it."""

DISTILLATION_STEPS: Final = (
    "Let the strongest model write 10,000 to 100,000 examples of this one task, and keep the good ones.",
    "Train a small open model on them, with LoRA unless something speaks against it.",
    "Serve it with vLLM on GPUs of your own or rented ones.",
    "Score it against the strongest model on your fixed test set; without that nobody can see whether it holds up.",
)
"""How a distillation is done, in order; the last step decides whether it counts as done."""

GATE_STATES: Final[Mapping[GateState, str]] = MappingProxyType(
    {GateState.FAILED: "not met", GateState.UNKNOWN: "not known yet"}
)

_RULED_OUT_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "T1": "Missing knowledge was not named as a problem.",
        "T2": "An inconsistent model is prompted first; nothing shows yet that prompting falls short.",
        "T3": "Nothing said so far shows a task that prompting cannot do.",
        "T4": "Cost was not named as a problem.",
        "P1": "A prompted model already reaches the bar.",
        "O1": "The text is small enough for the prompt.",
        "O2": "The text holds still and is cheaper to read whole from a cache.",
        "O3": "A handful of facts goes straight into the prompt.",
        "X4": "The strongest model misses the bar, so there is nothing to distil.",
    }
)


def reason_text(reason: str) -> str:
    """Return why an approach was ruled out, from the id of the rule or blocker that did it."""
    return _RULED_OUT_BY[reason] if reason in _RULED_OUT_BY else f"{BLOCKERS[reason].label}. {BLOCKERS[reason].meaning}"
