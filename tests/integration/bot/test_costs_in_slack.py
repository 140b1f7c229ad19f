"""Costs as a person meets them in Slack: the form, the card and what opens from it, against the local Slack."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.localslack import LocalSlack
from tests.integration.bot.conftest import ALICE, GENERAL, Page, eventually
from tests.integration.bot.whole import whole_bot

pytestmark = pytest.mark.integration

FORM = {"requests_per_day": "20k a day", "tokens_in": "1500", "static_prefix": "800", "tokens_out": "300"}


@dataclass(slots=True)
class Seat:
    """Alice before the page, in one channel."""

    page: Page

    async def command(self, text: str) -> None:
        answer = await self.page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text=text)
        assert answer["ok"], answer

    async def views(self) -> list[dict[str, Any]]:
        return list((await self.page.get("state", user=ALICE))["views"])

    async def view(self, words: str, height: int = 1) -> dict[str, Any]:
        """Return the topmost modal once it says this and lies so high."""

        async def look() -> dict[str, Any] | None:
            views = await self.views()
            return views[-1] if len(views) == height and words in str(views[-1]) else None

        return dict(await eventually(look))

    async def submit(self, view: dict[str, Any], **typed: str) -> dict[str, Any]:
        values = {name: {"entered": {"type": "plain_text_input", "value": text}} for name, text in typed.items()}
        return await self.page.post("view_submit", user=ALICE, view_id=view["id"], values=values)

    async def messages(self) -> list[dict[str, Any]]:
        roots = await self.page.messages()
        threads = [await self.page.replies(root["ts"]) for root in roots if not root.get("is_ephemeral")]
        return [*roots, *[reply for replies in threads for reply in replies]]

    async def shows(self, words: str, is_so: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the newest message with these words, waited for."""

        async def look() -> dict[str, Any] | None:
            found = [each for each in await self.messages() if words in content(each) and is_so(each)]
            return found[-1] if found else None

        return dict(await eventually(look, within_s=30))

    async def press(self, message: dict[str, Any], action_id: str) -> None:
        await self._act(message, action_id, lambda element: {"value": element["value"]})

    async def choose(self, shown: dict[str, Any], action_id: str, value: str) -> None:
        """Choose an option of a list in a message or modal by the end of its value."""

        def chosen(element: dict[str, Any]) -> dict[str, Any]:
            groups = element.get("option_groups") or [{"options": element.get("options") or []}]
            options = [each for group in groups for each in group["options"]]
            return {"selected_option": next(each for each in options if each["value"].endswith(value))}

        await self._act(shown, action_id, chosen)

    async def _act(
        self, shown: dict[str, Any], action_id: str, chosen: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """Use an element of a message or modal; of a message that is edited meanwhile, that of the newest version."""

        async def used() -> bool:
            newest = shown
            if "ts" in shown:
                newest = next(each for each in await self.messages() if each["ts"] == shown["ts"])
            element, block_id = next(
                (element, block["block_id"])
                for block in newest["blocks"]
                for element in block.get("elements", [])
                if element.get("action_id") == action_id
            )
            place = (
                {"channel": shown["channel"], "message_ts": shown["ts"]} if "ts" in shown else {"view_id": shown["id"]}
            )
            action = {"type": element["type"], "action_id": action_id, "block_id": block_id, **chosen(element)}
            answer = await self.page.post("action", user=ALICE, action=action, **place)
            assert answer["ok"] or answer["error"] == "action_not_found", answer
            return bool(answer["ok"])

        await eventually(used)

    async def press_in(self, view: dict[str, Any], label: str) -> None:
        """Press the first button of a modal with this label."""
        element, block_id = next(
            (element, block["block_id"])
            for block in view["blocks"]
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if element.get("type") == "button" and element["text"]["text"] == label
        )
        action = {key: element[key] for key in ("type", "action_id", "value") if key in element}
        answer = await self.page.post("action", user=ALICE, view_id=view["id"], action={**action, "block_id": block_id})
        assert answer["ok"], answer


def content(message: dict[str, Any]) -> str:
    return f"{message['text']} {message.get('blocks')} {message.get('files')}"


@pytest.fixture
async def seat(dsn: str, slack: LocalSlack, page: Page, tmp_path: Path) -> AsyncIterator[Seat]:
    """A seat before everything that `cairn serve` and a worker for turns run."""
    async with whole_bot(dsn, slack, tmp_path, approvers=()):
        yield Seat(page)


async def _priced(seat: Seat) -> dict[str, Any]:
    await seat.command("cost")
    assert (await seat.submit(await seat.view("What would it cost?"), **FORM))["ok"]
    return await seat.shows("Prices as of")


async def test_a_form_with_a_figure_that_cannot_be_read_stays_open_and_says_so_there(seat: Seat) -> None:
    await seat.command("cost")
    view = await seat.view("What would it cost?")
    refused = await seat.submit(view, **{**FORM, "requests_per_day": "banana", "static_prefix": "9000"})
    assert set(refused["errors"]) == {"requests_per_day", "static_prefix"}
    assert len(await seat.views()) == 1
    assert (await seat.submit(view, **FORM))["ok"]
    card = await seat.shows("Prices as of")
    assert {"table", "image", "actions"} <= {block["type"] for block in card["blocks"]}


async def test_the_form_opens_again_with_what_was_entered_and_asks_where_to(seat: Seat) -> None:
    await _priced(seat)
    await seat.command("cost")
    view = await seat.view("A new thread")
    begun = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert begun["requests_per_day"]["initial_value"] == "20,000"
    assert begun["place"]["initial_option"]["text"]["text"].startswith("Your newest decision here")
    assert (await seat.submit(view, **{**FORM, "requests_per_day": "60k"}))["ok"]
    await seat.shows("Requests per day: 60,000")
    cards = [each for each in await seat.messages() if "Prices as of" in content(each)]
    assert len(cards) == 1


async def test_a_figure_is_explained_and_drilled_into_further_than_slack_stacks(seat: Seat) -> None:
    card = await _priced(seat)
    await seat.press(card, "why_figure")
    await seat.choose(await seat.view("Which figure?"), "pick_figure", "distil:llama-3.1-8b/usd_per_million_tokens")
    view = await seat.view("Distilled", height=2)
    titles = [view["blocks"][0]["text"]["text"].splitlines()[0]]
    for height in (3, 3):
        await seat.press_in(view, "Derive")
        await _other_than(seat, titles[-1])
        view = await seat.view("Distilled", height=height)
        titles.append(view["blocks"][0]["text"]["text"].splitlines()[0])
    assert len(set(titles)) == 3
    await seat.press_in(view, "Previous figure")
    await _other_than(seat, titles[-1])
    assert titles[1] in str((await seat.views())[-1])


async def _other_than(seat: Seat, title: str) -> None:
    async def look() -> bool:
        return title not in str((await seat.views())[-1]["blocks"][0])

    await eventually(look)


async def test_one_input_changed_from_a_derivation_closes_the_stack_and_updates_the_card(seat: Seat) -> None:
    card = await _priced(seat)
    await seat.press(card, "why_figure")
    await seat.choose(await seat.view("Which figure?"), "pick_figure", "prompt:claude-haiku-5-5/usd_per_month")
    view = await seat.view("Prompting", height=2)
    while not any((block.get("accessory") or {}).get("text", {}).get("text") == "Change" for block in view["blocks"]):
        title = view["blocks"][0]["text"]["text"].splitlines()[0]
        await seat.press_in(view, "Derive")
        await _other_than(seat, title)
        view = (await seat.views())[-1]
    await seat.press_in(view, "Change")
    form = await seat.view("New value", height=3)
    refused = await seat.submit(form, value="banana")
    assert set(refused["errors"]) == {"value"}
    accepted = await seat.submit(form, value="40k")
    assert accepted["ok"], accepted
    assert await seat.views() == []
    changed = await seat.shows(
        "Prices as of", lambda each: each["ts"] == card["ts"] and each["blocks"] != card["blocks"]
    )
    assert changed["ts"] == card["ts"]


async def test_the_card_changes_one_input_and_its_chart_in_place(seat: Seat) -> None:
    card = await _priced(seat)
    await seat.choose(card, "change_cost_input", ":horizon_months")
    assert (await seat.submit(await seat.view("is *12 months*"), value="2 years"))["ok"]
    await seat.choose(card, "cost_chart", ":payback")
    shown = await seat.shows(
        "Payback over time", lambda each: any(block["type"] == "image" for block in each["blocks"])
    )
    assert shown["ts"] == card["ts"]


async def test_scenarios_are_saved_compared_renamed_and_deleted(seat: Seat) -> None:
    card = await _priced(seat)
    await seat.press(card, "save_scenario")
    assert (await seat.submit(await seat.view("Save as scenario"), name="Today"))["ok"]
    await seat.shows("Saved as “Today”")
    await seat.choose(card, "change_cost_input", ":requests_per_day")
    assert (await seat.submit(await seat.view("Requests per day"), value="60k"))["ok"]
    card = await seat.shows("Compare with…")
    options = next(
        each
        for block in card["blocks"]
        for each in block.get("elements", [])
        if each.get("action_id") == "compare_with"
    )
    await seat.choose(card, "compare_with", options["options"][0]["value"])
    beside = await seat.shows("As it is now* beside *Today")
    assert "60,000 a day → *20,000 a day*" in content(beside)

    await seat.press(card, "cost_scenarios")
    listed = await seat.shows("inputs under a name")
    await seat.press(listed, "rename_scenario")
    assert (await seat.submit(await seat.view("Rename scenario"), name="Yesterday"))["ok"]
    listed = await seat.shows("*Yesterday*")
    await seat.press(listed, "delete_scenario")
    await seat.shows("None is saved here")


async def test_the_guides_tables_and_a_link_come_on_demand(seat: Seat) -> None:
    card = await _priced(seat)
    await seat.press(card, "cost_guide")
    guide = await seat.shows("Beside the guide: What each approach costs")
    await seat.choose(guide, "guide_table", ":methods")
    shown = await seat.shows("Beside the guide: Ways of training")
    assert shown["ts"] == guide["ts"]
    await seat.press(card, "cost_link")
    link = await seat.shows("This comparison, to share:")
    assert re.search(rf"/archives/{GENERAL}/p{card['ts'].replace('.', '')}", link["text"])
    await seat.press(card, "cost_guide")
    assert guide["ts"].replace(".", "") in (await seat.shows("The guide's tables are in this thread:"))["text"]


async def test_words_after_cost_are_pointed_to_the_form(seat: Seat) -> None:
    await seat.command("cost 20k a day")
    await seat.shows("it opens a form")
