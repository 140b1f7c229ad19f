"""The cost comparison of a conversation, and of a document for the shell."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from agents.costs.compare import Comparison, compare, facts_from
from agents.costs.crossings import crossings_json
from agents.costs.documents import alternatives
from agents.costs.prices.book import PriceBook
from agents.costs.report import to_csv, to_json
from agents.decision.answers import Answers, Facts
from agents.decision.crossings import parse_crossings
from agents.decision.interview import describe, slot_name
from agents.decision.parsing import parse_facts
from agents.errors import UserError
from agents.services.answer_values import as_answers, current
from agents.services.conversation_cards import card_key, conversation_card, conversation_of, file_card
from agents.services.cost_inputs import USED, Priced, missing_slots, stored_inputs
from agents.services.cost_pricing import Pricing
from agents.services.default_views import in_order, rememberable
from agents.services.prices import PriceBooks
from agents.store import cost_scenarios, defaults, facts
from agents.store.db import Connection, Database
from agents.store.facts import Fact
from agents.store.outbox import touch_card, upsert_card

ChartKind = Literal["volume", "payback", "memory", "sensitivity"]
# A picture is some 100 KB.
_CHARTS_KEPT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """How a comparison is drawn: the picture as PNG, and the same in words."""

    png: Callable[[Comparison], bytes]
    alt: Callable[[Comparison], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCard:
    """What the costs card shows.

    `missing` names, worded, what must be known or mended before anything can be priced; the other fields are then
    empty. `assumptions` are the figures the comparison rests on, worded: those answered, then those assumed.
    `chart` is what the picture shows, of the `charts` that there are; `scenarios` are ids and names. `can_remember`
    says that something of it could become a default of the workspace.
    """

    missing: tuple[str, ...]
    comparison: Comparison | None = None
    assumptions: tuple[str, ...] = ()
    chart: ChartKind = "volume"
    charts: tuple[ChartKind, ...] = ()
    chart_png: bytes = b""
    chart_alt: str = ""
    csv: str = ""
    scenarios: tuple[tuple[str, str], ...] = ()
    can_remember: bool = False


class Costs:
    """Prices the answers of a conversation.

    Args:
        database: Where answers and comparisons are.
        books: Looks up the prices of a team.
        charts: How a comparison is drawn, by what the picture shows.

    Attributes:
        pricing: Makes comparisons, each once.
    """

    def __init__(self, database: Database, books: PriceBooks, charts: Mapping[ChartKind, Chart]) -> None:
        self._database = database
        self._books = books
        self._charts = charts
        self.pricing = Pricing()
        self._drawn: OrderedDict[tuple[int, ChartKind], _Drawn] = OrderedDict()

    async def facts(self, connection: Connection, team_id: str, conversation_id: str, answers: Answers) -> Facts:
        """Return what the costs tell the decision, as far as answers and settings allow."""
        try:
            made = await self.priced(connection, team_id, conversation_id, answers)
            found = parse_crossings(crossings_json(made.comparison))
            return replace(parse_facts(facts_from(made.comparison)), crossings=found)
        except UserError:
            # Figures beyond what can be priced decide nothing; the costs card says what is wrong with them.
            return Facts()

    async def priced(self, connection: Connection, team_id: str, conversation_id: str, answers: Answers) -> Priced:
        """Return the comparison for these answers with the conversation's settings and the team's prices.

        Raises:
            UserError: A figure is beyond what can be priced.
        """
        book = await self._books.book(connection, team_id)
        held = await cost_scenarios.settings(connection, team_id, conversation_id)
        return self.pricing.priced(answers, book, {key: setting.value for key, setting in held.items()})

    async def show(self, team_id: str, conversation_id: str) -> tuple[str, ...]:
        """Put the costs card into the thread; return the slots it still lacks, none where it is complete.

        Raises:
            UserError: A figure is beyond what can be priced, or the conversation is gone.
        """
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            held = current(await facts.all_facts(connection, team_id, conversation_id))
            answers = as_answers(held)
            missing = tuple(missing_slots(answers))
            if not missing:
                made = await self.priced(connection, team_id, conversation_id, answers)
                await _store(connection, team_id, conversation_id, made)
            # A card that is there keeps the chart that was chosen for it.
            if not await self._touch(connection, team_id, conversation_id):
                await upsert_card(connection, team_id, conversation_card(conversation, "costs"))
        return missing

    async def comparison(self, team_id: str, conversation_id: str) -> Comparison:
        """Return the comparison for the newest answers.

        Raises:
            UserError: Something is missing that must be known first, or is beyond what can be priced.
        """
        return (await self.worded(team_id, conversation_id))[0]

    async def worded(self, team_id: str, conversation_id: str) -> tuple[Comparison, Sequence[str]]:
        """Return the comparison for the newest answers, and what it rests on in words.

        Raises:
            UserError: As for `comparison`.
        """
        async with self._database.team(team_id) as connection:
            await conversation_of(connection, team_id, conversation_id)
            held = current(await facts.all_facts(connection, team_id, conversation_id))
            answers = as_answers(held)
            if missing := missing_slots(answers):
                raise UserError(_nothing_yet(missing))
            made = await self.priced(connection, team_id, conversation_id, answers)
        return made.comparison, tuple(_assumptions(held, made))

    async def show_chart(self, team_id: str, conversation_id: str, kind: ChartKind) -> None:
        """Have the costs card show another chart.

        Raises:
            UserError: The conversation is gone.
        """
        async with self._database.team(team_id) as connection:
            card = conversation_card(await conversation_of(connection, team_id, conversation_id), "costs")
            await upsert_card(connection, team_id, replace(card, subject={**card.subject, "chart": kind}))

    async def show_guide(self, team_id: str, conversation_id: str, table: str) -> None:
        """Put a table of the guide with this comparison's figures beside it into the thread, one card for all tables.

        Raises:
            UserError: Nothing is priced yet, or the conversation is gone.
        """
        await self.comparison(team_id, conversation_id)
        async with self._database.team(team_id) as connection:
            card = conversation_card(await conversation_of(connection, team_id, conversation_id), "cost_guide")
            await upsert_card(connection, team_id, replace(card, subject={**card.subject, "table": table}))

    async def refresh(
        self, connection: Connection, team_id: str, conversation_id: str, held: Mapping[str, Fact]
    ) -> tuple[str, ...]:
        """Compare anew where the costs card is in the thread; return the slots that the card still lacks."""
        if not await self._touch(connection, team_id, conversation_id):
            return ()
        answers = as_answers(held)
        if missing := tuple(missing_slots(answers)):
            return missing
        try:
            made = await self.priced(connection, team_id, conversation_id, answers)
        except UserError:
            # The card shows the error when it is rendered; the answer itself is taken.
            return ()
        await _store(connection, team_id, conversation_id, made)
        return ()

    async def card(self, team_id: str, conversation_id: str, chart: ChartKind = "volume") -> CostCard:
        """Return the comparison for the newest answers with its chart and CSV, or what keeps it from being made."""
        async with self._database.team(team_id) as connection:
            held = current(await facts.all_facts(connection, team_id, conversation_id))
            answers = as_answers(held)
            missing = missing_slots(answers)
            if missing:
                return CostCard(missing=tuple(slot_name(slot) for slot in missing))
            try:
                made = await self.priced(connection, team_id, conversation_id, answers)
            except UserError as cause:
                return CostCard(missing=(str(cause),))
            scenarios = await cost_scenarios.scenarios(connection, team_id, conversation_id)
            settings = await cost_scenarios.settings(connection, team_id, conversation_id)
            views = in_order(await defaults.all_of(connection, team_id))
        kind: ChartKind = chart if chart in self._charts else "volume"
        png, alt = await self._draw(made.comparison, kind)
        return CostCard(
            missing=(),
            comparison=made.comparison,
            assumptions=tuple(_assumptions(held, made)),
            chart=kind,
            charts=tuple(self._charts),
            chart_png=png,
            chart_alt=alt,
            csv=to_csv(made.comparison),
            scenarios=tuple((each.id, each.name) for each in scenarios),
            can_remember=bool(rememberable(held, settings, views)),
        )

    async def csv(self, team_id: str, conversation_id: str) -> str:
        """Return the comparison as CSV.

        Raises:
            UserError: Something is missing that must be known first.
        """
        return to_csv(await self.comparison(team_id, conversation_id))

    async def export_csv(self, team_id: str, conversation_id: str, *, event_key: str) -> None:
        """Put the comparison into the thread as a CSV file.

        Raises:
            UserError: Something is missing that must be known first.
        """
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            held = current(await facts.all_facts(connection, team_id, conversation_id))
            if missing := missing_slots(as_answers(held)):
                raise UserError(_nothing_yet(missing))
            await upsert_card(connection, team_id, file_card(conversation, "costs_csv", event_key))

    async def _touch(self, connection: Connection, team_id: str, conversation_id: str) -> bool:
        """Have the cards that show the comparison shown anew; return whether the costs card is among them."""
        await touch_card(connection, team_id, card_key("cost_guide", conversation_id))
        return await touch_card(connection, team_id, card_key("costs", conversation_id))

    async def _draw(self, comparison: Comparison, kind: ChartKind) -> tuple[bytes, str]:
        """Return a chart and its words; drawing takes a good part of a second, so the newest are kept."""
        key = (id(comparison), kind)
        drawn = self._drawn.get(key)
        if drawn is None or drawn.comparison is not comparison:
            chart = self._charts[kind]
            drawn = _Drawn(comparison, *await asyncio.to_thread(lambda: (chart.png(comparison), chart.alt(comparison))))
        self._drawn[key] = drawn
        self._drawn.move_to_end(key)
        if len(self._drawn) > _CHARTS_KEPT:
            self._drawn.popitem(last=False)
        return drawn.png, drawn.alt


@dataclass(frozen=True, slots=True)
class _Drawn:
    # Kept as well, so that no other comparison gets its id.
    comparison: Comparison
    png: bytes
    alt: str


def _nothing_yet(missing: Sequence[str]) -> str:
    names = " and ".join(slot_name(slot).lower() for slot in missing)
    return f"There is no comparison yet: {names} must be known first. Ask for costs."


def compare_document(document: Mapping[str, Any], book: PriceBook) -> tuple[Comparison, dict[str, Any]]:
    """Return the comparison of a cost file, for `cairn cost`, and it as plain JSON.

    Where the file lists alternatives, the comparison is the first of them, and each stands under `sweep`.

    Raises:
        UserError: The file or a name in it cannot be used.
    """
    found = [(chosen, compare(inputs, book)) for chosen, inputs in alternatives(document)]
    if not found:
        raise UserError("A list in a cost file must hold at least one value.")
    documents = [to_json(comparison) for _, comparison in found]
    first = found[0][1]
    if len(found) == 1:
        return first, documents[0]
    parts = ("approaches", "ranking", "would_flip", "details")
    sweep = [
        {"set": dict(chosen), **{name: document[name] for name in parts}}
        for (chosen, _), document in zip(found, documents, strict=True)
    ]
    return first, {**documents[0], "sweep": sweep}


async def _store(connection: Connection, team_id: str, conversation_id: str, made: Priced) -> None:
    """Keep a comparison unless it is made from the same inputs as the newest."""
    inputs = stored_inputs(made.comparison)
    newest = await facts.newest_comparison(connection, team_id, conversation_id)
    if newest is None or newest.inputs != inputs:
        result = to_json(made.comparison)
        await facts.add_comparison(connection, team_id, conversation_id, inputs=inputs, result=result)


def _assumptions(held: Mapping[str, Fact], made: Priced) -> Iterator[str]:
    for slot in USED:
        fact = held.get(slot)
        if fact is not None and fact.value is not None:
            yield f"{slot_name(slot)}: {describe(slot, fact.value)} (your answer)"
    yield from made.remarks
    for assumed in made.comparison.assumptions:
        yield f"{assumed.text} ({assumed.kind}: {assumed.source})"
