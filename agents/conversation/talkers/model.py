"""The talker with a model behind it: Claude, or what speaks the Messages API.

The model gets the frozen instructions, the history and what holds right now. Its text is shown sentence by sentence,
each once its figures, quotes and claims are traced to a source; what cannot be traced is withheld, and the model is
asked once for something better, which stands in its place: what follows waits for it. Its calls are passed on as they
are: the tools check them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agents.conversation.context import context_text
from agents.conversation.metering import Meter, Purpose, Speaking
from agents.conversation.prompts import rewrite_request, system_prompt
from agents.conversation.sources import guard_of
from agents.conversation.state import of_turn
from agents.conversation.talking import Reply, Situation, Wanted
from agents.conversation.wire import WireMessage, estimated_tokens, wire_messages
from agents.dialogue.chat import CallMade, Ended, ModelFailure, Request, TextPiece, ToolSpec
from agents.dialogue.guard import Guard, Withheld
from agents.dialogue.sentences import WIDE_ENDS, Sentences
from agents.dialogue.speech import Suggestion
from agents.ports import ChatModel, Speech
from agents.telemetry import Telemetry

MOST_CALLS: Final = 12
"""Calls of one answer that are made; a model that wants more is in a loop."""

NOTHING_LEFT: Final = (
    "I have nothing to say to that which I could trace to a source. “costs” and “verdict” show what is computed."
)
_NOTHING: Final = frozenset({"", "-", "–", "—"})  # noqa: RUF001  # a model's dash is any of these


@dataclass(slots=True)
class _Heard:
    """What came of one call of the model so far: text that passed, sentences that did not, and calls.

    `behind` is what passed behind the first sentence that did not; it waits for what takes that one's place, and `gap`
    are the blanks between the two.
    """

    shown: str = ""
    written: str = ""
    withheld: list[tuple[str, Withheld]] = field(default_factory=list)
    behind: str = ""
    gap: str = ""
    calls: list[Wanted] = field(default_factory=list)


class ModelTalker:
    """Speaks by a model.

    Args:
        name: What the talker is called in settings and beside its replies.
        chat: The model.
        tools: What it may call.
        meter: Asked before each call, told after it.
        telemetry: Told of sentences that are withheld.
        guard_of: Returns what checks the sentences of a reply.
    """

    def __init__(
        self,
        name: str,
        chat: ChatModel,
        tools: tuple[ToolSpec, ...],
        meter: Meter,
        telemetry: Telemetry | None = None,
        *,
        guard_of: Callable[[Situation], Guard] = guard_of,
    ) -> None:
        self.name = name
        self._chat = chat
        self._tools = tools
        self._meter = meter
        self._telemetry = telemetry or Telemetry()
        self._guard_of = guard_of

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what the model says and wants done.

        Raises:
            ModelFailure: It does not answer, or a budget is used up; what was written to `speech` by then stands.
        """
        listener = _Listener(self._guard_of(situation), speech, self._telemetry)
        request = self._request(situation)
        heard = await self._hear(situation, request, "talk", listener)
        if heard.withheld and not heard.calls:
            await self._mend(situation, request, heard, listener)
        else:
            await listener.go_on(heard)
        return Reply(listener.shown.strip(), calls=tuple(heard.calls))

    async def calls(self, situation: Situation) -> Sequence[Wanted]:
        """Return what the model wants done; nothing that it writes is shown, nor asked for again.

        Raises:
            ModelFailure: It does not answer, or a budget is used up.
        """
        unheard = _Listener(self._guard_of(situation), _Unheard(), Telemetry())
        return (await self._hear(situation, self._request(situation), "talk", unheard)).calls

    def _request(self, situation: Situation) -> Request:
        system = system_prompt()
        bare = Request(system=system, tools=self._tools, messages=(), max_tokens=self._chat.max_tokens)
        room = self._chat.context_tokens - self._chat.max_tokens - _estimated(bare)
        return replace(bare, messages=wire_messages(situation.messages, context_text(situation), at_most_tokens=room))

    async def _mend(self, situation: Situation, request: Request, heard: _Heard, listener: "_Listener") -> None:
        """Ask once for something in the place of what was withheld; the reply stands without it where that fails."""
        before = listener.shown
        try:
            await listener.go_on(await self._hear(situation, _rewriting(request, heard), "rewrite", listener))
        except ModelFailure:
            if not (listener.shown + heard.behind).strip():
                raise
        if listener.shown != before and heard.behind:
            await listener.close(heard.gap)
        await listener.go_on(heard)
        if not listener.shown.strip():
            await listener.show(NOTHING_LEFT)

    async def _hear(self, situation: Situation, request: Request, purpose: Purpose, listener: "_Listener") -> _Heard:
        """Let the model answer once, within the budgets, and have what it writes checked and shown."""
        turn = situation.turn
        step = sum(each["role"] == "assistant" for each in of_turn(situation.messages, turn["id"]))
        call_id = await self._meter.begin(
            Speaking(
                team_id=turn["team_id"],
                conversation_id=turn["conversation_id"],
                user_id=turn["who"],
                turn_id=turn["id"],
                step=step,
                model=self._chat.name,
                request_tokens=_estimated(request),
                max_tokens=request.max_tokens,
                purpose=purpose,
            )
        )
        ended: Ended | None = None
        heard = _Heard()
        try:
            async for event in self._chat.stream(request):
                if isinstance(event, Ended):
                    ended = event
                else:
                    await listener.hear(event, heard)
            await listener.end(heard, is_whole=ended is None or ended.stop_reason != "max_tokens")
        except ModelFailure as failure:
            await self._meter.end(call_id, usage=failure.usage, stop_reason=None, failure=failure)
            await listener.go_on(heard)
            raise
        except BaseException:
            # Whatever else ended it, the call was made; its reservation stands.
            await self._meter.end(call_id, usage=ended.usage if ended else None, stop_reason=None, failure=None)
            raise
        await self._meter.end(
            call_id,
            usage=ended.usage if ended else None,
            stop_reason=ended.stop_reason if ended else None,
            failure=None,
        )
        return heard


class _Unheard:
    """A speech that nobody hears."""

    async def write(self, text: str) -> None:
        """Say nothing."""

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Say nothing."""


class _Listener:
    """Hears a model's answers and shows what passes the guard, whole sentences at a time."""

    def __init__(self, guard: Guard, speech: Speech, telemetry: Telemetry) -> None:
        self._guard = guard
        self._speech = speech
        self._telemetry = telemetry
        self._sentences = Sentences()
        self.shown = ""

    async def hear(self, event: TextPiece | CallMade, heard: _Heard) -> None:
        """Take the next piece of an answer."""
        if isinstance(event, CallMade):
            if len(heard.calls) < MOST_CALLS:
                heard.calls.append(Wanted(event.name, event.arguments))
            return
        heard.written += event.text
        for sentence in self._sentences.feed(event.text):
            await self._check(sentence, heard)

    async def end(self, heard: _Heard, *, is_whole: bool) -> None:
        """Take the end of an answer; a sentence that was cut off by the limit on tokens is left out."""
        rest = self._sentences.rest()
        self._sentences = Sentences()
        if heard.written.strip() in _NOTHING:
            return
        if is_whole and rest:
            await self._check(rest, heard)
        elif not is_whole and (heard.shown or heard.behind):
            await self._say("…", heard)

    async def go_on(self, heard: _Heard) -> None:
        """Show what waited behind a sentence that was withheld."""
        if heard.behind:
            await self._show(heard.behind, _Heard())

    async def close(self, gap: str) -> None:
        """Leave the blanks that stood behind a sentence, such as the end of a line, where they are not there yet."""
        if gap and not self.shown[-1].isspace():
            await self._show(gap, _Heard())

    async def show(self, text: str) -> None:
        """Show a text of code's own."""
        await self._show(text, _Heard())

    async def _check(self, sentence: str, heard: _Heard) -> None:
        withheld = self._guard.check(sentence)
        if withheld is None:
            await self._say(sentence, heard)
            return
        self._telemetry.withheld(withheld.kind)
        heard.withheld.append((sentence.strip(), withheld))
        if not heard.behind:
            heard.gap = sentence[len(sentence.rstrip()) :]

    async def _say(self, text: str, heard: _Heard) -> None:
        """Show a text, or keep it until what stood before it is mended."""
        if heard.withheld:
            heard.behind += text
        else:
            await self._show(text, heard)

    async def _show(self, text: str, heard: _Heard) -> None:
        # The answer that replaces a sentence begins where the one before it ended; "。" wants no blank behind it.
        last = self.shown[-1:] or " "
        is_joined = last.isspace() or last in WIDE_ENDS or text[:1].isspace() or heard.shown
        piece = text if is_joined else f" {text}"
        heard.shown += piece
        self.shown += piece
        await self._speech.write(piece)


def _rewriting(request: Request, heard: _Heard) -> Request:
    """Return the request again, with the answer that was not good enough, and why."""
    withheld = "\n".join(f"- {sentence} [{why.reason}]" for sentence, why in heard.withheld)
    said: Sequence[WireMessage] = (
        {"role": "assistant", "content": [{"type": "text", "text": heard.written.strip()}]},
        {"role": "user", "content": [{"type": "text", "text": rewrite_request(withheld)}]},
    )
    return replace(request, messages=[*request.messages, *said])


def _estimated(request: Request) -> int:
    """Return how many tokens a request has at most, most likely."""
    tools = sum(estimated_tokens([tool.description, dict(tool.schema)]) for tool in request.tools)
    return estimated_tokens(request.system) + tools + estimated_tokens(list(request.messages))
