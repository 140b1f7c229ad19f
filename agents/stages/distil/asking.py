"""One shard of requests to a teacher: handed in once, its answers kept, and what it cost written down.

A batch is one effect, open until its answers are kept. A chunk of a live teacher is one effect whose result holds the
answers, since they are nowhere else; where calls cost nothing no effect is needed, and what was lost is asked again.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from agents.costs.calls import call_usd
from agents.costs.prices.book import ModelPrice
from agents.distillation.answers import answer_of, answer_row
from agents.distillation.plan import request_usd
from agents.distillation.teaching import TeacherAnswer, TeacherBusy, TeacherRefused, TeacherRequest
from agents.engine.effects import Refused
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.ports import BatchTeacher, LiveTeacher
from agents.runs.effects import Found, Intent, Outcome
from agents.stages.distil.deps import DistilDeps

# A worker that stops waits this long for answers under way; an effect's call is given 10 s after its attempt's end.
_FINISH_WITHIN_S: Final = 8.0
# Kinds of errors of a teacher that is away or overloaded, none of which are paid.
_AWAY: Final = frozenset({"busy", "failed"})


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a shard, by their ids, and what they cost; `stopped` says why no more can be had, for people."""

    answers: tuple[TeacherAnswer, ...]
    usd: Decimal
    stopped: str | None = None


def batch_name(team_id: str, run_id: str, key: str) -> str:
    """Return what the requests of a batch carry outside; its own for each shard of each run."""
    return hashlib.sha256(json.dumps([team_id, run_id, key]).encode()).hexdigest()[:16]


def answers_usd(price: ModelPrice | None, answers: Iterable[TeacherAnswer]) -> Decimal:
    """Return what the answers of a batch cost; nothing where calls cost nothing."""
    return sum((_usd(price, each, is_batch=True) for each in answers), Decimal(0))


def most_usd(price: ModelPrice | None, requests: Sequence[TeacherRequest], *, is_batch: bool) -> Decimal | None:
    """Return the most that requests can cost; None where they cost nothing."""
    if price is None:
        return None
    return sum((_most_of(price, each, is_batch=is_batch) for each in requests), Decimal(0))


async def submitted(
    context: StageContext[DistilDeps],
    teacher: BatchTeacher,
    key: str,
    requests: Sequence[TeacherRequest],
    price: ModelPrice | None,
) -> str:
    """Return the id of the batch of a shard, handed in now or before.

    Raises:
        TeacherBusy: It was not taken; come again.
        UserError: It is not taken.
        Asked: People are asked; let it pass.
    """
    name = batch_name(context.team_id, context.run_id, key)

    async def do(idempotency_key: str) -> Outcome:
        del idempotency_key  # No batch API knows one; the name stands for it.
        with _refusals():
            return Outcome(await teacher.submit(name, requests), {"requests": len(requests)})

    async def find(intent: Intent) -> Sequence[Found]:
        found = await teacher.find(name, len(requests), intent.intended_at)
        return [Found(each.id, {"requests": len(requests)}, is_ours=each.is_ours) for each in found]

    try:
        outcome = await context.effects.once(
            key,
            teacher.effect_kind,
            _summary(teacher.model, requests),
            do,
            find=find,
            cost_usd=most_usd(price, requests, is_batch=True),
            is_open=True,
        )
    except Refused as refused:
        raise _cause_of(refused) from refused
    return outcome.external_id


async def collected(
    context: StageContext[DistilDeps], teacher: BatchTeacher, key: str, batch_id: str, price: ModelPrice | None
) -> Answered:
    """Return the answers of a batch that has ended; the ledger is told what it cost once they are kept."""
    answers = [each async for each in teacher.answers(batch_name(context.team_id, context.run_id, key), batch_id)]
    return Answered(_sorted(answers), answers_usd(price, answers))


async def asked_live(
    context: StageContext[DistilDeps],
    teacher: LiveTeacher,
    key: str,
    requests: Sequence[TeacherRequest],
    price: ModelPrice | None,
) -> Answered:
    """Return the answers of a live teacher to a shard, asked now or before.

    Raises:
        TeacherBusy: It answers nothing now, and nothing was spent; come again.
        UserError: It answers nothing.
        Asked: People are asked; let it pass.
    """
    if price is None:
        answers, stopped = await _ask_all(context, teacher, requests)
        return Answered(_sorted(answers), Decimal(0), stopped)
    by_id = {each.id: each for each in requests}

    async def do(idempotency_key: str) -> Outcome:
        del idempotency_key  # Chat APIs know none.
        with _refusals():
            answers, stopped = await _ask_all(context, teacher, requests)
        usd = Decimal(0)
        for each in answers:
            is_unsure = each.may_be_paid
            usd += _most_of(price, by_id[each.id], is_batch=False) if is_unsure else _usd(price, each, is_batch=False)
        rows = [answer_row(each) for each in _sorted(answers)]
        return Outcome(batch_name(context.team_id, context.run_id, key), {"answers": rows, "stopped": stopped}, usd)

    try:
        outcome = await context.effects.once(
            key,
            teacher.effect_kind,
            _summary(teacher.model, requests),
            do,
            cost_usd=most_usd(price, requests, is_batch=False),
        )
    except Refused as refused:
        raise _cause_of(refused) from refused
    # Where a person adopted the call by an id, its answers are nowhere; they are asked for in the next round.
    rows = outcome.result.get("answers", ())
    return Answered(tuple(map(answer_of, rows)), outcome.actual_usd or Decimal(0), outcome.result.get("stopped"))


async def _ask_all(
    context: StageContext[DistilDeps], teacher: LiveTeacher, requests: Sequence[TeacherRequest]
) -> tuple[list[TeacherAnswer], str | None]:
    """Return what came of requests, and why there is no more; those that were not sent have no answer.

    Raises:
        TeacherRefused: Nothing was answered, and nothing will be.
        TeacherBusy: Nothing was answered, and nothing was spent.
    """
    asking = _Asking(teacher, requests, context.draining)
    answers = await asking.all()
    if asking.refusal is not None and not answers:
        raise asking.refusal
    if answers and all(each.state == "errored" and each.detail in _AWAY for each in answers):
        raise TeacherBusy(f"answers nothing at the moment ({answers[0].detail})")
    return answers, None if asking.refusal is None else str(asking.refusal)


class _Asking:
    """Requests under way, some at once; none is begun once the worker is to stop or the teacher refuses all."""

    def __init__(self, teacher: LiveTeacher, requests: Sequence[TeacherRequest], draining: asyncio.Event) -> None:
        self._teacher = teacher
        self._left = list(reversed(requests))
        self._draining = draining
        self._sent: set[str] = set()
        self._answers: list[TeacherAnswer] = []
        self.refusal: TeacherRefused | None = None

    async def all(self) -> list[TeacherAnswer]:
        """Return what came of the requests that were sent."""
        tasks = {asyncio.create_task(self._work()) for _ in range(min(self._teacher.at_once, len(self._left)))}
        draining = asyncio.create_task(self._draining.wait())
        try:
            waiting: asyncio.Future[Any] = asyncio.gather(*tasks)
            stopping: asyncio.Future[Any] = draining
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({waiting}, timeout=None if waiting.done() else _FINISH_WITHIN_S)
            if waiting.done():
                waiting.result()
        finally:
            for task in (*tasks, draining):
                task.cancel()
            await asyncio.gather(*tasks, draining, return_exceptions=True)
        lost = [TeacherAnswer(id=each, state="errored", detail="lost", may_be_paid=True) for each in sorted(self._sent)]
        return [*self._answers, *lost]

    async def _work(self) -> None:
        while self._left and self.refusal is None and not self._draining.is_set():
            request = self._left.pop()
            self._sent.add(request.id)
            try:
                began_s = time.perf_counter()
                answer = await self._teacher.answer(request)
                self._answers.append(replace(answer, latency_s=round(time.perf_counter() - began_s, 6)))
            except TeacherRefused as refusal:
                self.refusal = refusal
            self._sent.discard(request.id)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what says that nothing was taken into what the ledger knows."""
    try:
        yield
    except (TeacherRefused, TeacherBusy) as cause:
        raise Refused(str(cause)) from cause


def _cause_of(refused: Refused) -> Exception:
    cause = refused.__cause__
    return cause if isinstance(cause, TeacherBusy | UserError) else refused


def _summary(model: str, requests: Sequence[TeacherRequest]) -> dict[str, Any]:
    """Return what stands for requests in the ledger: none of their contents."""
    digest = hashlib.sha256()
    for each in requests:
        line = json.dumps([each.id, each.system, each.user, each.schema, each.max_tokens], sort_keys=True)
        digest.update(line.encode() + b"\n")
    return {"model": model, "requests": len(requests), "sha256": digest.hexdigest()}


def _most_of(price: ModelPrice, request: TeacherRequest, *, is_batch: bool) -> Decimal:
    prompt = f"{request.system}{request.user}{json.dumps(request.schema, ensure_ascii=False)}"
    return request_usd(price, prompt, request.max_tokens, is_batch=is_batch)


def _usd(price: ModelPrice | None, answer: TeacherAnswer, *, is_batch: bool) -> Decimal:
    return Decimal(0) if price is None else call_usd(price, **asdict(answer.usage), is_batch=is_batch)


def _sorted(answers: Sequence[TeacherAnswer]) -> tuple[TeacherAnswer, ...]:
    return tuple(sorted(answers, key=lambda each: each.id))
