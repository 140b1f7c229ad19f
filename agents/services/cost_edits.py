"""What people change of a cost comparison: the whole form, or one input; answers become facts, the rest settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.costs.prices.book import PriceBook
from agents.decision.answers import Answers
from agents.decision.parsing import answers_to_json, parse_answers
from agents.errors import UserError
from agents.ports import TokenCounter
from agents.services.answer_values import as_answers, current
from agents.services.conversation_cards import conversation_of
from agents.services.cost_fields import field_of, read_field
from agents.services.cost_form import SAMPLES, CostForm, Counts, FormRead, cost_form, read_form
from agents.services.cost_inputs import missing_slots, tokens_json
from agents.services.cost_values import CostInput, cost_inputs
from agents.services.costs import Costs
from agents.services.decisions import Decisions
from agents.services.prices import PriceBooks
from agents.store import conversations, cost_scenarios, facts
from agents.store.cost_scenarios import CostSetting
from agents.store.db import Connection, Database
from agents.store.facts import Fact
from agents.store.watches import ask_check_of

# Inputs that cannot be left empty: without them nothing is priced.
_NEEDED = frozenset({"requests_per_day", "tokens_in", "tokens_out"})


@dataclass(frozen=True, slots=True)
class _Held:
    """What holds in a conversation, and the prices that go with it; empty where there is none yet."""

    facts: Mapping[str, Fact]
    answers: Answers
    settings: Mapping[str, CostSetting]
    book: PriceBook

    @property
    def values(self) -> dict[str, Any]:
        """The settings as values by key."""
        return {key: setting.value for key, setting in self.settings.items()}


class CostEdits:
    """Reads and takes what people enter about costs.

    Args:
        database: Where answers and settings are.
        decisions: Takes the answers, so that the verdict follows.
        costs: Prices and shows them.
        books: Looks up the prices of a team.
        counter: Counts pasted samples.
    """

    def __init__(
        self, database: Database, decisions: Decisions, costs: Costs, books: PriceBooks, counter: TokenCounter
    ) -> None:
        self._database = database
        self._decisions = decisions
        self._costs = costs
        self._books = books
        self._counter = counter

    async def form(self, team_id: str, conversation_id: str | None) -> CostForm:
        """Return the form as it begins for a conversation, or for one that is still to begin."""
        held = await self._held(team_id, conversation_id)
        return cost_form(held.answers, held.values, held.book, counted_by=self._counter.method)

    async def wrong_form(
        self, team_id: str, conversation_id: str | None, entered: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """Return what cannot be taken of a form as entered, by field."""
        held = await self._held(team_id, conversation_id)
        read = await self._read(held, entered)
        return read.errors or self._unpriced(held, read.slots, read.settings)

    async def take_form(
        self, team_id: str, conversation_id: str, entered: Mapping[str, Any], *, who: str, source: str
    ) -> None:
        """Take a form and show the comparison; safe to repeat with the same source.

        Raises:
            UserError: A field cannot be read; the form says so before, where nothing else has changed meanwhile.
        """
        held = await self._held(team_id, conversation_id)
        read = await self._read(held, entered)
        if read.errors:
            raise UserError("\n".join(read.errors.values()))
        await self._take(team_id, conversation_id, read.slots, read.settings, who=who, source=source)

    async def begin(self, team_id: str, channel: str, thread_ts: str, who: str) -> str:
        """Return the id of the conversation in a thread, which begins here where there is none."""
        async with self._database.team(team_id) as connection:
            begun = await conversations.open_conversation(
                connection, team_id, channel=channel, thread_ts=thread_ts, started_by=who
            )
        return begun.id

    async def inputs(self, team_id: str, conversation_id: str) -> Sequence[CostInput]:
        """Return every input that can be changed, with its value and where it comes from.

        Raises:
            UserError: Nothing is priced yet, or the conversation is gone.
        """
        async with self._database.team(team_id) as connection:
            await conversation_of(connection, team_id, conversation_id)
        held = await self._held(team_id, conversation_id)
        if missing_slots(held.answers):
            raise UserError("Volume and tokens must be known before an input can be changed. Open the whole form.")
        made = self._costs.pricing.priced(held.answers, held.book, held.values)
        return cost_inputs(made.comparison, held.facts, held.settings)

    async def input(self, team_id: str, conversation_id: str, key: str) -> CostInput:
        """Return one input.

        Raises:
            UserError: It cannot be changed here, or nothing is priced yet.
        """
        field_of(key)
        return next(each for each in await self.inputs(team_id, conversation_id) if each.key == key)

    async def wrong_input(self, team_id: str, conversation_id: str, key: str, text: str) -> str | None:
        """Return why a new value of an input cannot be taken, or None."""
        held = await self._held(team_id, conversation_id)
        try:
            slots, settings = _changes(held, key, text)
        except UserError as cause:
            return str(cause)
        return next(iter(self._unpriced(held, slots, settings).values()), None)

    async def take_input(
        self, team_id: str, conversation_id: str, key: str, text: str, *, who: str, source: str
    ) -> None:
        """Take a new value of an input, empty for what the cost core assumes, and bring the card up to date.

        Raises:
            UserError: The value cannot be read or priced.
        """
        held = await self._held(team_id, conversation_id)
        slots, settings = _changes(held, key, text)
        if wrong := next(iter(self._unpriced(held, slots, settings).values()), None):
            raise UserError(wrong)
        await self._take(team_id, conversation_id, slots, settings, who=who, source=source)

    async def _take(
        self,
        team_id: str,
        conversation_id: str,
        slots: Mapping[str, Any],
        settings: Mapping[str, Any],
        *,
        who: str,
        source: str,
    ) -> None:
        async with self._database.team(team_id) as connection:
            await conversations.lock(connection, team_id, conversation_id)
            held = await cost_scenarios.settings(connection, team_id, conversation_id)
            changed = {
                key: value for key, value in settings.items() if value != (held[key].value if key in held else None)
            }
            for key, value in changed.items():
                await cost_scenarios.set_value(
                    connection, team_id, conversation_id, key=key, value=value, who=who, source=source
                )
            if changed:
                await ask_check_of(connection, team_id, conversation_id, "an input of the costs was changed")
        # Also where only settings changed: the payback moves with them, and with it the verdict.
        await self._decisions.record(
            team_id, conversation_id, answers=slots, who=who, source=source, is_interview=False
        )
        await self._costs.show(team_id, conversation_id)

    async def _held(self, team_id: str, conversation_id: str | None) -> _Held:
        async with self._database.team(team_id) as connection:
            return await _held(connection, self._books, team_id, conversation_id)

    async def _read(self, held: _Held, entered: Mapping[str, Any]) -> FormRead:
        samples = {name: str(entered.get(sample) or "") for name, sample in SAMPLES.items()}
        pasted = {name: text for name, text in samples.items() if text.strip()}
        counted = await self._counter.count(list(pasted.values()))
        counts = Counts(dict(zip(pasted, counted, strict=True)), self._counter.method if pasted else "")
        return read_form(entered, held.answers, held.values, held.book, counts=counts)

    def _unpriced(self, held: _Held, slots: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Return why the comparison cannot be made once these hold, by the field it is most likely about."""
        try:
            answers = parse_answers({**answers_to_json(held.answers), **slots})
            if not missing_slots(answers):
                self._costs.pricing.priced(answers, held.book, {**held.values, **settings})
        except UserError as cause:
            changed = [*slots, *settings]
            named, _, _ = str(cause).partition(":")
            return {named if named in changed else next(iter(changed), "requests_per_day"): str(cause)}
        return {}


async def _held(connection: Connection, books: PriceBooks, team_id: str, conversation_id: str | None) -> _Held:
    book = await books.book(connection, team_id)
    if conversation_id is None:
        return _Held({}, Answers(), {}, book)
    held = current(await facts.all_facts(connection, team_id, conversation_id))
    settings = await cost_scenarios.settings(connection, team_id, conversation_id)
    return _Held(held, as_answers(held), settings, book)


def _changes(held: _Held, key: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return answers by slot and settings by key that a typed value of one input changes.

    Raises:
        UserError: It cannot be read, or not be left empty.
    """
    field = field_of(key)
    value: Any = None
    if not text.strip():
        if key in _NEEDED:
            raise UserError(f"Nothing can be priced without it. For example: {field.example}")
        value = 0 if field.is_part else None
    else:
        value = read_field(field, text)
    if field.slot is None:
        if key == "models" and value is not None:
            value = [held.book.model(name).id for name in value]
        return {}, {key: value}
    if not field.is_part:
        return {field.slot: value if field.slot != "gpu" else _gpu(held, value)}, {}
    tokens = {**(tokens_json(held.answers) or {}), key: value}
    if tokens.get("static_prefix", 0) > tokens.get("tokens_in", 0):
        raise UserError(
            f"The fixed part of a prompt, {tokens['static_prefix']:,} tokens, cannot be more than the prompt's "
            f"{tokens['tokens_in']:,}."
        )
    return {field.slot: tokens}, {}


def _gpu(held: _Held, value: str | None) -> Any:
    """Return the GPUs at hand as the slot takes them.

    Raises:
        UserError: Nobody knows the price of that kind.
    """
    gpu = parse_answers({"gpu": value}).gpu
    if gpu is None:
        return None
    if gpu.count:
        held.book.gpu(gpu.kind)
    return {"kind": gpu.kind, "count": gpu.count}
