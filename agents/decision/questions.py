"""The questions of the interview, in the order they are asked when nothing else decides."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agents.decision.answers import Answers, Evals, Problem
from agents.decision.best_case import training_is_candidate


class Control(StrEnum):
    """What a person answers with."""

    MULTI_BUTTONS = "multi_buttons"
    BUTTONS = "buttons"
    YES_NO = "yes_no"
    NUMBER = "number"
    NUMBERS = "numbers"
    SELECT_NUMBER = "select_number"


@dataclass(frozen=True, slots=True)
class Option:
    """One button or menu entry: the value it stands for and what it says."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a question that takes several numbers."""

    name: str
    label: str
    example: str
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question: how it is put, what it may be answered with, and why it is worth an answer."""

    slot: str
    short: str
    text: str
    control: Control
    why: str
    rules: tuple[str, ...]
    options: tuple[Option, ...] = ()
    fields: tuple[Field, ...] = ()
    example: str = ""
    only_if: Callable[[Answers], bool] = lambda _answers: True


NOT_SURE: Final = Option("not_sure", "Not sure")
_YES_NO: Final = (Option("yes", "Yes"), Option("no", "No"), NOT_SURE)
_TESTED: Final = (Option("yes", "Yes"), Option("no", "No"), Option("not_tested", "Not tested"))


def _named(problem: Problem) -> Callable[[Answers], bool]:
    return lambda answers: answers.has(problem)


def _size_is_open(answers: Answers) -> bool:
    return answers.has(Problem.KNOWLEDGE) and not answers.few_facts


def _size_is_unknown(answers: Answers) -> bool:
    return answers.has(Problem.KNOWLEDGE) and answers.knowledge_tokens is None


def _has_golden_evals(answers: Answers) -> bool:
    return answers.evals is Evals.GOLDEN


QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        slot="problem",
        short="Problem",
        text="What goes wrong today? Pick everything that applies.",
        control=Control.MULTI_BUTTONS,
        options=(
            Option("knowledge", "It lacks our knowledge"),
            Option("consistency", "It is inconsistent"),
            Option("capability", "It cannot do the task"),
            Option("cost", "It costs too much"),
            Option("latency", "It is too slow"),
            NOT_SURE,
        ),
        why="Each kind of problem has its own remedy, so this chooses the branch everything else hangs on.",
        rules=("T1", "T2", "T3", "T4"),
    ),
    Question(
        slot="prompt_tried",
        short="Prompting so far",
        text="How much work has gone into the prompt?",
        control=Control.BUTTONS,
        options=(
            Option("none", "None yet"),
            Option("basic", "A first prompt or two"),
            Option("systematic", "Examples, fixed schema, improved against a test set"),
            NOT_SURE,
        ),
        why="A prompt is changed in minutes and a model in weeks; training waits until the prompt is exhausted.",
        rules=("S0", "S2"),
    ),
    Question(
        slot="evals",
        short="Quality measure",
        text="How do you tell a good output from a bad one?",
        control=Control.BUTTONS,
        options=(
            Option("none", "We do not measure"),
            Option("informal", "Spot checks"),
            Option("golden", "A fixed test set with a score"),
            NOT_SURE,
        ),
        why="Without a fixed test set nobody can show that a trained model is as good, or that it was needed.",
        rules=("D1", "S2"),
    ),
    Question(
        slot="quality_gap_pp",
        short="Quality gap",
        text="What does your best prompt score on that test set, and what must it score?",
        control=Control.NUMBERS,
        fields=(
            Field("score_now", "Score now, in percent", "78"),
            Field("score_needed", "Score needed, in percent", "87"),
        ),
        example='"78 / 87", or the gap alone: "9 pp"',
        why="No gap, nothing to train for: if the best prompted model is good enough, the work ends there.",
        rules=("S2", "P1"),
        only_if=_has_golden_evals,
    ),
    Question(
        slot="demand",
        short="Demand",
        text="Is the traffic real today, or expected?",
        control=Control.BUTTONS,
        options=(Option("proven", "It is here today"), Option("forecast", "We expect it"), NOT_SURE),
        why="Training is paid up front and earned back by use, so hoped-for traffic does not carry it.",
        rules=("S2",),
    ),
    Question(
        slot="requests_per_day",
        short="Requests per day",
        text="How many requests come in on an average day, and how much busier is the busiest hour?",
        control=Control.NUMBERS,
        fields=(
            Field("requests_per_day", "Requests per day, on average", "20k"),
            Field("peak_factor", "Busiest hour, as a multiple of the average", "3", optional=True),
        ),
        example='"20k", "2M a month" or "5 per second"',
        why="Volume decides what everything costs and whether a model of your own ever pays for itself.",
        rules=("X3", "P3", "F3"),
    ),
    Question(
        slot="tokens",
        short="Tokens per request",
        text="How large is one request: the part that never changes, the part that does, and the answer?",
        control=Control.NUMBERS,
        fields=(
            Field("static_prefix", "Fixed instructions, in tokens", "800"),
            Field("variable_input", "The rest of the input, in tokens", "200"),
            Field("tokens_out", "The answer, in tokens", "300"),
        ),
        example='"800 / 200 / 300"',
        why="Prices are per token, and only the part that never changes can be cached.",
        rules=("X3", "X2"),
    ),
    Question(
        slot="knowledge_tokens",
        short="Amount of knowledge",
        text="How much text does the model have to know?",
        control=Control.BUTTONS,
        options=(
            Option("<10K", "Under 10K tokens (15 pages)"),
            Option("10-200K", "10K to 200K tokens"),
            Option(">200K", "More than 200K tokens"),
            NOT_SURE,
        ),
        example='"50k tokens", "40 pages" or "9000 words"',
        why="A small text fits into the prompt, a middling one may be read whole, a large one must be searched.",
        rules=("O1", "O2", "X2"),
        only_if=_size_is_open,
    ),
    Question(
        slot="few_facts",
        short="Only a few facts",
        text="Is it no more than a handful of facts?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="A handful of facts can simply be written into the prompt.",
        rules=("O3",),
        only_if=_size_is_unknown,
    ),
    Question(
        slot="knowledge_change",
        short="Knowledge changes",
        text="How often does that text change?",
        control=Control.BUTTONS,
        options=(
            Option("static", "Hardly ever"),
            Option("monthly", "Every month or quarter"),
            Option("weekly", "Every day or week"),
            Option("realtime", "Every minute or hour"),
            NOT_SURE,
        ),
        why="Text that keeps changing is cheaper to look up than to keep in a prompt.",
        rules=("R2", "O2"),
        only_if=_named(Problem.KNOWLEDGE),
    ),
    Question(
        slot="citations",
        short="Citations",
        text="Do answers have to say where they come from?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="A source can only be cited where a passage was looked up.",
        rules=("R3",),
        only_if=_named(Problem.KNOWLEDGE),
    ),
    Question(
        slot="per_user_acl",
        short="Permissions differ",
        text="Are there documents that some of the users must not see?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="Permissions can be enforced while searching; a shared prompt or trained weights keep no secrets.",
        rules=("X1",),
        only_if=_named(Problem.KNOWLEDGE),
    ),
    Question(
        slot="format_only",
        short="Only the format",
        text="Is the shape of the output the only thing that is wrong?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="A shape can be enforced by the API; nothing needs to be learned for it.",
        rules=("P2", "T2"),
        only_if=_named(Problem.CONSISTENCY),
    ),
    Question(
        slot="task_type",
        short="Kind of task",
        text="Which kind of task is it?",
        control=Control.BUTTONS,
        options=(
            Option("classification", "Classification"),
            Option("extraction", "Extraction"),
            Option("generation", "Writing"),
            Option("qa_chat", "Questions and chat"),
            Option("agent_tools", "Agent with tools"),
            Option("other", "Something else"),
            NOT_SURE,
        ),
        why="Small trained models are at their best where the answer is one of a few labels.",
        rules=("F1",),
    ),
    Question(
        slot="task_stable",
        short="Task is stable",
        text="Have the rules of the task stood still for a month?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="Each change of the rules means training again, while a prompt is edited on the spot.",
        rules=("P4",),
        only_if=training_is_candidate,
    ),
    Question(
        slot="latency_p95_ms",
        short="Latency budget",
        text="Within how many milliseconds must 95 of 100 answers be there?",
        control=Control.NUMBER,
        example='"300", "300 ms" or "0.5 s"',
        why="Below half a second a hosted model's round trip is too slow and a small model nearby is needed.",
        rules=("F4",),
        only_if=_named(Problem.LATENCY),
    ),
    Question(
        slot="teacher_meets_bar",
        short="Best model meets the bar",
        text="Does the strongest model you may use reach the score you need?",
        control=Control.BUTTONS,
        options=_TESTED,
        why="If it does, it can do the task or teach it; if not, there is nothing to pass on.",
        rules=("P1", "X4", "F5"),
    ),
    Question(
        slot="small_api_meets_bar",
        short="Small API model meets the bar",
        text="Does a small, cheap API model reach the score you need?",
        control=Control.BUTTONS,
        options=_TESTED,
        why="Switching to a cheaper model takes minutes and may save most of the bill.",
        rules=("X7",),
        only_if=_named(Problem.COST),
    ),
    Question(
        slot="labelled_examples",
        short="Labelled examples",
        text="How many labelled examples do you have that may be used for training?",
        control=Control.NUMBER,
        example='"1200" or "3k"',
        why="Under 50 examples nothing is learned unless a strong model writes more; under 500 it should.",
        rules=("X5", "X8"),
        only_if=training_is_candidate,
    ),
    Question(
        slot="teacher_terms",
        short="Teacher's terms",
        text="May this provider's outputs be used to train a model like yours?",
        control=Control.BUTTONS,
        options=(
            Option("ok", "Checked: allowed"),
            Option("restricted", "Checked: restricted"),
            Option("unknown", "Not checked"),
        ),
        why="Some terms forbid it. No training run starts before somebody has read them.",
        rules=("X8",),
        only_if=training_is_candidate,
    ),
    Question(
        slot="residency",
        short="Where data may go",
        text="Where may the data be processed?",
        control=Control.BUTTONS,
        options=(
            Option("api_ok", "Any API"),
            Option("private_cloud", "Our cloud"),
            Option("airgapped", "Nowhere outside"),
            NOT_SURE,
        ),
        why="Where no API may be called, every route runs on models of your own.",
        rules=("X6",),
    ),
    Question(
        slot="gpu",
        short="GPUs",
        text="Which GPUs do you have, and how many?",
        control=Control.SELECT_NUMBER,
        options=(
            Option("A100-80", "A100 80 GB"),
            Option("H100-80", "H100 80 GB"),
            Option("H200-141", "H200 141 GB"),
            Option("L40S-48", "L40S 48 GB"),
            Option("rent", "None: we would rent"),
        ),
        example='"2 x H100-80" or "rent"',
        why="Memory decides which kind of training fits, and the GPU's price what serving costs.",
        rules=("M1", "M2", "M3", "X3"),
        only_if=training_is_candidate,
    ),
    Question(
        slot="batch_ok",
        short="Answers can wait",
        text="Could answers arrive up to a day later?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="Providers sell answers that may wait at about half the price.",
        rules=("P3",),
        only_if=_named(Problem.COST),
    ),
    Question(
        slot="purpose",
        short="Purpose",
        text="Is this a trial or for production?",
        control=Control.BUTTONS,
        options=(Option("prototype", "A trial"), Option("production", "Production"), NOT_SURE),
        why="A trial gets by with the smaller training method.",
        rules=("M1", "M2"),
        only_if=training_is_candidate,
    ),
    Question(
        slot="max_quality_unlimited_budget",
        short="Quality at any price",
        text="Is the very last point of quality worth whatever it costs?",
        control=Control.YES_NO,
        options=_YES_NO,
        why="Only then is training all the weights worth several times the memory.",
        rules=("M3",),
        only_if=training_is_candidate,
    ),
    Question(
        slot="domain",
        short="Field",
        text="Is the task in a specialised field?",
        control=Control.BUTTONS,
        options=(
            Option("medical", "Medical"),
            Option("legal", "Legal"),
            Option("financial", "Financial"),
            Option("other_specialised", "Another specialised field"),
            Option("general", "No"),
            NOT_SURE,
        ),
        why="Strict terminology is one of the few things that training teaches better than a prompt.",
        rules=("F2",),
        only_if=_named(Problem.CAPABILITY),
    ),
    Question(
        slot="engineering_day_rate",
        short="People's time",
        text="Should people's time count? USD a day, 0 to leave it out.",
        control=Control.NUMBER,
        example='"800" or "0"',
        why="Compute is rarely the largest cost; people's time gets a line of its own when it is priced.",
        rules=("X3",),
    ),
)
