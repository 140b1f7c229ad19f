"""What a workspace has remembered: only with consent, only where a press says so, and never over what was said."""

import pytest

from agents.errors import UserError
from agents.services.defaults import Used
from agents.store import audit
from tests.integration.memory.desk import ANA, BOB, GPUS, GUEST, OTHER_THREAD, TEAM, Desk

pytestmark = pytest.mark.integration


async def test_nothing_is_remembered_before_somebody_agrees(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, gpu=GPUS, requests_per_day="40k")

    assert await desk.remembered() == {}
    found = await desk.defaults.rememberable(TEAM, conversation, BOB)
    assert {each.name: each.is_standing for each in found} == {"gpu": True, "requests_per_day": False}


async def test_what_was_ticked_is_remembered_with_who_said_it_and_who_agreed(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, gpu=GPUS, requests_per_day="40k")
    await desk.set(conversation, "models", ["claude-sonnet-5-5"])

    await desk.remember(conversation, "gpu", "models", who=BOB)

    assert await desk.remembered() == {"models": ["claude-sonnet-5-5"], "gpu": GPUS}
    shown = {each.name: each for each in await desk.defaults.list(TEAM)}
    assert (shown["gpu"].said_by, shown["gpu"].consented_by, shown["gpu"].conversation_id) == (ANA, BOB, conversation)
    assert not shown["gpu"].is_stale
    left = await desk.defaults.rememberable(TEAM, conversation, BOB)
    assert [each.name for each in left] == ["requests_per_day"], "what is remembered is not offered again"


async def test_a_press_that_comes_twice_remembers_once_and_nothing_newer_is_overwritten(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, gpu=GPUS)
    found = await desk.defaults.rememberable(TEAM, conversation, ANA)
    marks = [each.mark for each in found]
    await desk.defaults.remember(TEAM, conversation, marks, ANA, "R1")
    await desk.defaults.set(TEAM, "gpu", "1 x H100-80", BOB, "S1")

    await desk.defaults.remember(TEAM, conversation, marks, ANA, "R1")

    assert await desk.remembered() == {"gpu": {"kind": "H100-80", "count": 1}}
    async with desk.database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "defaults")
    assert [(each.who, each.event_key) for each in entries] == [(ANA, "R1"), (BOB, "S1")]


async def test_a_value_that_changed_after_it_was_shown_is_not_remembered(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, gpu=GPUS)
    shown = await desk.defaults.rememberable(TEAM, conversation, ANA)
    await desk.answer(conversation, who=BOB, gpu={"kind": "H100-80", "count": 8})

    with pytest.raises(UserError, match="changed or remembered meanwhile"):
        await desk.defaults.remember(TEAM, conversation, [shown[0].mark], ANA, "R1")
    assert await desk.remembered() == {}


async def test_a_guest_has_nothing_remembered_set_or_forgotten(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, gpu=GPUS)
    await desk.remember(conversation, "gpu")

    with pytest.raises(UserError, match="takes the role requester"):
        await desk.defaults.rememberable(TEAM, conversation, GUEST)
    with pytest.raises(UserError, match="takes the role requester"):
        await desk.defaults.remember(TEAM, conversation, ["gpu:x"], GUEST, "R2")
    with pytest.raises(UserError, match="takes the role requester"):
        await desk.defaults.set(TEAM, "gpu", "1 x H100-80", GUEST, "S1")
    with pytest.raises(UserError, match="takes the role requester"):
        await desk.defaults.forget(TEAM, None, GUEST, "F1")
    assert await desk.remembered() == {"gpu": GPUS}


async def test_a_new_thread_is_offered_the_defaults_and_holds_none_of_them_before_a_press(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    conversation = await desk.begin(OTHER_THREAD, BOB)

    assert "gpu" not in await desk.known(conversation)
    (card,) = [each for each in await desk.rows("app.slack_card") if each["kind"] == "defaults_offer"]
    assert card["thread_ts"] == OTHER_THREAD
    offer = await desk.defaults.offer(TEAM, conversation, card["subject"])
    assert [each.name for each in offer.fitting] == ["gpu"]
    await desk.begin(OTHER_THREAD, BOB, "and slow")
    offers = [each for each in await desk.rows("app.slack_card") if each["kind"] == "defaults_offer"]
    assert len(offers) == 1, "it is offered once"


async def test_without_defaults_no_thread_is_offered_any(desk: Desk) -> None:
    await desk.begin()
    assert "defaults_offer" not in {each["kind"] for each in await desk.rows("app.slack_card")}


async def test_used_defaults_are_answers_that_say_where_they_come_from(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    await desk.defaults.set(TEAM, "models", "claude-sonnet-5-5", ANA, "S2")
    conversation = await desk.begin(OTHER_THREAD, BOB)
    offer = await desk.defaults.offer(TEAM, conversation, {})

    used = await desk.defaults.use(TEAM, conversation, BOB, "U1", offer.mark)

    assert used == Used(taken=("API models: claude-sonnet-5-5 in use", "GPUs: 2 x H100-80"), left=())
    state = await desk.decisions.state(TEAM, conversation)
    gpu = next(each for each in state.answers if each.slot == "gpu")
    said_on = f"{gpu.said_at:%Y-%m-%d}"
    assert (gpu.value, gpu.who, gpu.origin) == (GPUS, BOB, (ANA, said_on))
    models = (await desk.settings(conversation))["models"]
    assert (models.value, models.who) == (["claude-sonnet-5-5"], BOB)
    assert models.source.startswith(f"default {said_on} {ANA} ")
    record = await desk.decisions.decision_record(TEAM, conversation)
    assert f"{BOB}, by the workspace's default that {ANA} said on {said_on}" in record


async def test_a_press_to_use_that_comes_twice_uses_once(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    conversation = await desk.begin(OTHER_THREAD, BOB)
    mark = (await desk.defaults.offer(TEAM, conversation, {})).mark
    await desk.defaults.use(TEAM, conversation, BOB, "U1", mark)
    await desk.answer(conversation, gpu={"kind": "H100-80", "count": 4})
    before = await desk.rows("app.fact")

    await desk.defaults.use(TEAM, conversation, BOB, "U1", mark)

    assert await desk.rows("app.fact") == before


async def test_what_the_thread_says_otherwise_stays_and_is_told(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    await desk.defaults.set(TEAM, "engineering_day_rate", "800", ANA, "S2")
    conversation = await desk.begin(OTHER_THREAD, BOB)
    await desk.answer(conversation, who=BOB, gpu={"kind": "H100-80", "count": 8})

    used = await desk.defaults.use(TEAM, conversation, ANA, "U1")

    assert (await desk.known(conversation))["gpu"] == {"kind": "H100-80", "count": 8}
    assert used.left == (f"GPUs: 8 x H100-80 here, from <@{BOB}>; the default is 2 x H100-80",)
    assert used.taken == ("People's time: 800 USD a day",)


async def test_an_answer_that_was_not_known_is_filled_by_a_default(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    conversation = await desk.begin(OTHER_THREAD, BOB)
    await desk.answer(conversation, who=BOB, gpu="not sure")

    await desk.defaults.use(TEAM, conversation, BOB, "U1")

    assert (await desk.known(conversation))["gpu"] == GPUS


async def test_a_press_counts_for_what_was_shown_alone(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    conversation = await desk.begin(OTHER_THREAD, BOB)
    shown = await desk.defaults.offer(TEAM, conversation, {})
    await desk.defaults.set(TEAM, "gpu", "8 x H100-80", ANA, "S2")

    with pytest.raises(UserError, match="have changed since"):
        await desk.defaults.use(TEAM, conversation, BOB, "U1", shown.mark)
    assert "gpu" not in await desk.known(conversation)


async def test_a_model_that_left_the_price_lists_is_left_out_with_the_reason(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    await desk.defaults.set(TEAM, "models", "claude-sonnet-5-5", ANA, "S2")
    await desk.run("UPDATE app.workspace_default SET value = '[\"gone-model\"]' WHERE name = 'models'")
    conversation = await desk.begin(OTHER_THREAD, BOB)

    used = await desk.defaults.use(TEAM, conversation, BOB, "U1")

    assert used.taken == ("GPUs: 2 x H100-80",)
    assert len(used.left) == 1
    assert "gone-model in use cannot be used any more" in used.left[0]
    assert "models" not in await desk.settings(conversation)


async def test_what_was_said_long_ago_is_said_to_be_old(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "gpu", "2 x H100-80", ANA, "S1")
    await desk.run("UPDATE app.workspace_default SET said_at = now() - interval '95 days'")

    (shown,) = await desk.defaults.list(TEAM)

    assert (shown.age_days, shown.is_stale) == (95, True)


async def test_values_are_set_by_hand_as_people_write_them(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "requests_per_day", "40k", ANA, "S1")
    await desk.defaults.set(TEAM, "requests per day", "20k a day, 3x at peak", ANA, "S2")
    await desk.defaults.set(TEAM, "tokens", "800 / 200 / 300", ANA, "S3")
    await desk.defaults.set(TEAM, "usd_per_gpu_hour", "2.50", ANA, "S4")

    assert await desk.remembered() == {
        "usd_per_gpu_hour": 2.5,
        "requests_per_day": 20_000,
        "peak_factor": 3,
        "tokens": {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300},
    }


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("", "40k", "Write what to remember: models"),
        ("gpus_we_have", "2", "nothing that is remembered"),
        ("requests_per_day", "", "Write a value after requests_per_day"),
        ("requests_per_day", "many", "no number in"),
        ("requests_per_day", "not sure", "nothing to remember"),
        ("gpu", "2 x Z9000", "Z9000"),
        ("models", "no-such-model", "no-such-model"),
        ("teacher", "no-such-model", "no-such-model"),
        ("student", "no-such-model", "no-such-model"),
        ("usd_per_gpu_hour", "-1", "-1"),
    ],
)
async def test_what_cannot_be_read_or_priced_is_refused(desk: Desk, name: str, value: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        await desk.defaults.set(TEAM, name, value, ANA, "S1")
    assert await desk.remembered() == {}


async def test_defaults_are_forgotten_by_name_and_all_at_once(desk: Desk) -> None:
    for number, (name, value) in enumerate(
        [("gpu", "2 x H100-80"), ("models", "claude-sonnet-5-5"), ("tokens", "1/2/3")]
    ):
        await desk.defaults.set(TEAM, name, value, ANA, f"S{number}")

    assert await desk.defaults.forget(TEAM, ["gpu"], BOB, "F1") == ("gpu",)
    assert await desk.defaults.forget(TEAM, ["gpu"], BOB, "F1") == ("gpu",), "a repetition says the same"
    with pytest.raises(UserError, match="gpu is not remembered"):
        await desk.defaults.forget(TEAM, ["gpu"], BOB, "F2")
    assert sorted(await desk.defaults.forget(TEAM, None, BOB, "F3")) == ["models", "tokens"]
    assert await desk.remembered() == {}


async def test_the_audit_tells_who_agreed_and_never_the_values(desk: Desk) -> None:
    await desk.defaults.set(TEAM, "engineering_day_rate", "817", ANA, "S1")
    await desk.defaults.forget(TEAM, None, BOB, "F1")

    entries = await desk.rows("app.audit")
    assert [(each["who"], each["action"]) for each in entries] == [
        (ANA, "remember_defaults"),
        (BOB, "forget_defaults"),
    ]
    assert not [each for each in entries if "817" in str(each["details"])]
