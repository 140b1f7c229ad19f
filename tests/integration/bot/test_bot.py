"""The whole bot against the local Slack: real services, real turns, a worker, a poster."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.wiring import Services
from bot.localslack import LocalSlack
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, eventually
from tests.integration.bot.whole import whole_bot

GWEN = "UGWEN00001"

HANDBOOK = {
    "leave.md": "# Time off\n\nParental leave is twenty weeks, fully paid. Ask your lead two months ahead.\n",
    "travel.md": "# Travel\n\nTrains are booked through the travel desk. Flights need approval by finance.\n",
    "broken.pdf": "this is no PDF",
}


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    """Everything that `cairn serve` and `cairn worker` run, on this test's database and Slack."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in HANDBOOK.items():
        (docs / name).write_text(text)
    async with whole_bot(dsn, slack, tmp_path, queues=("turn", "cpu"), allowed_roots=(str(docs),), lease_s=5) as opened:
        await opened.indexes.register_source(TEAM, "docs", docs, "shell:test")
        yield opened


class Thread:
    """What a person sees of a thread."""

    def __init__(self, page: Page, thread_ts: str, user: str = ALICE) -> None:
        self._page = page
        self.ts = thread_ts
        self._user = user

    async def shows(self, words: str) -> dict[str, Any]:
        """Return the newest message in the thread with these words, waited for."""

        async def look() -> dict[str, Any] | None:
            replies = await self._page.replies(self.ts, user=self._user)
            return next((each for each in reversed(replies) if words in content(each)), None)

        try:
            found: dict[str, Any] = await eventually(look, within_s=30)
        except AssertionError:
            replies = [content(each) for each in await self._page.replies(self.ts, user=self._user)]
            pytest.fail(f"{words!r} is not in the thread: {json.dumps(replies, indent=1, ensure_ascii=False)}")
        return found

    async def press_first(self, words: str, *, user: str) -> None:
        """Press the first button of the newest message with these words."""
        await self._page.press(await self.shows(words), "answer:", user=user)

    async def press(self, words: str, label: str, *, user: str | None = None, **more: Any) -> None:
        """Press the button with this label on the newest message with these words."""
        message = await self.shows(words)
        action = next(
            element["action_id"]
            for block in message["blocks"]
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if element.get("type") == "button" and element["text"]["text"] == label
        )
        await self._page.press(message, action, user=user or self._user, **more)


def content(message: dict[str, Any]) -> str:
    """Return all that a message says, in blocks or in text."""
    return f"{message['text']} {message.get('blocks')} {message.get('files')}"


async def test_a_mention_leads_question_by_question_to_a_verdict(services: Services, page: Page) -> None:
    thread = Thread(page, await page.say("@cairn which way?"))
    ticked = [{"text": {"type": "plain_text", "text": "It lacks our knowledge", "emoji": True}, "value": "knowledge"}]
    boxes = {"type": "checkboxes", "selected_options": ticked}
    await thread.press("What goes wrong today?", "Why do you ask?")
    await thread.shows("Rules:")
    await thread.press("What goes wrong today?", "Submit", state={"boxes": {"entered": boxes}})
    await thread.shows("✓ What goes wrong today?")
    await thread.shows("So far:")
    # Whoever comes later may answer too, and the card says who did.
    await thread.press_first("Why do you ask?", user=BOB)
    await thread.shows(f"* · <@{BOB}>")


async def test_the_answers_can_be_shown_and_one_changed(services: Services, page: Page) -> None:
    thread = Thread(page, await page.say("@cairn it costs too much, 20k requests a day"))
    await thread.press("So far", "Change an answer")
    shown = await thread.shows("Change or add an answer")
    select = next(element for block in shown["blocks"] if block["type"] == "actions" for element in block["elements"])
    wanted = next(option for option in select["options"] if option["value"].endswith(":demand"))
    block_id = next(block["block_id"] for block in shown["blocks"] if block["type"] == "actions")
    answer = await page.post(
        "action",
        user=ALICE,
        channel=GENERAL,
        message_ts=shown["ts"],
        action={
            "type": "static_select",
            "action_id": select["action_id"],
            "block_id": block_id,
            "selected_option": wanted,
        },
    )
    assert answer["ok"], answer
    await thread.press("Is the traffic real today", "It is here today")
    await thread.shows("✓ Is the traffic real today")


async def test_costs_are_shown_with_a_table_a_chart_and_a_csv(services: Services, page: Page) -> None:
    thread = Thread(page, await page.say("@cairn it costs too much, 20k requests a day"))
    await thread.press("So far", "Compare costs")
    await thread.shows("still needed")
    typed = {"static_prefix": "800", "variable_input": "200", "tokens_out": "300"}
    state = {f"field:{name}": {"entered": {"type": "number_input", "value": each}} for name, each in typed.items()}
    await thread.press("How large is one request", "Submit", state=state)
    card = await thread.shows("Prices as of")
    assert {"table", "image"} <= {block["type"] for block in card["blocks"]}
    await thread.press("Prices as of", "Download CSV")
    await thread.shows("costs.csv")


async def test_documents_are_proposed_approved_indexed_and_asked(services: Services, page: Page) -> None:
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="index")
    view = await eventually(lambda: _modal(page))
    refused = await page.post("view_submit", user=ALICE, view_id=view["id"], values=form("Not A Name"))
    assert refused["errors"].keys() == {"name"}
    accepted = await page.post("view_submit", user=ALICE, view_id=view["id"], values=form("handbook"))
    assert accepted["ok"], accepted

    root = await eventually(lambda: _root(page, "Index"))
    thread = Thread(page, root["ts"])
    await thread.press("Waiting for approval", "Approve")
    refusal = await thread.shows(f"<@{ALICE}> may not approve")
    assert "that takes the role approver" in content(refusal)
    assert f"Ask one of the approvers: <@{BOB}>" in content(refusal)
    await thread.press("Waiting for approval", "Approve", user=BOB)
    done = await thread.shows("done in")
    assert "broken.pdf" in content(done)
    told = await thread.shows(f"<@{ALICE}>: *Index handbook* · done")
    assert "1 file could not be read" in content(told)

    await page.say("ask how long is parental leave?", thread_ts=thread.ts)
    answered = await thread.shows("twenty weeks")
    assert "leave.md" in content(answered)
    await page.say("thanks everyone, lunch?", thread_ts=thread.ts)
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="ask handbook who books trains?")
    await eventually(lambda: _root(page, "travel desk"))
    assert not any("lunch" in content(each) for each in await page.replies(thread.ts) if each["user"] != ALICE)


async def _proposed(page: Page, name: str = "handbook") -> Thread:
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text=f"index {name} docs")
    return Thread(page, (await eventually(lambda: _root(page, f"Index `docs` as *{name}*")))["ts"])


async def test_the_details_of_a_run_post_its_log_into_its_thread(services: Services, page: Page) -> None:
    thread = await _proposed(page)
    await thread.press("Waiting for approval", "Approve", user=BOB)
    await thread.shows("done in")
    await thread.press("done in", "Details")
    view = await eventually(lambda: _modal(page))
    assert "broken.pdf" in str(view["blocks"])
    element, block_id = next(
        (element, block["block_id"])
        for block in view["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "run_log_file"
    )
    action = {"type": "button", "action_id": "run_log_file", "value": element["value"], "block_id": block_id}
    pressed = await page.post("action", user=ALICE, view_id=view["id"], action=action)
    assert pressed["ok"], pressed
    posted = await thread.shows("Log of Index handbook")
    log = await page.text(posted["files"][0]["id"])
    assert log.startswith("== list, attempt 1 ==\n")
    assert "warning: broken.pdf: " in log


async def test_the_audit_is_for_approvers_and_its_export_for_them_alone(services: Services, page: Page) -> None:
    await (await _proposed(page)).shows("Waiting for approval")
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="audit")
    await eventually(lambda: _root(page, "may not read the audit"))
    await page.post("command", user=BOB, channel=GENERAL, command="/cairn", text="audit")
    shown = await eventually(lambda: _root(page, "Audit, newest first", BOB))
    assert shown["is_ephemeral"]
    await page.press(shown, "export_audit", user=BOB)
    direct = (await page.post("dm_open", user=BOB))["channel"]["id"]

    async def exported() -> dict[str, Any] | None:
        messages = await page.messages(user=BOB, channel=direct)
        return next((each for each in messages if "audit.csv" in content(each)), None)

    file = (await eventually(exported))["files"][0]["id"]
    header, registered, proposed = (await page.text(file)).splitlines()
    assert header == "at,who,action,subject,event,params_hash,details"
    assert ",shell:test,register_source,source:docs," in registered
    assert f",{ALICE},propose,proposal:" in proposed


async def test_deny_asks_for_a_reason_and_the_card_shows_it(services: Services, page: Page) -> None:
    thread = await _proposed(page)
    await thread.press("Waiting for approval", "Deny", user=BOB)
    view = await eventually(lambda: _modal(page, BOB))
    state = {"reason": {"entered": {"type": "plain_text_input", "value": "not this month"}}}
    accepted = await page.post("view_submit", user=BOB, view_id=view["id"], values=state)
    assert accepted["ok"], accepted
    denied = await thread.shows(f"Denied by <@{BOB}>: not this month")
    assert all(block["type"] != "actions" for block in denied["blocks"])


async def test_an_edit_makes_a_new_proposal_that_takes_the_place_of_the_old(services: Services, page: Page) -> None:
    thread = await _proposed(page)
    await thread.press("Index handbook? Waiting", "Edit")
    view = await eventually(lambda: _modal(page))
    assert view["blocks"][0]["element"]["initial_value"] == "handbook"
    accepted = await page.post("view_submit", user=ALICE, view_id=view["id"], values=form("manual"))
    assert accepted["ok"], accepted
    await thread.shows("Index manual? Waiting for approval")
    replaced = await thread.shows("took its place")
    assert "Index handbook" in content(replaced)
    (waiting,) = await services.runs.pending(TEAM)
    assert (waiting.params["name"], waiting.requested_by) == ("manual", ALICE)


async def test_a_guest_looks_but_neither_proposes_nor_approves(services: Services, page: Page) -> None:
    await page.post("command", user=GWEN, channel=GENERAL, command="/cairn", text="index")
    told = await eventually(lambda: _root(page, "may not propose index runs", GWEN))
    assert "a viewer (a guest of this workspace)" in content(told)
    await page.post("command", user=GWEN, channel=GENERAL, command="/cairn", text="index handbook docs")
    await eventually(lambda: _root(page, "may not propose index runs", GWEN))
    assert await services.runs.pending(TEAM) == ()
    assert await _root(page, "Index `docs`") is None, "nor is a thread started for it"
    await page.post("command", user=GWEN, channel=GENERAL, command="/cairn", text="runs")
    await eventually(lambda: _root(page, "There are no runs yet", GWEN))


@pytest.mark.parametrize(
    ("who", "role"), [(ALICE, "a requester (a full member"), (BOB, "an approver (named"), (GWEN, "a viewer (a guest")]
)
async def test_everybody_can_ask_for_their_own_role(services: Services, page: Page, who: str, role: str) -> None:
    await page.post("command", user=who, channel=GENERAL, command="/cairn", text="whoami")
    told = await eventually(lambda: _root(page, f"You are *{role}", who))
    assert told["is_ephemeral"]


async def test_a_turn_repeated_after_a_crash_proposes_once(services: Services) -> None:
    made = [
        await services.indexes.propose(TEAM, "handbook", "docs", requested_by=ALICE, event_key="13.7") for _ in range(2)
    ]
    assert made[0].id == made[1].id


@pytest.mark.parametrize(("text", "expected"), [("help", "/cairn ask"), ("", "/cairn ask"), ("indx", "/cairn index`?")])
async def test_help_comes_to_the_person_alone(services: Services, page: Page, text: str, expected: str) -> None:
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text=text)
    await eventually(lambda: _root(page, expected))
    assert await page.messages(user=BOB) == []


async def test_a_command_starts_a_thread_with_the_first_question(services: Services, page: Page) -> None:
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="decide")
    root = await eventually(lambda: _root(page, "Which way to adapt"))
    await Thread(page, root["ts"]).shows("What goes wrong today?")


async def test_the_home_tab_shows_what_there_is(services: Services, page: Page) -> None:
    await page.post("home_opened", user=ALICE, tab="home")

    async def view() -> dict[str, Any] | None:
        found: dict[str, Any] | None = (await page.get("home", user=ALICE))["view"]
        return found

    shown = str(await eventually(view))
    for words in ("Start a decision", "Newest runs", "Indexes", "/cairn decide"):
        assert words in shown


async def test_an_unknown_index_is_told_with_those_that_exist(services: Services, page: Page) -> None:
    await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="ask nowhere what?")
    shown = await eventually(lambda: _root(page, "There is no index to ask yet"))
    assert shown["is_ephemeral"]


async def _modal(page: Page, user: str = ALICE) -> dict[str, Any] | None:
    views = (await page.get("state", user=user))["views"]
    return views[-1] if views else None


async def _root(page: Page, words: str, user: str = ALICE) -> dict[str, Any] | None:
    return next((each for each in await page.messages(user=user) if re.search(re.escape(words), content(each))), None)


def form(name: str) -> dict[str, Any]:
    option = {"text": {"type": "plain_text", "text": "docs", "emoji": True}, "value": "docs"}
    return {
        "name": {"entered": {"type": "plain_text_input", "value": name}},
        "source": {"entered": {"type": "static_select", "selected_option": option}},
    }
