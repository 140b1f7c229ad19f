"""Remembering and forgetting in Slack: the offers, the form, `/cairn defaults`, `/cairn forget` and their buttons."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.store import inbox
from agents.wiring import Services
from bot.localslack import LocalSlack
from tests.answers import READY_TO_DISTIL, TOKENS
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, eventually
from tests.integration.bot.whole import whole_bot

pytestmark = pytest.mark.integration

CAROL = "UCAROL0001"
GPUS = {"kind": "H100-80", "count": 2}


class Room:
    """The channel, the people in it and what runs behind it."""

    def __init__(self, services: Services, page: Page) -> None:
        self.services = services
        self.page = page

    async def conversation_id(self, ts: str) -> str:
        async def look() -> str | None:
            async with self.services.database.team(TEAM) as connection:
                return await inbox.conversation_of_thread(connection, TEAM, GENERAL, ts)

        return str(await eventually(look))

    async def decided(self) -> tuple[str, str]:
        """Return a thread of Alice's with a verdict that stands, and its conversation."""
        ts = await self.page.say("@cairn our bill is too high")
        await self.shows(ts, "So far")
        conversation = await self.conversation_id(ts)
        await self.services.decisions.record(
            TEAM,
            conversation,
            answers={**READY_TO_DISTIL, "tokens": TOKENS, "requests_per_day": "2M", "gpu": GPUS},
            who=ALICE,
            source="1.2",
        )
        await self.shows(ts, "Verdict:")
        return ts, conversation

    async def shows(self, ts: str, *words: str, user: str = ALICE) -> dict[str, Any]:
        """Return the newest message of a thread that has all these words, waited for."""

        async def look() -> dict[str, Any] | None:
            replies = await self.page.replies(ts, user=user)
            return next((each for each in reversed(replies) if all(word in _content(each) for word in words)), None)

        return dict(await eventually(look, within_s=30))

    async def told(self, *words: str, user: str = ALICE, channel: str = GENERAL) -> dict[str, Any]:
        """Return the newest message in the channel that has all these words, waited for."""

        async def look() -> dict[str, Any] | None:
            found = await self.page.messages(user=user, channel=channel, limit="200")
            return next((each for each in reversed(found) if all(word in _content(each) for word in words)), None)

        return dict(await eventually(look, within_s=30))

    async def command(self, text: str, *, user: str = ALICE) -> None:
        answer = await self.page.post("command", user=user, channel=GENERAL, command="/cairn", text=text)
        assert answer["ok"], answer

    async def gone(self, ts: str, words: str) -> None:
        """Wait until no message of a thread has these words any more."""

        async def look() -> bool:
            return not any(words in _content(each) for each in await self.page.replies(ts))

        await eventually(look, within_s=30)

    async def remembered(self) -> dict[str, Any]:
        return {each.name: each.value for each in await self.services.defaults.list(TEAM)}


def _content(message: dict[str, Any]) -> str:
    return f"{message['text']} {json.dumps(message.get('blocks'), ensure_ascii=False)}"


def _labels(message: dict[str, Any]) -> list[str]:
    elements = [
        element for block in message["blocks"] for element in [*block.get("elements", []), block.get("accessory") or {}]
    ]
    return [element["text"]["text"] for element in elements if element.get("type") == "button"]


@pytest.fixture
async def room(dsn: str, slack: LocalSlack, page: Page, tmp_path: Path) -> AsyncIterator[Room]:
    """What `cairn serve` runs, and a worker for turns."""
    async with whole_bot(dsn, slack, tmp_path, admins=(CAROL,), approvers=()) as opened:
        yield Room(opened, page)


async def _form(room: Room, card: dict[str, Any], user: str = ALICE) -> dict[str, Any]:
    """Press the card's button and return the form that opens."""
    await room.page.press(card, "remember_values", user=user)

    async def look() -> dict[str, Any] | None:
        views = (await room.page.get("state", user=user))["views"]
        return views[-1] if views else None

    return dict(await eventually(look))


def _boxes(form: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the boxes of a form by what they say."""
    inputs = [block for block in form["blocks"] if block["type"] == "input"]
    return {option["text"]["text"]: option for block in inputs for option in block["element"]["options"]}


def _ticked(form: dict[str, Any], *words: str) -> dict[str, Any]:
    """Return the values of a form in which the boxes that begin so are ticked, and no other."""
    values: dict[str, Any] = {}
    for block in form["blocks"]:
        if block["type"] == "input":
            chosen = [each for each in block["element"]["options"] if each["text"]["text"].startswith(words)]
            values[block["block_id"]] = {"picked": {"type": "checkboxes", "selected_options": chosen}}
    return values


async def test_what_is_ticked_below_a_verdict_is_remembered_and_then_offered_no_more(room: Room) -> None:
    ts, _ = await room.decided()
    form = await _form(room, await room.shows(ts, "Verdict:", "Remember…"))
    assert await room.remembered() == {}, "the form is what agrees, not the press that opens it"
    assert {"GPUs: 2 x H100-80", "Requests per day: 66,666.66667 requests a day"} & set(_boxes(form))
    ticked = [each for block in form["blocks"] for each in block.get("element", {}).get("initial_options", [])]
    assert "GPUs: 2 x H100-80" in [each["text"]["text"] for each in ticked]
    assert not [each for each in ticked if each["text"]["text"].startswith("Requests")], "a volume is of the task"

    nothing = await room.page.post("view_submit", user=ALICE, view_id=form["id"], values=_ticked(form, "-"))
    assert nothing["errors"], "a form without a tick agrees to nothing"
    sent = await room.page.post("view_submit", user=ALICE, view_id=form["id"], values=_ticked(form, "GPUs"))
    assert sent["ok"], sent

    await room.shows(ts, "Remembered for this workspace: GPUs: 2 x H100-80")
    assert await room.remembered() == {"gpu": {"kind": "H100-80", "count": 2}}


async def test_a_new_thread_is_offered_the_defaults_and_a_press_uses_them(room: Room) -> None:
    await room.services.defaults.set(TEAM, "gpu", "2 x H100-80", ALICE, "S1")
    ts = await room.page.say("@cairn answers are too slow", user=BOB)
    offer = await room.shows(ts, "This workspace usually has", "2 x H100-80", f"<@{ALICE}>")
    assert _labels(offer) == ["Use these", "Not here"]

    await room.page.press(offer, "use_defaults", user=BOB)

    await room.shows(ts, f"<@{BOB}> used the workspace's defaults here: GPUs: 2 x H100-80")
    state = await room.services.decisions.state(TEAM, await room.conversation_id(ts))
    (gpu,) = [each for each in state.answers if each.slot == "gpu"]
    assert (gpu.who, gpu.origin and gpu.origin[0]) == (BOB, ALICE)
    await room.services.decisions.show_answers(TEAM, state.conversation_id)
    await room.shows(ts, "*Answers*", f"the workspace's default, from <@{ALICE}>")


async def test_an_offer_that_is_turned_down_leaves_a_quiet_line(room: Room) -> None:
    await room.services.defaults.set(TEAM, "gpu", "2 x H100-80", ALICE, "S1")
    ts = await room.page.say("@cairn answers are too slow", user=BOB)
    await room.page.press(await room.shows(ts, "This workspace usually has"), "decline_defaults", user=BOB)

    quiet = await room.shows(ts, "defaults are not used here")
    assert not _labels(quiet)


async def test_defaults_are_listed_set_and_forgotten_by_command_and_button(room: Room) -> None:
    await room.command("defaults")
    await room.told("This workspace has no defaults yet")
    await room.command("defaults set requests_per_day 40k")
    await room.told("Remembered for this workspace: Requests per day: 40,000 requests a day")
    await room.command("defaults set gpu 2 x H100")
    await room.told("GPUs: 2 x H100")
    await room.command("defaults")
    card = await room.told("What this workspace usually has", "40,000 requests a day", f"<@{ALICE}>")
    assert card["is_ephemeral"]
    assert _labels(card) == ["Forget", "Forget", "Forget all"]

    await room.page.press(card, "forget_default:gpu")
    await room.told("Forgotten: gpu.")
    assert set(await room.remembered()) == {"requests_per_day"}
    await room.command("defaults set colour red")
    await room.told("nothing that is remembered")


async def test_a_thread_is_forgotten_after_one_more_question_and_its_messages_go(room: Room) -> None:
    ts, conversation = await room.decided()
    await room.page.say("<@UCAIRN0BOT> forget this thread", thread_ts=ts)
    card = await room.shows(ts, "This conversation", f"begun by <@{ALICE}>")
    (forget,) = [each["accessory"] for each in card["blocks"] if "accessory" in each]
    assert forget["confirm"]["title"]["text"] == "Forget this conversation?"
    assert await room.conversation_id(ts) == conversation, "nothing is forgotten by asking"

    await room.page.press(card, "forget_thread")

    told = await room.shows(ts, "had this conversation forgotten", "Still kept: the audit.")
    assert f"<@{ALICE}>" in _content(told)
    await room.gone(ts, "Verdict:")
    await room.gone(ts, "So far")
    async with room.services.database.team(TEAM) as connection:
        assert await inbox.conversation_of_thread(connection, TEAM, GENERAL, ts) is None
        found = await (
            await connection.execute("SELECT count(*) AS n FROM app.slack_event WHERE strpos(body::text, %s) > 0",
                                     (conversation,))
        ).fetchone()  # fmt: skip
    assert found == {"n": 0}
    ts_of_people = [each["ts"] for each in await room.page.replies(ts) if each["user"] == ALICE]
    assert ts_of_people, "what people wrote is theirs"


async def test_only_who_began_a_thread_or_an_admin_may_ask_for_it_to_be_forgotten(room: Room) -> None:
    ts, _ = await room.decided()
    await room.page.say("<@UCAIRN0BOT> forget this thread", thread_ts=ts, user=BOB)
    await room.shows(ts, f"<@{ALICE}> began this conversation", user=BOB)
    await room.page.say("<@UCAIRN0BOT> forget this thread", thread_ts=ts, user=CAROL)
    card = await room.shows(ts, "This conversation", user=CAROL)
    await room.page.press(card, "forget_thread", user=CAROL)
    await room.shows(ts, "had this conversation forgotten")


async def test_what_is_kept_is_shown_and_somebody_is_forgotten_at_a_press(room: Room) -> None:
    await room.services.defaults.set(TEAM, "gpu", "2 x H100-80", ALICE, "S1")
    ts, _ = await room.decided()
    await room.command("forget")
    card = await room.told("What I keep", "1 conversation that you began", "`gpu`", "begun by")
    assert _labels(card) == ["Forget it", "Forget me", "Forget them"]

    await room.page.press(card, "forget_me")

    await room.told("Forgotten: 1 conversation that you began, 1 default of the workspace")
    await room.shows(ts, "had this conversation forgotten")
    assert await room.remembered() == {}


async def test_bad_words_after_forget_are_answered_with_what_it_takes(room: Room) -> None:
    await room.command("forget everything")
    await room.told("is nothing that can be forgotten", "`thread`, `me` and `defaults [NAME]`")
    await room.command("forget thread")
    await room.told("There is no conversation of yours here")
    await room.command("forget defaults gpu")
    await room.told("gpu is not remembered")
