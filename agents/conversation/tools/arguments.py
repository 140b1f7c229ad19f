"""What each tool takes, checked strictly; what a model is shown of it is made from the same classes.

A docstring is what the model reads of the tool, so it says when to call it, what comes back and what it does not do.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Arguments(BaseModel):
    """Strict: no other names, and no type that has to be converted."""

    model_config = ConfigDict(strict=True, extra="forbid")


class RecordAnswers(Arguments):
    """Answers that code took from a press or a text, by slot; no model gives them in this form.

    `question_id` ties them to the question they answer; `show` puts all answers into the thread, to be checked.
    """

    answers: dict[str, JsonValue] = Field(min_length=1)
    question_id: str | None = None
    show: bool = False


class Recommend(Arguments):
    """The verdict by the rules, on the answers as they are."""


class CompareCosts(Arguments):
    """The cost comparison on the answers as they are."""


class AskUser(Arguments):
    """Open the question about a slot; without one, the question that the rules want next."""

    slot: str | None = None


class AskColleague(Arguments):
    """Put the open question to a colleague, by Slack user id; the answer is kept under the name of who gives it."""

    who: str = Field(pattern=r"[UW][A-Z0-9]{2,}")
    question_id: str | None = None


class ShowAnswers(Arguments):
    """Show all answers, to be checked and changed."""


class ExplainQuestion(Arguments):
    """Why the question about a slot, or the open one, is asked, with the rules that read its answer."""

    slot: str | None = None


class Export(Arguments):
    """Post a file: the decision record, or the cost comparison as CSV."""

    what: Literal["record", "costs_csv"] = "record"


class AskIndex(Arguments):
    """Ask an index; without `index` the question may begin with its name, or there is only one."""

    question: str = Field(min_length=1)
    index: str | None = None


class ProposeIndex(Arguments):
    """Propose to fill the index `name` from a registered source; somebody has to approve it."""

    name: str
    source: str


class RunStatus(Arguments):
    """How a run stands; without an id the newest ones."""

    run_id: str | None = None


class CancelRequest(Arguments):
    """Point to where a run is cancelled; only a person's press cancels it."""

    run_id: str
