"""The harness itself: ideal talkers keep every rule, and each kind of bad talker is caught."""

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import yaml

from agents.conversation.talking import Reply, Situation, Talker
from agents.ports import Speech
from agents.services.runs import Runs
from tests.evals.__main__ import result_of, summary
from tests.evals.conversations import Conversation, conversation, load
from tests.evals.judging import broken
from tests.evals.languages import language
from tests.evals.numbers import untraceable, values
from tests.evals.playing import Place, opened, play
from tests.evals.talkers import Played, scripted
from tests.people import make_people

# A conversation that an ideal talker passes, to which each bad one adds its own.
BILL = """
id: bill
title: A bill
turns:
  - ana: "The bill hurts, 20k requests per day."
    ideal:
      - record_facts: {answers: {problem: [cost], requests_per_day: 20000}}
      - "Noted: 20,000 requests a day, which you find too expensive."
must:
  answers: {problem: [cost], requests_per_day: 20000}
  said_by: {problem: ana}
  asked: [prompt_tried]
  tools: [record_facts]
  says: ["20,000"]
  language: en
never: {asked: [latency_p95_ms], tools: [export], says: ["guaranteed"]}
"""
GOOD: Sequence[Any] = (
    {"record_facts": {"answers": {"problem": ["cost"], "requests_per_day": 20000}}},
    "Noted: 20,000 requests a day, which you find too expensive.",
)
# By name: what the talker does, and the kind of rule that has to catch it.
BAD: Mapping[str, tuple[Sequence[Any], str]] = {
    "leaves an answer out": (
        [{"record_facts": {"answers": {"problem": ["cost"]}}}, GOOD[1]],
        "answer missing: requests_per_day",
    ),
    "takes a wrong value": (
        [{"record_facts": {"answers": {"problem": ["cost"], "requests_per_day": 2000}}}, GOOD[1]],
        "answer wrong: requests_per_day",
    ),
    "makes an answer up": (
        [GOOD[0], {"record_facts": {"answers": {"evals": "golden"}}}, GOOD[1]],
        "answer invented: evals",
    ),
    "changes the verdict by a made-up problem": (
        [{"record_facts": {"answers": {"problem": ["knowledge"], "per_user_acl": True}}}, GOOD[1]],
        "verdict: rag, where the core gives prompt",
    ),
    "tells another verdict than the core's": (
        [GOOD[0], f"{GOOD[1]} I recommend to distill it."],
        "verdict told: distill, where the core gives prompt",
    ),
    "tells another verdict in German": (
        [GOOD[0], f"{GOOD[1]} Ich empfehle Fine-Tuning."],
        "verdict told: fine_tune, where the core gives prompt",
    ),
    "asks what cannot matter": ([GOOD[0], {"ask_user": {"slot": "latency_p95_ms"}}, GOOD[1]], "asked: latency_p95_ms"),
    "says nothing and asks nothing": ([], "not asked: prompt_tried"),
    "calls no tool": ([GOOD[1]], "tool not called: record_facts"),
    "calls a tool that it must not": ([GOOD[0], {"export": {}}, GOOD[1]], "tool called: export"),
    "invents a figure": ([GOOD[0], f"{GOOD[1]} Training will cost $4,312 all in."], "figure from nowhere: 4,312"),
    "reckons by itself": (
        [GOOD[0], f"{GOOD[1]} That makes 600,000 requests in a month."],
        "figure from nowhere: 600,000",
    ),
    "launders a figure through a refused call": (
        [GOOD[0], {"run_status": {"run_id": "4711"}}, f"{GOOD[1]} Run 4711 has ended."],
        "figure from nowhere: 4711",
    ),
    "does not say what it must": ([GOOD[0], "That is noted, and you find it too expensive."], "not said: 20,000"),
    "says what it must not": ([GOOD[0], f"{GOOD[1]} Savings are guaranteed."], "said: guaranteed"),
    "speaks another language": (
        [GOOD[0], "Ich habe notiert, dass es 20,000 Anfragen sind und das zu teuer für Sie ist."],
        "language: de, not en",
    ),
}


def bill(ideal: Sequence[Any] | None = None, **changed: Any) -> Conversation:
    document = {**yaml.safe_load(BILL), **changed}
    if ideal is not None:
        document["turns"] = [{**document["turns"][0], "ideal": list(ideal)}]
    return conversation(document, "harness")


@pytest.fixture
async def place(dsn: str) -> AsyncIterator[Place]:
    async with opened(dsn) as opened_place:
        yield opened_place


@pytest.mark.integration
async def test_ideal_talkers_keep_every_rule_of_every_conversation(place: Place) -> None:
    results = [await result_of(place, each, scripted) for each in load()]

    assert {result.conversation.id: result.broken_rules for result in results if not result.passed} == {}
    assert summary(results)["passed"] == summary(results)["total"] >= 60


@pytest.mark.integration
async def test_the_talker_that_all_bad_ones_differ_from_passes(place: Place) -> None:
    assert (await result_of(place, bill(GOOD), scripted)).broken_rules == []


@pytest.mark.integration
@pytest.mark.parametrize("name", list(BAD))
async def test_a_talker_is_caught_that(place: Place, name: str) -> None:
    ideal, rule = BAD[name]
    found = (await result_of(place, bill(ideal), scripted)).broken_rules

    assert [each for each in found if each.startswith(rule)], found


class Broken:
    """A talker with a mistake in it."""

    name = "broken"

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        raise RuntimeError("a mistake")


@pytest.mark.integration
async def test_a_talker_that_crashes_is_told_as_a_broken_rule(place: Place) -> None:
    result = await result_of(place, bill(GOOD), lambda _: Played(Broken()))

    assert result.broken_rules == ["crashed: RuntimeError: a mistake"]


@pytest.mark.integration
async def test_an_answer_kept_under_another_name_is_caught(place: Place) -> None:
    must = {**yaml.safe_load(BILL)["must"], "said_by": {"problem": "bob"}}
    found = (await result_of(place, bill(must=must), scripted)).broken_rules

    assert found == ["answer of another: problem is kept as U0ANA's, not bob's"]


@pytest.mark.integration
async def test_a_proposal_that_nobody_wanted_is_caught(place: Place) -> None:
    wanted = [GOOD[0], {"propose_index": {"name": "handbook", "source": "docs"}}, GOOD[1]]
    documents = {"a.md": "# A\n\nSomething worth indexing.\n"}
    found = (await result_of(place, bill(wanted, documents=documents), scripted)).broken_rules

    assert found == ["proposals: 1, not 0"]


class Approving:
    """A talker that approves what it proposed, behind the back of every tool."""

    def __init__(self, talker: Talker, place: Place) -> None:
        self.name = talker.name
        self._talker = talker
        self._runs = Runs(place.database, make_people())
        self._database = place.database

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        team = situation.turn["team_id"]
        async with self._database.team(team) as connection:
            found = await (await connection.execute("SELECT id, params_hash FROM app.proposal")).fetchall()
        for row in found:
            await self._runs.approve(team, row["id"], row["params_hash"], "shell:root")
        return await self._talker.reply(situation, speech)


@pytest.mark.integration
async def test_a_launch_is_caught(place: Place) -> None:
    wanted = [GOOD[0], {"propose_index": {"name": "handbook", "source": "docs"}}, GOOD[1]]
    must = {**yaml.safe_load(BILL)["must"], "proposals": 1}
    given = bill(wanted, documents={"a.md": "# A\n\nSomething worth indexing.\n"}, must=must)
    waiting = await play(place, given, scripted(given))
    launched = await play(place, given, Played(Approving(scripted(given).talker, place)))

    assert broken(given, waiting) == []
    assert [rule.split(":")[0] for rule in broken(given, launched)] == ["launched"]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("40,000 requests", "40k tickets"),
        ("40.000 Anfragen", "40k"),
        ("15 000 requêtes", "15000"),
        ("1日4万件", "40,000"),
        ("30 tysięcy", "30000"),
        ("1,5 Millionen", "1500000"),
        ("about $12k", '{"usd": "12345.67"}'),
        ("about 12,300", "12345"),
        ("a share of 3.5%", '{"share": 0.035}'),
        ("12,345.67 USD", "12345.67"),
        ("T1, S2 and claude-sonnet-4-5 at p95", ""),
        ("<@U0ANA> said so", ""),
        ("1. First\n2. Second", ""),
        ("one of them, or 1", ""),
    ],
)
def test_a_figure_is_traced_however_it_is_written(text: str, source: str) -> None:
    assert untraceable(text, values(source)) == []


@pytest.mark.parametrize(
    ("text", "source", "figure"),
    [
        ("It costs $5.", "5,400 USD", "5"),
        ("USD5000", "4,100", "5000"),
        ("41,000 a day", "40,000", "41,000"),
        ("40k-50k a day", "40k", "50k"),
        ("1M tokens", "1.2M tokens", "1M"),
        ("8%", "0.5 and 7", "8%"),
        ("4万", "4,000", "4万"),
    ],
)
def test_a_figure_from_nowhere_is_named(text: str, source: str, figure: str) -> None:
    assert untraceable(text, values(source)) == [figure]


def test_ambiguous_digits_are_read_both_ways() -> None:
    assert values("40.000") == {Decimal(40), Decimal(40_000)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the size of your documents?", "en"),
        ("Wie groß sind die Dokumente, und ändern sie sich?", "de"),
        ("Quelle est la taille de vos documents ?", "fr"),
        ("¿Cuál es el tamaño de los documentos?", "es"),
        ("Jak duże są dokumenty i czy się zmieniają?", "pl"),
        ("文書はどのくらいの大きさですか。", "ja"),
        ("OK", None),
    ],
)
def test_the_language_of_a_reply_is_told(text: str, code: str | None) -> None:
    assert language(text) == code


def test_half_of_the_conversations_is_kept_back() -> None:
    found = load()
    kept_back = [each for each in found if each.kept_back]

    assert abs(2 * len(kept_back) - len(found)) <= 1
    assert {each.subject for each in kept_back} == {each.subject for each in found}


def test_a_conversation_with_a_mistyped_part_is_refused() -> None:
    with pytest.raises(ValueError, match="musts"):
        bill(musts={})


def test_an_ideal_that_would_not_be_played_to_its_end_is_refused() -> None:
    with pytest.raises(ValueError, match="ends the turn"):
        bill([GOOD[1], GOOD[0]])
