"""What people do at the page with forms, and what they see after it."""

from typing import Any

from tests.integration.bot.conftest import ALICE, GENERAL, Page, eventually


async def command(page: Page, text: str, user: str = ALICE) -> None:
    answer = await page.post("command", user=user, channel=GENERAL, command="/cairn", text=text)
    assert answer["ok"], answer


async def shown(page: Page, *words: str, user: str = ALICE) -> dict[str, Any]:
    """Return the newest message that holds all these words, in the channel or in a thread, waited for."""

    async def look() -> dict[str, Any] | None:
        messages = await page.messages(user=user)
        replies = []
        for root in messages:
            # What only one person sees has no thread.
            found = await page.get("messages", user=user, channel=GENERAL, thread_ts=root["ts"])
            replies += found.get("messages", [])[1:]
        having = [each for each in [*messages, *replies] if all(word in str(each) for word in words)]
        return having[-1] if having else None

    found = await eventually(look)
    assert isinstance(found, dict)
    return found


async def opened(page: Page) -> dict[str, Any]:
    """Return the modal that Alice sees, waited for."""

    async def look() -> dict[str, Any] | None:
        views = (await page.get("state", user=ALICE))["views"]
        return views[-1] if views else None

    return dict(await eventually(look))


async def submit(page: Page, view: dict[str, Any], **typed: str) -> dict[str, Any]:
    """Submit a form with what it began with, but for what was typed or chosen."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, name = block["element"], block["block_id"]
        if element["type"] == "static_select" and "initial_option" in element:
            chosen = [each for each in element.get("options", []) if each["value"] == typed.get(name)]
            picked = chosen[0] if chosen else element["initial_option"]
            values[name] = {"entered": {"type": "static_select", "selected_option": picked}}
        elif element["type"] == "plain_text_input":
            text = typed.get(name, element.get("initial_value"))
            values[name] = {"entered": {"type": "plain_text_input", "value": text}}
    return await page.post("view_submit", user=ALICE, view_id=view["id"], values=values)
