"""Who talks, as people see and change it: `/cairn model`, its form, App Home, and the shell."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.dialogue.chat import ModelFailure, Usage
from agents.errors import UserError
from agents.runs.roles import Person
from agents.services.talk_limits import TalkScope
from agents.settings import load_settings
from agents.store.inbox import Event
from agents.wiring import Services, open_services
from bot.blocks.model import CHANGE_LIMITS, SET_LIMITS, USE_TALKER
from bot.feature import Turn
from bot.features import ROUTES
from bot.features.model import MODEL
from bot.routing import first_word
from bot.shell.model import model
from tests.integration.talking.calls import ADMIN, ANA, SONNET, TEAM, Threads, make_call
from tests.people import Members
from tests.unit.blocks.checks import check_message, check_view

pytestmark = pytest.mark.integration

GUEST = "U0GUEST"


@pytest.fixture
async def services(dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, admins=(ADMIN,), anthropic_api_key="sk-ant-test")
    async with open_services(settings, Members({GUEST: Person(GUEST, is_guest=True)})) as opened:
        yield opened


def event(
    kind: Any = "command", user: str = ADMIN, key: str = "e1", thread_ts: str | None = None, **body: Any
) -> Event:
    return Event(
        team_id=TEAM, key=key, kind=kind, channel="C1", thread_ts=thread_ts, message_ts=None, user_id=user, body=body
    )


async def cards(services: Services, kind: str) -> list[dict[str, Any]]:
    async with services.database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT subject, ephemeral_user FROM app.slack_card WHERE kind = %s ORDER BY created_at, key", (kind,)
        )
        return [dict(row) for row in await found.fetchall()]


async def command(services: Services, text: str, user: str = ADMIN, key: str = "e1", thread: str | None = None) -> str:
    """Run `/cairn model` with these words and return what it said last."""
    assert MODEL.command is not None
    await MODEL.command(Turn(services=services, event=event(user=user, key=key, thread_ts=thread), text=text))
    said = await cards(services, "say")
    return str(said[-1]["subject"]["text"]) if said else ""


async def shown(services: Services) -> str:
    """Return the newest card of who talks, as Slack gets it."""
    card = (await cards(services, "model"))[-1]
    return json.dumps(check_message(await ROUTES.cards["model"](services, TEAM, card["subject"])).blocks)


async def talked(services: Services, conversation_id: str, user: str = ANA, **given: Any) -> None:
    """Have a model answer somebody once."""
    call_id = await services.talk_costs.begin(make_call(conversation_id=conversation_id, user_id=user, **given))
    used = Usage(input_tokens=1_000, cache_read_tokens=3_000, output_tokens=1_000)
    await services.talk_costs.end(call_id, usage=used, stop_reason="end_turn", failure=None)


async def test_who_talks_is_shown_with_price_costs_and_what_is_left_to_whoever_asks(services: Services) -> None:
    conversation_id = await Threads(services.database).new()
    await talked(services, conversation_id)

    await command(services, "", user=ANA, thread="1.1")

    assert (await cards(services, "model"))[0]["ephemeral_user"] == ANA
    card = await shown(services)
    assert f"*claude* talks: `{SONNET}`" in card
    assert "in $2.00, out $10.00, cache read $0.10 per M tokens" in card
    # 1,000 tokens in, 3,000 from the cache and 1,000 out.
    assert "*This thread*: $1.99 left of $2.00 \\u00b7 $0.01 spent" in card
    assert "*You today (UTC)*: $4.99 left of $5.00" in card
    assert "*Everybody this month (UTC)*: $199.99 left of $200.00" in card
    assert "1 call of a model in 1 turn; 4,000 tokens in (75% from the cache), 1,000 out" in card
    assert USE_TALKER not in card, "who may not switch is shown no way to"


async def test_outside_of_a_thread_its_limit_stands_alone(services: Services) -> None:
    await command(services, "", user=ANA)
    card = await shown(services)
    assert "*One thread*: $2.00 at most" in card
    assert "This thread" not in card


async def test_an_admin_switches_by_the_list_and_back_by_a_command(services: Services) -> None:
    await command(services, "")
    assert f'"action_id": "{USE_TALKER}"' in await shown(services)

    chosen = event("action", key="e2", action_id=USE_TALKER, value="guided")
    await ROUTES.handler(chosen).handler(Turn(services=services, event=chosen))
    assert (await cards(services, "say"))[-1]["subject"]["text"] == (
        "From the next message on guided talks in this workspace: rules and buttons, without a model."
    )
    assert (await services.talkers.view(TEAM)).name == "guided"
    card = await shown(services)
    assert "*guided* talks: rules and buttons, without a model." in card
    assert f"guided: chosen by <@{ADMIN}>" in card

    assert await command(services, "use default", key="e3") == (
        f"From the next message on claude talks in this workspace: `{SONNET}`."
    )


async def test_whoever_is_no_admin_switches_nothing_and_gets_no_form(services: Services) -> None:
    with pytest.raises(UserError, match=f"{ANA} may not choose who talks: that takes the role admin"):
        await command(services, "use guided", user=ANA)
    with pytest.raises(UserError, match=f"{ANA} may not set budgets"):
        await command(services, "limit thread 9", user=ANA)
    with pytest.raises(UserError, match=f"{ANA} may not set budgets"):
        await MODEL.openers[CHANGE_LIMITS](services, event("action", user=ANA))


async def test_a_limit_is_set_by_command(services: Services) -> None:
    assert await command(services, "limit thread 2.50") == "The limit for talking in one thread: $2.50 at most."
    assert await command(services, "limit day 30", key="e2") == (
        "The limit for talking in a day (UTC): $30.00 left of $30.00 · $0.00 spent."
    )
    assert await command(services, "limit thread none", key="e3") == "The limit for talking in one thread: no limit."


@pytest.mark.parametrize("text", ["limit", "limit week 3", "limit day", "use", "uses claude", "2"])
async def test_a_command_that_cannot_be_read_says_how_it_is_written(text: str, services: Services) -> None:
    with pytest.raises(UserError, match=r"use NAME|/cairn model limit day 20"):
        await command(services, text)


def entered(**amounts: str | None) -> Event:
    values = {str(scope): {"entered": amounts.get(scope)} for scope in TalkScope}
    return event("view", key="e9", callback_id=SET_LIMITS, values=values, metadata={"channel": "C1", "thread_ts": None})


async def test_the_form_sets_what_was_changed_and_an_empty_field_is_the_default(services: Services) -> None:
    await command(services, "limit thread 7")
    await command(services, "limit user none", key="e2")
    await command(services, "limit day 9", key="e3")
    form = check_view(await MODEL.openers[CHANGE_LIMITS](services, event("action")))
    initial = {
        block["block_id"]: block["element"].get("initial_value") for block in form["blocks"] if "element" in block
    }
    assert initial == {"thread": "7", "user": "none", "day": "9", "workspace": None}
    wrong = await MODEL.checks[SET_LIMITS](services, entered(thread="7", day="x"))
    assert set(wrong) == {"day"}
    assert "'x' is no amount in dollars" in wrong["day"]

    submitted = entered(thread="7", user="none", workspace="50")
    assert await MODEL.checks[SET_LIMITS](services, submitted) == {}
    await MODEL.views[SET_LIMITS](Turn(services=services, event=submitted))

    limits = {str(cap.scope): cap.limit_usd for cap in (await services.talk_budgets.view(TEAM)).caps}
    assert limits == {"thread": 7, "user": None, "day": 20, "workspace": 50}
    async with services.database.team(TEAM) as connection:
        found = await connection.execute("SELECT subject FROM app.audit WHERE event_key = 'e9' ORDER BY subject")
        assert [row["subject"] for row in await found.fetchall()] == ["budget:talk:day", "budget:talk:workspace"]


async def test_a_model_that_does_not_answer_is_told_in_the_card_and_in_app_home(services: Services) -> None:
    call_id = await services.talk_costs.begin(make_call(conversation_id=await Threads(services.database).new()))
    await services.talk_costs.end(
        call_id, usage=None, stop_reason=None, failure=ModelFailure("unreachable", "there is no connection to it")
    )
    await command(services, "")

    assert "It could not be reached" in await shown(services)
    assert "It could not be reached" in await home(services, ANA)


async def home(services: Services, user: str) -> str:
    """Open the Home tab and return what Slack gets."""
    opened = event("home", user=user, key=f"home-{user}")
    await ROUTES.handler(opened).handler(Turn(services=services, event=opened))
    subject = (await cards(services, "home"))[-1]["subject"]
    return json.dumps(check_view((await ROUTES.cards["home"](services, TEAM, subject)).home or {}))


async def test_app_home_shows_the_readers_role_and_what_talking_costs_them(services: Services) -> None:
    await talked(services, await Threads(services.database).new(), user=ANA)

    ana = await home(services, ANA)
    assert "You are *a requester (a full member of this workspace)*. You may propose runs" in ana
    assert f"*claude* talks: `{SONNET}`" in ana
    assert "*You today (UTC)*: $4.99 left of $5.00" in ana
    admin = await home(services, ADMIN)
    assert "You are *an admin (named in CAIRN_ADMINS)*" in admin
    assert "*You today (UTC)*: $5.00 left of $5.00" in admin
    assert "You are *a viewer (a guest of this workspace)*" in await home(services, GUEST)


async def test_a_home_tab_that_an_earlier_version_drew_is_still_drawn(services: Services) -> None:
    made = (await ROUTES.cards["home"](services, TEAM, {})).home
    assert "You are" not in json.dumps(check_view(made or {}))


@pytest.mark.parametrize("text", ["model", "who talks?", "which model is this?"])
def test_who_talks_is_asked_in_words(text: str) -> None:
    assert ROUTES.handler(event("mention", text=text)).handler is MODEL.command
    assert first_word(MODEL.usage)[0] == "model"


@pytest.fixture
def shell(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(model, [*arguments, "--data", str(tmp_path)])

    return run


def test_the_shell_shows_switches_and_limits(shell: Any) -> None:
    done = json.loads(shell("--use", "guided", "--limit", "thread=3", "--limit", "user=none", "--json").output)
    assert (done["talker"], done["model"], done["default"], done["price"]) == ("guided", None, "claude", None)
    assert done["chosen"]["by"].startswith("shell:")
    assert (done["limits"]["thread"]["limit_usd"], done["limits"]["user"]["limit_usd"]) == (3, None)
    assert done["limits"]["thread"]["set_by"].startswith("shell:")

    back = json.loads(shell("--use", "default", "--limit", "thread=default", "--json").output)
    assert (back["talker"], back["model"], back["chosen"]) == ("claude", SONNET, None)
    assert back["price"]["usd_per_mtok"]["output"] == 10
    assert back["limits"]["thread"] == {
        "limit_usd": 2,
        "spent_usd": None,
        "reserved_usd": None,
        "left_usd": None,
        "set_by": None,
        "set_at": None,
    }
    lines = shell().output
    assert f"claude talks: {SONNET}" in lines
    assert "no call of a model yet" in lines
    assert "user       no limit" in lines
    assert "switches to: guided, default" in lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--limit", "thread=9", "--limit", "week=1"), "There is no limit 'week'"),
        (("--limit", "thread=9", "--use", "vllm"), "vllm is not configured. Set CAIRN_VLLM_URL"),
        (("--conversation", "000000000000"), "not there any more"),
    ],
)
def test_of_a_command_with_something_wrong_in_it_nothing_is_done(
    shell: Any, arguments: tuple[str, ...], said: str
) -> None:
    refused = shell(*arguments)
    assert isinstance(refused.exception, UserError)
    assert said in str(refused.exception)
    assert json.loads(shell("--json").output)["limits"]["thread"]["limit_usd"] == 2
