"""The talker with a model: what it shows, what it withholds, what it passes on, and what it writes down."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agents.conversation.metering import Speaking
from agents.conversation.state import with_turn
from agents.conversation.talkers.model import MOST_CALLS, NOTHING_LEFT, ModelTalker
from agents.conversation.talking import Reply, Situation
from agents.conversation.tools import MODEL_TOOLS
from agents.dialogue.chat import CallMade, ChatEvent, Ended, ModelFailure, Request, StopReason, TextPiece, Usage
from agents.dialogue.speech import Suggestion
from tests.unit.conversation.factories import make_situation
from tests.unit.conversation.test_state import make_turn

USED = Usage(input_tokens=900, output_tokens=20)


def says(*pieces: str, stop: StopReason = "end_turn") -> list[ChatEvent]:
    return [*(TextPiece(piece) for piece in pieces), Ended(stop, USED)]


class Chat:
    """A model that answers what was written for it, request by request."""

    name = "claude-test"
    context_tokens = 200_000
    max_tokens = 500

    def __init__(self, *answers: Sequence[ChatEvent | ModelFailure]) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)

    async def stream(self, request: Request) -> AsyncIterator[ChatEvent]:
        self.requests.append(request)
        for event in self._answers.pop(0):
            if isinstance(event, ModelFailure):
                raise event
            yield event

    async def count_tokens(self, request: Request) -> int:
        raise NotImplementedError


@dataclass
class Book:
    """A meter that keeps what it is told, and may refuse."""

    refusal: ModelFailure | None = None
    begun: list[Speaking] = field(default_factory=list)
    ended: list[tuple[str, Usage | None, str | None, ModelFailure | None]] = field(default_factory=list)

    async def begin(self, call: Speaking) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.begun.append(call)
        return f"{call.step}:{call.purpose}"

    async def end(
        self, call_id: str, *, usage: Usage | None, stop_reason: str | None, failure: ModelFailure | None
    ) -> None:
        self.ended.append((call_id, usage, stop_reason, failure))


class Overheard:
    """A speech that keeps its pieces."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    async def write(self, text: str) -> None:
        self.pieces.append(text)

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        raise AssertionError("the talker does not finish what it did not begin")


def situation_of(text: str, **given: Any) -> Situation:
    return replace(make_situation(text, **given), messages=with_turn([], make_turn(text=text)))


async def reply(
    chat: Chat, text: str = "too expensive, 20k requests a day", meter: Book | None = None, **situation: Any
) -> tuple[Reply, list[str]]:
    speech = Overheard()
    talker = ModelTalker("claude", chat, MODEL_TOOLS, meter or Book())
    said = await talker.reply(situation_of(text, **situation), speech)
    return said, speech.pieces


async def test_sentences_are_shown_one_by_one_as_they_become_whole() -> None:
    said, pieces = await reply(Chat(says("Cost ", "it is. Next, ", "the prompt.")))

    assert said == Reply("Cost it is. Next, the prompt.")
    assert [piece.strip() for piece in pieces] == ["Cost it is.", "Next, the prompt."]


async def test_what_a_person_said_may_be_repeated() -> None:
    said, _ = await reply(Chat(says("At 20,000 requests a day caching comes first.")))

    assert said.text == "At 20,000 requests a day caching comes first."


async def test_a_figure_from_nowhere_is_withheld_and_what_is_said_instead_stands_in_its_place() -> None:
    chat = Chat(
        says("Cost it is. ", "Training takes $4,321. ", "Then we look."),
        says("What training costs is not computed yet."),
    )

    said, pieces = await reply(chat)

    assert "4,321" not in "".join(pieces)
    assert said.text == "Cost it is. What training costs is not computed yet. Then we look."
    told = chat.requests[1].messages[-1]["content"][0]["text"]
    assert "Training takes $4,321." in told
    assert chat.requests[1].system == chat.requests[0].system


async def test_a_list_keeps_its_lines_where_an_item_is_mended() -> None:
    chat = Chat(says("- Cost\n- Training: $4,321\n- Caching\n"), says("- Training: not computed"))

    said, _ = await reply(chat)

    assert said.text == "- Cost\n- Training: not computed\n- Caching"


async def test_a_mended_sentence_is_joined_as_its_script_joins() -> None:
    said, _ = await reply(Chat(says("月額は$4,321です。まず確認します。"), says("月額は未計算です。")))

    assert said.text == "月額は未計算です。まず確認します。"


async def test_a_model_that_breaks_off_behind_what_was_withheld_leaves_what_it_said_since() -> None:
    speech = Overheard()
    chat = Chat([TextPiece("It takes $4,321. Then we look. And th"), ModelFailure("cut", "the connection broke")])

    with pytest.raises(ModelFailure, match="cut"):
        await ModelTalker("claude", chat, MODEL_TOOLS, Book()).reply(situation_of("too expensive"), speech)

    assert "".join(speech.pieces).strip() == "Then we look."


async def test_what_is_said_beside_calls_waits_for_nothing() -> None:
    chat = Chat([TextPiece("It takes $4,321. Then we look."), CallMade("recommend", {}), Ended("tool_use", USED)])

    said, _ = await reply(chat)

    assert said.text == "Then we look."
    assert len(chat.requests) == 1


async def test_a_rewrite_that_is_no_better_is_cut() -> None:
    chat = Chat(says("Cost it is. Training takes $4,321."), says("It takes $4,322."))

    said, _ = await reply(chat)

    assert said.text == "Cost it is."
    assert len(chat.requests) == 2


@pytest.mark.parametrize("nothing", ["-", "—", ""])
async def test_a_rewrite_may_leave_the_sentence_out(nothing: str) -> None:
    said, _ = await reply(Chat(says("Cost it is. Training takes $4,321."), says(nothing)))

    assert said.text == "Cost it is."


async def test_a_model_may_stay_out_of_what_people_say_to_each_other() -> None:
    said, pieces = await reply(Chat(says("-")), "lunch at noon?")

    assert said == Reply("")
    assert pieces == []


async def test_where_nothing_can_be_traced_it_is_said_so() -> None:
    said, pieces = await reply(Chat(says("Training takes $4,321."), says("-")))

    assert said.text == NOTHING_LEFT
    assert pieces == [NOTHING_LEFT]


async def test_a_rewrite_that_fails_leaves_what_was_shown() -> None:
    chat = Chat(says("Training takes $4,321. Cost it is."), [ModelFailure("overloaded", "529")])

    said, _ = await reply(chat)

    assert said.text == "Cost it is."


async def test_calls_are_passed_on_as_the_model_made_them() -> None:
    calls = [CallMade("record_facts", {"facts": 3}), CallMade("no_such_tool", {})]

    said, _ = await reply(Chat([*calls, Ended("tool_use", USED)]))

    assert [(call.name, call.arguments) for call in said.calls] == [
        ("record_facts", {"facts": 3}),
        ("no_such_tool", {}),
    ]


async def test_a_model_in_a_loop_makes_a_bounded_number_of_calls() -> None:
    said, _ = await reply(Chat([*[CallMade("recommend")] * (MOST_CALLS + 5), Ended("tool_use", USED)]))

    assert len(said.calls) == MOST_CALLS


async def test_a_sentence_cut_off_by_the_limit_is_left_out() -> None:
    said, _ = await reply(Chat(says("Cost it is. And then the ver", stop="max_tokens")))

    assert said.text == "Cost it is. …"


async def test_each_call_is_written_down_with_what_it_used() -> None:
    meter = Book()

    await reply(Chat(says("Training takes $4,321."), says("-")), meter=meter)

    assert [(call.model, call.step, call.purpose) for call in meter.begun] == [
        ("claude-test", 0, "talk"),
        ("claude-test", 0, "rewrite"),
    ]
    assert all(call.request_tokens > 500 and call.max_tokens == 500 for call in meter.begun)
    assert meter.ended == [("0:talk", USED, "end_turn", None), ("0:rewrite", USED, "end_turn", None)]


async def test_a_used_up_budget_calls_no_model() -> None:
    chat = Chat()

    with pytest.raises(ModelFailure, match="budget"):
        await reply(chat, meter=Book(refusal=ModelFailure("budget", "this thread's is used up")))

    assert chat.requests == []


async def test_a_model_that_breaks_off_leaves_what_it_said_and_is_written_down() -> None:
    meter, speech = Book(), Overheard()
    failure = ModelFailure("cut", "the connection broke", usage=USED)
    chat = Chat([TextPiece("Cost it is. And th"), failure])

    with pytest.raises(ModelFailure, match="cut"):
        await ModelTalker("claude", chat, MODEL_TOOLS, meter).reply(situation_of("too expensive"), speech)

    assert "".join(speech.pieces).strip() == "Cost it is."
    assert meter.ended == [("0:talk", USED, None, failure)]


async def test_the_state_stands_behind_the_newest_message() -> None:
    chat = Chat(says("Cost it is."))

    await reply(chat)

    newest = chat.requests[0].messages[-1]["content"]
    assert newest[0]["text"].endswith("too expensive, 20k requests a day")
    assert newest[-1]["text"].startswith("<state>")
