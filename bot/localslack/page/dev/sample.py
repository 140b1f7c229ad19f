"""Serve the page with a sample app behind it, to look at: `python bot/localslack/page/dev/sample.py [PORT]`.

The app says what Cairn says in shape, not in content: every kind of block and element the page draws, a modal with
checks, a run that moves, a Home tab. The figures are made up.
"""

import asyncio
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from bot.localslack import LocalSlackSettings, start_local_slack

Blocks = list[dict[str, Any]]


def text(words: str, kind: str = "mrkdwn") -> dict[str, Any]:
    """Return a text object."""
    return {"type": kind, "text": words}


def option(words: str, value: str, description: str = "") -> dict[str, Any]:
    """Return an option of a select, radio button or checkbox."""
    made = {"text": text(words, "plain_text"), "value": value}
    return made | ({"description": text(description, "plain_text")} if description else {})


def button(words: str, action: str, **more: Any) -> dict[str, Any]:
    """Return a button whose value is its action."""
    return {"type": "button", "text": text(words, "plain_text"), "action_id": action, "value": action, **more}


def verdict() -> Blocks:
    """Return a card as a verdict has it."""
    question = {
        "title": text("Start the index?", "plain_text"),
        "text": text("This indexes *1,240 documents*, about *$1.90*."),
        "confirm": text("Start", "plain_text"),
        "deny": text("Not yet", "plain_text"),
    }
    return [
        {"type": "header", "text": text("Verdict: retrieval over your documents (RAG)", "plain_text")},
        {
            "type": "section",
            "text": text(
                "The answers are in *documents that change*, and readers want the _source_. Fine-tuning would "
                "teach a style, not facts; see <https://example.org/guide|the guide>."
            ),
            "fields": [
                text("*Approach*\nRAG with reranking"),
                text("*Confidence*\nHigh :large_green_circle:"),
                text("*Upfront*\n$1,200 to 1,900"),
                text("*Per month*\n$310 at 50k queries"),
                text("*Pays back*\nafter `4.2` months"),
                text("*Decided*\n<!date^1763900000^{date_short_pretty} at {time}|then>"),
            ],
            "accessory": {
                "type": "overflow",
                "action_id": "more",
                "options": [option("Show the reasons", "why"), option("Export as CSV", "csv")],
            },
        },
        {
            "type": "section",
            "text": text(">What would change this: fewer than 20 documents, or answers that need no source."),
        },
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                button("Index the documents", "index", style="primary", confirm=question),
                button("Compare costs", "costs"),
                button("Change an answer", "change"),
                button("Cancel", "stop", style="danger"),
                {
                    "type": "static_select",
                    "action_id": "model",
                    "placeholder": text("Model", "plain_text"),
                    "options": [option("Small", "s"), option("Large", "l")],
                },
            ],
        },
        {
            "type": "context",
            "elements": [
                text("Asked by <@UALICE0001> in <#CGENERAL01>"),
                text("price list of 1 November"),
                text(":lock: nothing starts before you press"),
            ],
        },
    ]


def costs() -> Blocks:
    """Return a table, a picture and markdown."""

    def cell(words: str) -> dict[str, Any]:
        return {"type": "raw_text", "text": words}

    rows = [
        [cell(words) for words in line]
        for line in (
            ("Way", "Upfront", "Per month", "Year one"),
            ("Better prompt", "$0", "$2,140", "$25,680"),
            ("RAG", "$1,550", "$310", "$5,270"),
            ("Fine-tuned 8B", "$9,800", "$640", "$17,480"),
            ("Distilled 1B", "$14,200", "$190", "$16,480"),
        )
    ]
    words = (
        "### What it means\n\nRAG is the cheapest after **two months**. The *fine-tuned* model pays back after 14.\n\n"
        "1. Index the handbook\n2. Ask `200` sample questions\n   - check the sources\n   - keep the misses\n\n"
        "| Queries | RAG | Prompt |\n|---|---:|---:|\n| 50k | $310 | $2,140 |\n| 5M | $9,900 | $214,000 |\n\n"
        "> Prices move; these are of November.\n\n```\nbreak_even = upfront / saved\n```\n<b>HTML stays text</b> [link](https://example.org)"
    )
    return [
        {"type": "header", "text": text("Four ways, compared", "plain_text")},
        {
            "type": "table",
            "rows": rows,
            "column_settings": [{"align": "left"}, {"align": "right"}, {"align": "right"}, {"align": "right"}],
        },
        {"type": "markdown", "text": words},
    ]


def run_card(done: int) -> Blocks:
    """Return a run's card with `done` of 10 parts indexed."""
    bar = "█" * done + "░" * (10 - done)
    state = ":white_check_mark: finished" if done == 10 else ":hourglass_flowing_sand: running"
    return [
        {
            "type": "section",
            "text": text(f"*Index “handbook”* · {state}\n:white_check_mark: parse  `1m 12s`\n`{bar}` {done * 10} %"),
        },
        {"type": "context", "elements": [text(f"Approved by <@UBOB000001> · ${done * 0.19:.2f} of $1.90")]},
        {"type": "actions", "elements": [button("Cancel", "cancel_run", style="danger"), button("Details", "details")]},
    ]


def form() -> dict[str, Any]:
    """Return a modal with each kind of input."""

    def field(block: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": "input", "block_id": block, "label": text(label, "plain_text"), "element": element, **more}

    hint = text("Count every call to the model, retries too.", "plain_text")
    return {
        "type": "modal",
        "callback_id": "form",
        "notify_on_close": True,
        "title": text("Compare costs", "plain_text"),
        "submit": text("Compare", "plain_text"),
        "close": text("Cancel", "plain_text"),
        "blocks": [
            {"type": "section", "text": text("Your own figures, or leave ours.")},
            field(
                "queries",
                "Queries per month",
                {
                    "type": "number_input",
                    "action_id": "v",
                    "is_decimal_allowed": False,
                    "min_value": "1",
                    "initial_value": "50000",
                },
                hint=hint,
            ),
            field(
                "task",
                "What does the model do?",
                {
                    "type": "plain_text_input",
                    "action_id": "v",
                    "multiline": True,
                    "placeholder": text("Answer questions about our handbook", "plain_text"),
                },
            ),
            field(
                "model",
                "Model today",
                {
                    "type": "static_select",
                    "action_id": "v",
                    "options": [option("Large", "l", "best, dearest"), option("Small", "s")],
                },
            ),
            field(
                "ways",
                "Ways to compare",
                {
                    "type": "multi_static_select",
                    "action_id": "v",
                    "options": [
                        option("Prompt", "p"),
                        option("RAG", "r"),
                        option("Fine-tune", "f"),
                        option("Distil", "d"),
                    ],
                    "initial_options": [option("RAG", "r")],
                },
            ),
            field(
                "where",
                "Where it runs",
                {
                    "type": "radio_buttons",
                    "action_id": "v",
                    "options": [option("Our GPUs", "own"), option("An API", "api", "pay per token")],
                },
                optional=True,
            ),
            field(
                "checks",
                "Include",
                {
                    "type": "checkboxes",
                    "action_id": "v",
                    "options": [option("Labelling", "a"), option("Evaluation", "b")],
                },
                optional=True,
            ),
            field("who", "Approver", {"type": "users_select", "action_id": "v"}),
            field(
                "day", "Start", {"type": "datepicker", "action_id": "v", "initial_date": "2026-12-01"}, optional=True
            ),
            {"type": "actions", "elements": [button("Explain the terms", "explain")]},
        ],
    }


def picture() -> bytes:
    """Return a small chart."""
    image = Image.new("RGB", (900, 420), "white")
    draw = ImageDraw.Draw(image)
    for index, height in enumerate((320, 90, 240, 210)):
        draw.rectangle(
            (90 + index * 200, 380 - height, 200 + index * 200, 380),
            fill=("#c9c5be", "#0a7a5a", "#2a6f97", "#e9b872")[index],
        )
    draw.line((60, 380, 880, 380), fill="#1d1c1d", width=3)
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()


def build_app(token: str, api_url: str) -> AsyncApp:
    """Return the sample app."""
    app = AsyncApp(client=AsyncWebClient(token=token, base_url=api_url), token=token)

    async def move(client: AsyncWebClient, channel: str, thread: str) -> None:
        posted = await client.chat_postMessage(channel=channel, thread_ts=thread, text="Index", blocks=run_card(0))
        for done in range(1, 11):
            await asyncio.sleep(1.2)
            await client.chat_update(channel=channel, ts=str(posted["ts"]), text="Index", blocks=run_card(done))

    @app.event("app_mention")
    @app.event("message")
    async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
        said, channel = event.get("text", ""), event["channel"]
        if event.get("bot_id") or event.get("subtype") or (event["type"] == "message" and "<@UCAIRN0BOT>" in said):
            return
        if event["type"] == "message" and not channel.startswith("D"):
            return
        thread = event.get("thread_ts", event["ts"])
        await client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status="is thinking…")
        await asyncio.sleep(2)
        if "cost" in said:
            await client.files_upload_v2(
                channel=channel,
                thread_ts=thread,
                content=picture(),
                filename="costs.png",
                title="Year one",
                alt_txt="Bars: prompt, RAG, fine-tuned, distilled",
            )
            await client.files_upload_v2(
                channel=channel,
                thread_ts=thread,
                content="way,usd\nrag,5270\n",
                filename="costs.csv",
                title="The figures",
            )
            await client.chat_postMessage(channel=channel, thread_ts=thread, text="Costs", blocks=costs())
        else:
            await client.chat_postMessage(channel=channel, thread_ts=thread, text="Verdict", blocks=verdict())

    @app.command("/cairn")
    async def command(ack: Any, body: dict[str, Any], client: AsyncWebClient, respond: Any) -> None:
        await ack()
        if "form" in body["text"] or "cost" in body["text"]:
            await client.views_open(trigger_id=body["trigger_id"], view=form())
        elif "slow" not in body["text"]:
            await respond("*What I can do*\n• `decide` finds the way\n• `costs` compares them\nOnly you see this.")

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        await asyncio.sleep(1)
        if int(view["state"]["values"]["queries"]["v"]["value"]) < 100:
            await ack(
                response_action="errors", errors={"queries": "Under 100 a month nothing but a better prompt pays."}
            )
        else:
            await ack()

    @app.view_closed("form")
    async def closed(ack: Any) -> None:
        await ack()

    @app.action("explain")
    async def explain(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        blocks = [{"type": "section", "text": text("*Upfront* is paid once. *Per month* is paid as long as it runs.")}]
        await client.views_push(
            trigger_id=body["trigger_id"],
            view={"type": "modal", "title": text("The terms", "plain_text"), "blocks": blocks},
        )

    @app.action("index")
    async def index(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        channel, message = body["channel"]["id"], body["message"]
        await client.chat_postEphemeral(
            channel=channel,
            user=body["user"]["id"],
            thread_ts=message.get("thread_ts"),
            text="Sent to <@UBOB000001> for approval.",
        )
        await move(client, channel, message.get("thread_ts", message["ts"]))

    @app.action("costs")
    @app.action("more")
    @app.action("model")
    @app.action("change")
    @app.action("details")
    async def heard(ack: Any) -> None:
        await ack()

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [*verdict()[:2], {"type": "divider"}, *run_card(6)]}
        )

    return app


async def serve(port: int, manifest: dict[str, Any]) -> None:
    """Serve until interrupted."""
    with tempfile.TemporaryDirectory() as folder:
        settings = LocalSlackSettings(database=Path(folder) / "slack.db", manifest=manifest, port=port)
        slack = await start_local_slack(settings)
        app = build_app(settings.bot_token, slack.api_url)
        handler = AsyncSocketModeHandler(app, settings.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves this one untyped
        sys.stdout.write(f"{slack.url}/?as=alice\n")
        sys.stdout.flush()
        try:
            await asyncio.Event().wait()
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]  # as above
            await slack.stop()


if __name__ == "__main__":
    cairns = json.loads((Path(__file__).resolve().parents[3] / "manifest.json").read_text())
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8123, cairns))
