"""What a workspace asked Cairn to remember: kept where somebody agreed, used where somebody presses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.costs.prices.book import PriceBook
from agents.decision.parsing import closest
from agents.errors import UserError
from agents.runs.roles import Role
from agents.services.answer_values import current
from agents.services.conversation_cards import card_key, conversation_of, offer_card, offer_key
from agents.services.decision_known import locked
from agents.services.decision_view import Known, mention
from agents.services.decisions import Decisions, Given
from agents.services.default_reading import read_default, read_name, require_priced
from agents.services.default_views import (
    SETTINGS,
    DefaultView,
    Rememberable,
    default_source,
    fingerprint,
    fitting,
    held_value,
    in_order,
    rememberable,
    worded,
)
from agents.services.people import People
from agents.services.prices import PriceBooks
from agents.store import audit, cost_scenarios, defaults, facts
from agents.store.cost_scenarios import CostSetting
from agents.store.db import Connection, Database
from agents.store.defaults import Given as ToKeep
from agents.store.facts import Fact
from agents.store.outbox import touch_card, upsert_card
from agents.store.watches import ask_check_of

_REMEMBER, _FORGET, _USE = "remember_defaults", "forget_defaults", "use_defaults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The defaults that a conversation may use, as its card shows them.

    `mark` stands for what is shown: a press counts for these values. `outcome` is what came of it, once something did.
    """

    conversation_id: str
    fitting: tuple[DefaultView, ...]
    mark: str
    outcome: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was taken from the defaults, and what was not and why, worded."""

    taken: tuple[str, ...]
    left: tuple[str, ...]


class Defaults:
    """The defaults of every workspace; everybody may look, requesters remember and forget.

    Args:
        database: Where they are.
        people: Who may.
        decisions: Takes answers.
        books: Looks up the prices of a team.
    """

    def __init__(self, database: Database, people: People, decisions: Decisions, books: PriceBooks) -> None:
        self._database = database
        self._people = people
        self._decisions = decisions
        self._books = books

    async def list(self, team_id: str) -> tuple[DefaultView, ...]:
        """Return what is remembered."""
        async with self._database.team(team_id) as connection:
            return in_order(await defaults.all_of(connection, team_id))

    async def rememberable(self, team_id: str, conversation_id: str, who: str) -> tuple[Rememberable, ...]:
        """Return what a conversation holds that `who` may have remembered.

        Raises:
            UserError: They may not, or there is nothing.
        """
        await self._require(team_id, who, "have something remembered")
        async with self._database.team(team_id) as connection:
            await conversation_of(connection, team_id, conversation_id)
            found = await _to_remember(connection, team_id, conversation_id)
        if not found:
            raise UserError("There is nothing new to remember here: all of it is remembered as it stands.")
        return found

    async def remember(
        self, team_id: str, conversation_id: str, marks: Collection[str], who: str, event_key: str
    ) -> tuple[DefaultView, ...]:
        """Remember values of a conversation as `who` agreed to; safe to repeat.

        Args:
            team_id: Slack's team.
            conversation_id: Where they were said.
            marks: `Rememberable.mark` of each; one that has changed since is refused.
            who: Who agrees.
            event_key: The press.

        Raises:
            UserError: They may not, nothing was picked, or a value has changed since it was shown.
        """
        await self._require(team_id, who, "have something remembered")
        async with self._database.team(team_id) as connection:
            await locked(connection, team_id, conversation_id)
            if await audit.of_event(connection, team_id, event_key, _REMEMBER) is None:
                found = await _to_remember(connection, team_id, conversation_id)
                picked = [each for each in found if each.mark in marks]
                if len(picked) < len(set(marks)):
                    raise UserError("Something of that was changed or remembered meanwhile. Look again, and pick anew.")
                if not picked:
                    raise UserError("Nothing was picked, so nothing is remembered.")
                kept = [
                    ToKeep(
                        name=each.name,
                        value=each.value,
                        said_by=each.said_by,
                        said_at=each.said_at,
                        conversation_id=conversation_id,
                    )
                    for each in picked
                ]
                await _keep(connection, team_id, kept, who, event_key)
                for kind in ("verdict", "costs"):
                    await touch_card(connection, team_id, card_key(kind, conversation_id))
            return in_order(await defaults.all_of(connection, team_id))

    async def set(self, team_id: str, name: str, text: str, who: str, event_key: str) -> tuple[DefaultView, ...]:
        """Remember a value that somebody typed; return what was set. Safe to repeat.

        Raises:
            UserError: They may not, or it cannot be read or priced.
        """
        await self._require(team_id, who, "have something remembered")
        wanted = read_name(name)
        async with self._database.team(team_id) as connection:
            values = read_default(wanted, text, await self._books.book(connection, team_id))
            if await audit.of_event(connection, team_id, event_key, _REMEMBER) is None:
                given = [ToKeep(name=each, value=value, said_by=who) for each, value in values.items()]
                await _keep(connection, team_id, given, who, event_key)
            return tuple(each for each in in_order(await defaults.all_of(connection, team_id)) if each.name in values)

    async def forget(self, team_id: str, names: Sequence[str] | None, who: str, event_key: str) -> tuple[str, ...]:
        """Forget values by name, or with None all of them; return the names that there were. Safe to repeat.

        Raises:
            UserError: They may not, or there is no such value.
        """
        await self._require(team_id, who, "have something forgotten")
        wanted = None if names is None else [read_name(each) for each in names]
        async with self._database.team(team_id) as connection:
            held = [each.name for each in await defaults.all_of(connection, team_id)]
            if await audit.of_event(connection, team_id, event_key, _FORGET) is not None:
                return tuple(wanted or ())
            gone = held if wanted is None else wanted
            if missing := [each for each in gone if each not in held]:
                known = closest(missing[0], held) if held else "Nothing is."
                raise UserError(f"{missing[0]} is not remembered. {known}")
            await defaults.forget(connection, team_id, gone)
            if gone:
                entry = audit.Entry(who, _FORGET, "defaults", event_key, details={"names": sorted(gone)})
                await audit.add(connection, team_id, entry)
            return tuple(gone)

    async def offer(self, team_id: str, conversation_id: str, subject: Mapping[str, Any]) -> Offer:
        """Return what the offer in a thread shows; `subject` is its card's.

        Raises:
            UserError: There is no such conversation.
        """
        async with self._database.team(team_id) as connection:
            await conversation_of(connection, team_id, conversation_id)
            held = current(await facts.all_facts(connection, team_id, conversation_id))
            settings = await cost_scenarios.settings(connection, team_id, conversation_id)
            fits = fitting(held, settings, in_order(await defaults.all_of(connection, team_id)))
        return Offer(
            conversation_id=conversation_id, fitting=fits, mark=fingerprint(fits), outcome=subject.get("outcome") or {}
        )

    async def decline(self, team_id: str, conversation_id: str, who: str) -> None:
        """Leave a conversation without the defaults."""
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            await upsert_card(connection, team_id, offer_card(conversation, {"declined_by": who}))

    async def use(self, team_id: str, conversation_id: str, who: str, event_key: str, mark: str | None = None) -> Used:
        """Take the defaults that fit into a conversation, as answers and settings of `who`; safe to repeat.

        What the conversation knows already stays as it is, and so does what can no longer be priced.

        Args:
            team_id: Slack's team.
            conversation_id: Where they are to hold.
            who: Who says so.
            event_key: The press.
            mark: `Offer.mark` of what was shown; None where nothing was.

        Raises:
            UserError: Nothing is remembered, or something else than was shown.
        """
        async with self._database.team(team_id) as connection:
            known = await locked(connection, team_id, conversation_id)
            views = in_order(await defaults.all_of(connection, team_id))
            if not views:
                raise UserError("This workspace has no defaults any more. `/cairn defaults` says how to set some.")
            settings = await cost_scenarios.settings(connection, team_id, conversation_id)
            if await audit.of_event(connection, team_id, event_key, _USE) is not None:
                return Used(taken=(), left=())
            fits = fitting(known.current, settings, views)
            if mark is not None and mark != fingerprint(fits):
                await touch_card(connection, team_id, offer_key(conversation_id))
                raise UserError("The defaults, or the answers here, have changed since. Look again and press anew.")
            priced, refused = _priced(fits, await self._books.book(connection, team_id))
            await self._take(connection, team_id, known, priced, who=who, event_key=event_key)
            taken = tuple(f"{each.label}: {each.shown}" for each in priced)
            left = (*_other_answers(known.current, settings, views), *refused)
            outcome = {"used_by": who, "taken": list(taken), "left": list(left)}
            await upsert_card(connection, team_id, offer_card(known.conversation, outcome))
            await audit.add(connection, team_id, audit.Entry(who, _USE, f"conversation:{conversation_id}", event_key))
        return Used(taken=taken, left=left)

    async def _take(
        self,
        connection: Connection,
        team_id: str,
        known: Known,
        taken: Sequence[DefaultView],
        *,
        who: str,
        event_key: str,
    ) -> None:
        """Record defaults as settings and answers of `who`; the source of each says where it comes from."""
        conversation_id = known.conversation.id
        sources = {each.name: default_source(each, event_key) for each in taken}
        set_now = [each for each in taken if each.name in SETTINGS]
        for each in set_now:
            await cost_scenarios.set_value(
                connection,
                team_id,
                conversation_id,
                key=each.name,
                value=each.value,
                who=who,
                source=sources[each.name],
            )
        if set_now:
            await ask_check_of(connection, team_id, conversation_id, "the workspace's defaults were used")
        given = {each.name: Given(each.value, who, sources[each.name]) for each in taken if each.name not in SETTINGS}
        await self._decisions.take(connection, team_id, known, given)

    async def _require(self, team_id: str, who: str, what: str) -> None:
        await self._people.require(team_id, who, Role.REQUESTER, what)


async def _to_remember(connection: Connection, team_id: str, conversation_id: str) -> tuple[Rememberable, ...]:
    held = current(await facts.all_facts(connection, team_id, conversation_id))
    settings = await cost_scenarios.settings(connection, team_id, conversation_id)
    return rememberable(held, settings, in_order(await defaults.all_of(connection, team_id)))


async def _keep(connection: Connection, team_id: str, given: Sequence[ToKeep], who: str, event_key: str) -> None:
    """Remember values, and write down who agreed; their values are not in the audit, which forgets nothing."""
    for each in given:
        await defaults.keep(connection, team_id, each, who=who, event_key=event_key)
    names = sorted(each.name for each in given)
    await audit.add(
        connection, team_id, audit.Entry(who, _REMEMBER, "defaults", event_key, details={"names": names})
    )  # fmt: skip


def _priced(views: Sequence[DefaultView], book: PriceBook) -> tuple[list[DefaultView], list[str]]:
    """Return the defaults with which something can be priced, and for the others, worded, why it cannot."""
    good, refused = [], []
    for each in views:
        try:
            require_priced(each.name, each.value, book)
        except UserError as cause:
            refused.append(f"{each.label}: {each.shown} cannot be used any more. {cause}")
        else:
            good.append(each)
    return good, refused


def _other_answers(
    held: Mapping[str, Fact], settings: Mapping[str, CostSetting], views: Sequence[DefaultView]
) -> Sequence[str]:
    """Return, worded, what this conversation says otherwise than the defaults; that stays."""
    told = []
    for each in views:
        given = held_value(each.name, held, settings)
        if given is not None and given.value != each.value:
            now = f"{worded(each.name, given.value)} here, from {mention(given.who)}"
            told.append(f"{each.label}: {now}; the default is {each.shown}")
    return told
