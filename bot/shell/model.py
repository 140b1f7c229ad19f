"""`cairn model`: who talks, what it costs and may cost, from a shell."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from agents.services.talk_limits import TalkScope, read_talk_budget
from agents.services.talking import Spoken, TalkingView, lapse_words, limit_words, usage_words
from agents.store.talking import TalkUsage
from bot.shell.session import open_session


@click.command()
@click.option("--use", metavar="NAME", help="Have another talker speak: guided, claude, vllm, or default.")
@click.option("--limit", "limits", metavar="SCOPE=AMOUNT", multiple=True, help="thread=2, user=none, day=default, …")
@click.option("--conversation", metavar="ID", help="Show also what talking cost in this conversation.")
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def model(use: str | None, limits: tuple[str, ...], conversation: str | None, as_json: bool, data: Path | None) -> None:
    """Show who talks, at which price, what it cost and what is left; switch it, or set limits.

    `thread` is the most for one thread, `user` for one person in a day, `day` for a day and `workspace` for a calendar
    month, all UTC; `none` is no limit, `default` the one that Cairn comes with.
    """
    view = asyncio.run(_view(use, limits, conversation, data))
    if as_json:
        click.echo(json.dumps(model_document(view)))
        return
    for line in _lines(view):
        click.echo(line)


def model_document(view: TalkingView) -> dict[str, Any]:
    """Return who talks and what it costs as plain JSON, amounts as numbers and null for no limit."""
    talker, costs = view.talker, view.costs
    used = {"day": costs.workspace.day, "month": costs.workspace.month}
    if costs.person is not None:
        used["own_day"] = costs.person.day
    if costs.thread is not None:
        used["conversation_month"] = costs.thread.month
    return {
        "talker": talker.name,
        "model": talker.model,
        "default": talker.default,
        "chosen": None
        if talker.choice is None
        else {"name": talker.choice.name, "by": talker.choice.set_by, "at": talker.choice.set_at.isoformat()},
        "talkers": dict(talker.models),
        "price": None if view.spoken is None else _price(view.spoken),
        "small_model": talker.small_model,
        "small_price": None if view.fills is None else _price(view.fills),
        "lapse": None if view.lapse is None else {"failure": view.lapse.failure, "at": view.lapse.ended_at.isoformat()},
        "used": {name: _used(each) for name, each in used.items()},
        "limits": {str(each.scope): _limit(view, each.scope) for each in costs.caps},
    }


def _price(spoken: Spoken) -> dict[str, Any]:
    if spoken.price is None:
        return {"source": "self-hosted" if spoken.is_self_hosted else None, "as_of": None, "usd_per_mtok": None}
    rates = spoken.price.standard
    return {
        "source": spoken.price.source,
        "as_of": spoken.price.as_of.isoformat(),
        "usd_per_mtok": {
            "input": float(rates.input),
            "output": float(rates.output),
            "cache_read": float(rates.cache_read),
            "cache_write": float(rates.cache_write),
        },
    }


def _used(used: TalkUsage) -> dict[str, Any]:
    return {
        "calls": used.calls,
        "turns": used.turns,
        "degraded_turns": used.degraded_turns,
        "input_tokens": used.input_tokens,
        "cache_read_tokens": used.cache_read_tokens,
        "cache_write_tokens": used.cache_write_tokens,
        "output_tokens": used.output_tokens,
        "spent_usd": float(used.spent_usd),
        "reserved_usd": float(used.reserved_usd),
        "refusals": dict(used.refusals),
    }


def _limit(view: TalkingView, scope: TalkScope) -> dict[str, Any]:
    cap, budget = view.costs.cap(scope), view.costs.who_set(scope)
    is_counted = _is_counted(view, scope)
    return {
        "limit_usd": None if cap.limit_usd is None else float(cap.limit_usd),
        "spent_usd": float(cap.spent_usd) if is_counted else None,
        "reserved_usd": float(cap.reserved_usd) if is_counted else None,
        "left_usd": None if cap.left_usd is None or not is_counted else float(cap.left_usd),
        "set_by": None if budget is None else budget.set_by,
        "set_at": None if budget is None else budget.set_at.isoformat(),
    }


def _is_counted(view: TalkingView, scope: TalkScope) -> bool:
    """Return whether what counts against a limit was asked for."""
    return scope is not TalkScope.THREAD or view.costs.thread is not None


def _lines(view: TalkingView) -> list[str]:
    named = view.spoken.model if view.spoken is not None else "rules and buttons, without a model"
    lines = [f"{view.talker.name} talks: {named}"]
    if view.spoken is not None:
        lines.append(f"  {view.spoken.words}")
    if view.fills is not None:
        lines.append(f"  {view.fills.model} takes what is said into answers: {view.fills.words}")
    if view.lapse is not None:
        lines.append(f"  It {lapse_words(view.lapse)} at {view.lapse.ended_at.isoformat(timespec='seconds')}.")
    lines.append(f"This month: {'; '.join(usage_words(view.costs.workspace.month))}")
    lines += [f"{cap.scope:<10} {limit_words(cap, is_counted=_is_counted(view, cap.scope))}" for cap in view.costs.caps]
    others = [name for name in view.talker.models if name != view.talker.name]
    if others:
        lines.append(f"`cairn model --use NAME` switches to: {', '.join([*others, 'default'])}")
    return lines


async def _view(use: str | None, limits: tuple[str, ...], conversation: str | None, data: Path | None) -> TalkingView:
    # Read before anything is set, so that of several all are set or none.
    wanted = [read_talk_budget(*each.partition("=")[::2]) for each in limits]
    async with open_session(data) as session:
        services, team_id, who = session.services, session.team_id, session.who
        if conversation is not None:
            await services.decisions.state(team_id, conversation)
        if use is not None:
            await services.talkers.set(team_id, use, who)
        for scope, given in wanted:
            await services.talk_budgets.set(team_id, scope, given, who)
        return await services.talking.view(team_id, user_id=who, conversation_id=conversation)
