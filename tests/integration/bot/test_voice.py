"""A reply while it is made: shown early, in its order, once, and with nothing in it that calls or misleads people."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agents.dialogue.speech import Place, Suggestion
from agents.store.db import Database
from agents.store.outbox import Card
from bot.localslack import LocalSlack, streams
from bot.streamed_message import Pace
from bot.voice import SlackVoice
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, add_card, eventually, posting
from tests.integration.bot.test_stream import said
from tests.integration.bot.test_voice_killed import are_settled, as_shown, ask

PIECES = ("The bill is **40%** lower. ", "The student is cheaper. ", "Nothing else changes.")
WHOLE = "".join(PIECES)
GO_ON = (Suggestion("Go on", "go on"),)


class Scene:
    """A question of Alice's, and a voice that answers it."""

    def __init__(self, database: Database, client: AsyncWebClient, page: Page, root: str) -> None:
        self.database, self.client, self.page, self.root = database, client, page, root

    def voice(self, **more: Any) -> SlackVoice:
        async def only(_: str) -> AsyncWebClient:
            return self.client

        given: dict[str, Any] = {"pace": Pace(0.0, 0.0), "claim_s": 2.0} | more
        return SlackVoice(self.database, only, **given)

    def place(self, root: str | None = None) -> Place:
        return Place(team_id=TEAM, channel=GENERAL, thread_ts=root or self.root, user_id=ALICE)

    async def say(self, voice: SlackVoice, pieces: Sequence[str] = PIECES, key: str = "say:Ev1:0") -> None:
        """Say a reply, each piece once Slack has shown the one before."""
        speech = voice.speech(self.place(), key)
        for number, piece in enumerate(pieces, 1):
            await speech.write(piece)
            if number < len(pieces):
                await eventually(partial(self._was_asked, number))
        await speech.finish("".join(pieces), GO_ON)

    async def _was_asked(self, times: int) -> bool:
        calls = [str(call["method"]) for call in (await self.page.get("calls"))["calls"]]
        return sum(method.startswith("chat.") for method in calls) >= times

    async def settled(self) -> list[dict[str, Any]]:
        """Return the thread's replies once everything stands."""
        await eventually(partial(are_settled, self.database))
        return await self.page.replies(self.root)

    async def calls(self) -> list[str]:
        made = (await self.page.get("calls"))["calls"]
        return [call["method"].removeprefix("chat.") for call in made if call["method"].startswith("chat.")]


@pytest.fixture
async def scene(database: Database, client: AsyncWebClient, page: Page) -> Scene:
    return Scene(database, client, page, await ask(database, page))


def kinds(message: dict[str, Any]) -> list[str]:
    return [block["type"] for block in message["blocks"]]


async def test_a_reply_is_read_while_it_is_made_and_ends_with_its_buttons(scene: Scene) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    (early,) = await eventually(lambda: scene.page.replies(scene.root))
    assert (said(early), early["streaming_state"]) == (PIECES[0], "in_progress")
    for piece in PIECES[1:]:
        await speech.write(piece)
    await speech.finish(WHOLE, GO_ON)
    (done,) = await scene.settled()
    assert (done["ts"], said(done), done["streaming_state"]) == (early["ts"], WHOLE, "completed")
    assert kinds(done) == ["markdown", "actions"]


async def test_a_reply_that_was_not_shown_early_is_a_card(scene: Scene) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.finish("*All set.*", GO_ON)
    async with posting(scene.database, scene.client, as_shown):
        (card,) = await scene.settled()
    assert kinds(card) == ["section", "actions"]
    assert await scene.calls() == ["postMessage"]


async def test_a_reply_of_nothing_shows_nothing(scene: Scene) -> None:
    voice = scene.voice()
    await voice.speech(scene.place(), "say:Ev1:0").finish("")
    blank = voice.speech(scene.place(), "say:Ev1:1")
    await blank.write(" \n")
    await blank.finish(" \n", GO_ON)
    assert await scene.settled() == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("error", {"error": "message_not_in_streaming_state"}),
        ("error", {"error": "internal_error"}),
        ("http_error", {}),
        ("http_error_after", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("ratelimited", {"seconds": 1}),
    ],
)
@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_call_that_fails_loses_and_doubles_nothing(
    scene: Scene, method: str, kind: str, more: dict[str, Any]
) -> None:
    await scene.page.fault(method, kind, **more)
    async with posting(scene.database, scene.client, as_shown):
        await scene.say(scene.voice())
        (done,) = await scene.settled()
    assert said(done) == WHOLE
    assert kinds(done) == ["markdown", "actions"]
    assert done.get("streaming_state", "completed") == "completed"


async def test_slack_away_in_the_end_gets_the_whole_reply_when_it_is_back(scene: Scene) -> None:
    voice = scene.voice()
    speech = voice.speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    await eventually(lambda: scene.page.replies(scene.root))
    await scene.page.fault("*", "error", error="not_in_channel", times=4)
    await speech.write(WHOLE.removeprefix(PIECES[0]))
    await speech.finish(WHOLE, GO_ON)
    async with posting(scene.database, scene.client, as_shown):
        await scene.page.post("fault", clear=True)
        (done,) = await scene.settled()
    assert (said(done), kinds(done)) == (WHOLE, ["markdown", "actions"])


async def test_the_same_reply_again_in_other_words_is_the_same_message(scene: Scene) -> None:
    voice = scene.voice()
    async with posting(scene.database, scene.client, as_shown):
        await scene.say(voice)
        (first,) = await scene.settled()
        await scene.say(voice, ["Two fifths ", "less."])
        (again,) = await scene.settled()
    assert (again["ts"], said(again), kinds(again)) == (first["ts"], "Two fifths less.", kinds(first))
    assert (await scene.calls()).count("startStream") == 1


async def test_a_reply_that_went_on_in_a_second_message_is_one_again_when_it_is_repeated(scene: Scene) -> None:
    async with posting(scene.database, scene.client, as_shown):
        await scene.say(scene.voice(rotate_after_s=0.0))
        parts = await scene.settled()
        assert "".join(said(part) for part in parts) == WHOLE
        assert [len(part["blocks"]) for part in parts] == [1, 1, 2]
        await scene.say(scene.voice(), ["Two fifths ", "less."])
        (again,) = await scene.settled()
    assert (again["ts"], said(again)) == (parts[0]["ts"], "Two fifths less.")


async def test_a_code_block_is_closed_where_a_message_ends_and_opened_again_in_the_next(scene: Scene) -> None:
    pieces = ["Run:\n```sh\ncairn migrate\n", "cairn serve\n```\n", "That is all."]
    await scene.say(scene.voice(rotate_after_s=0.0), pieces)
    assert [said(part) for part in await scene.settled()] == [
        "Run:\n```sh\ncairn migrate\n```",
        "```sh\ncairn serve\n```\n",
        "That is all.",
    ]


async def test_a_stream_that_slack_ended_is_finished_by_editing(scene: Scene, slack: LocalSlack) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    await eventually(lambda: scene.page.replies(scene.root))
    state = slack.workspace.state
    (message,) = state.streaming(streams.WRITING)
    state.put_message(message | {"streaming_state": streams.RAN_OUT})
    for piece in PIECES[1:]:
        await speech.write(piece)
    await speech.finish(WHOLE, GO_ON)
    (done,) = await scene.settled()
    assert (said(done), kinds(done)) == (WHOLE, ["markdown", "actions"])


async def test_cards_that_were_there_before_stand_before_the_reply(scene: Scene) -> None:
    await add_card(scene.database, Card("card", GENERAL, scene.root, "say", {"text": "A card", "suggestions": []}))
    speech = scene.voice().speech(scene.place(), "say:Ev1:1")
    await speech.write(PIECES[0])
    await asyncio.sleep(0.5)
    assert await scene.calls() == []
    async with posting(scene.database, scene.client, as_shown):
        card, early = await eventually(partial(_at_least, scene, 2))
        assert (card["text"], said(early)) == ("A card", PIECES[0])
        await speech.finish(PIECES[0])
        await scene.settled()


async def test_a_reply_that_is_over_before_its_turn_comes_waits_in_the_outbox(scene: Scene) -> None:
    await add_card(scene.database, Card("card", GENERAL, scene.root, "say", {"text": "A card", "suggestions": []}))
    await scene.say(scene.voice(), [WHOLE])
    assert await scene.page.replies(scene.root) == []
    async with posting(scene.database, scene.client, as_shown):
        card, reply = await scene.settled()
    assert (card["text"], said(reply), kinds(reply)) == ("A card", WHOLE, ["markdown", "actions"])


async def test_cards_that_come_while_it_is_said_wait_until_it_is(scene: Scene) -> None:
    async with posting(scene.database, scene.client, as_shown):
        speech = scene.voice(claim_s=0.6).speech(scene.place(), "say:Ev1:0")
        await speech.write(PIECES[0])
        await eventually(lambda: scene.page.replies(scene.root))
        await add_card(scene.database, Card("card", GENERAL, scene.root, "say", {"text": "A card", "suggestions": []}))
        # Longer than its claim, which is renewed meanwhile.
        await asyncio.sleep(1.5)
        assert len(await scene.page.replies(scene.root)) == 1
        await speech.finish(PIECES[0])
        reply, card = await eventually(partial(_at_least, scene, 2))
    assert (said(reply), card["text"]) == (PIECES[0], "A card")


async def _at_least(scene: Scene, count: int) -> list[dict[str, Any]]:
    found = await scene.page.replies(scene.root)
    return found if len(found) >= count else []


async def test_two_threads_are_answered_at_once(scene: Scene) -> None:
    voice = scene.voice()
    other = await scene.page.say("And ours?", user=BOB)
    speeches = [voice.speech(scene.place(root), f"say:{root}:0") for root in (scene.root, other)]
    for speech in speeches:
        await speech.write(PIECES[0])
    for root in (scene.root, other):
        (early,) = await eventually(partial(scene.page.replies, root))
        assert early["streaming_state"] == "in_progress"
    await asyncio.gather(*(speech.finish(PIECES[0] + str(number)) for number, speech in enumerate(speeches)))
    await scene.settled()
    assert [said((await scene.page.replies(root))[0]) for root in (scene.root, other)] == [
        PIECES[0] + "0",
        PIECES[0] + "1",
    ]


async def test_a_talker_that_fails_leaves_no_open_stream_and_the_next_try_changes_its_message(scene: Scene) -> None:
    voice = scene.voice()

    async def failing() -> None:
        speech = voice.speech(scene.place(), "say:Ev1:0")
        await speech.write(PIECES[0])
        await eventually(lambda: scene.page.replies(scene.root))
        raise RuntimeError("the talker broke")

    async with posting(scene.database, scene.client, as_shown):
        with pytest.raises(RuntimeError, match="the talker broke"):
            await asyncio.create_task(failing())
        (left,) = await scene.settled()
        assert (said(left), left.get("streaming_state")) == (PIECES[0], None)
        await scene.say(voice)
        (done,) = await scene.settled()
    assert (done["ts"], said(done)) == (left["ts"], WHOLE)


async def test_another_text_than_what_was_written_takes_its_place(scene: Scene) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    await eventually(lambda: scene.page.replies(scene.root))
    await speech.finish("I was wrong.", GO_ON)
    async with posting(scene.database, scene.client, as_shown):
        (done,) = await scene.settled()
    assert (said(done), kinds(done)) == ("I was wrong.", ["markdown", "actions"])


async def test_blanks_around_the_whole_text_make_it_no_other(scene: Scene) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write("\n" + PIECES[0])
    await speech.write(PIECES[1])
    await speech.finish(f"{PIECES[0]}{PIECES[1]}".strip(), GO_ON)
    (done,) = await scene.settled()
    assert said(done).rstrip() == f"{PIECES[0]}{PIECES[1]}".rstrip()
    assert set(await scene.calls()) <= {"startStream", "appendStream", "stopStream"}


async def test_what_the_core_adds_in_slacks_own_markup_looks_the_same(scene: Scene) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    await speech.finish(f"{PIECES[0]}*Pick one* of these &amp; go on.")
    (done,) = await scene.settled()
    assert said(done) == f"{PIECES[0]}**Pick one** of these & go on."


async def test_a_reply_that_somebody_deleted_is_not_said_again(scene: Scene, slack: LocalSlack) -> None:
    speech = scene.voice().speech(scene.place(), "say:Ev1:0")
    await speech.write(PIECES[0])
    (early,) = await eventually(lambda: scene.page.replies(scene.root))
    slack.workspace.state.delete_message(GENERAL, early["ts"])
    async with posting(scene.database, scene.client, as_shown):
        await speech.write(PIECES[1])
        await speech.finish(PIECES[0] + PIECES[1], GO_ON)
        assert await scene.settled() == []


@pytest.mark.parametrize(
    "pieces",
    [
        ("<!channel> and <!here|all> and @everyone, ", "look at <!subteam^S0ADMINS>."),
        ("Ask <", "@UBOB000001> or <", "!channel>, or @", "here."),
        ("[Your bank](https://evil.example/login) or ", "[this", "](https://evil.example/b)."),
        ("<https://evil.example|your bank> or [x][b]\n\n", "[b]: https://evil.example/c\n"),
    ],
)
async def test_what_a_model_was_talked_into_calls_nobody_and_hides_no_address(
    scene: Scene, pieces: tuple[str, ...]
) -> None:
    await scene.say(scene.voice(), pieces)
    (done,) = await scene.settled()
    shown = said(done)
    for forged in ("<!", "<@", "](", "|", "]:", "@here", "@everyone", "@channel"):
        assert forged not in shown


async def test_people_of_the_thread_may_be_mentioned_and_others_not(scene: Scene) -> None:
    text = f"<@{ALICE}>, <@{BOB}> is not here."
    await scene.say(scene.voice(), [text])
    (done,) = await scene.settled()
    assert said(done) == f"<@{ALICE}>, @{BOB} is not here."
