"""All requests of a distillation run to its teacher: in rounds of shards, each handed in once and its answers kept.

What a round leaves open, such as what expired or met an error that passes, is asked again in the next one; what was
answered never is. While batches are under way no worker is held.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from agents.costs.prices.book import ModelPrice
from agents.distillation.answers import Tally, answer_of, answer_row, is_settled, no_example, of_no_use
from agents.distillation.documents import evaluated
from agents.distillation.examples import Input
from agents.distillation.plan import PROBE, PROBED_FROM
from agents.distillation.spec import DistillationSpec, TeacherSpec
from agents.distillation.teaching import (
    TeacherAnswer,
    TeacherBusy,
    TeacherRequest,
    answer_schema,
    synthesis_requests,
    taught,
    teacher_request,
    teacher_system,
)
from agents.engine.artifacts import Kept
from agents.engine.stage import HandOver, StageContext
from agents.errors import UserError
from agents.evaluation.tasks import read
from agents.ports import BatchTeacher, LiveTeacher
from agents.stages.distil.asking import Answered, asked_live, collected, submitted
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, INPUTS, LABELLED, SYNTHETIC, examples_of, inputs_of, keep_rows, lines_of
from agents.stages.distil.shards import Phase, Shard, cut, round_shards, shard_of

# What an id begins with: the golden inputs, the first outputs, the second ones.
OF_GOLDEN, FIRST, SECOND = "g", "a", "b"

_ROUNDS: Final = 3
# The round before the first.
_PROBED: Final = 0
# How often in a row a teacher may be away before people are told: with a minute between, four hours.
_MOST_TURNS: Final = 240
# A live teacher that refuses all of these refuses everything.
_ENOUGH_REFUSED: Final = 50
_LARGEST_CHUNK, _CHUNKS = 500, 200


class Rounds:
    """One attempt at all requests; what it knows of former ones stands in the checkpoint and the files of answers.

    Attributes:
        teacher: Who is asked.
        shards: What was or is to be handed in, oldest first.
        written: How many inputs the teacher wrote; None until they are kept.
    """

    def __init__(self, context: StageContext[DistilDeps], spec: DistillationSpec, teacher: TeacherSpec) -> None:
        self._context = context
        self._spec = spec
        self._teacher_spec = teacher
        self.teacher: BatchTeacher | LiveTeacher = context.deps.teacher_for(teacher)
        before = context.checkpoint
        self.shards = [shard_of(each) for each in before.get("shards", ())]
        self._turns = int(before.get("turns", 0))
        self.written: Mapping[str, Any] | None = before.get("written")
        self._price: tuple[ModelPrice | None] | None = None
        self._all: dict[Phase, dict[str, str | TeacherRequest]] = {}
        self._inputs: list[tuple[Input, bool]] | None = None
        self._left_after: dict[tuple[Phase, int], list[str]] = {}

    async def ask(self, phase: Phase) -> None:
        """Go through the rounds of a phase until nothing is left open, or it was tried often enough.

        Raises:
            HandOver: Batches are under way, or the teacher is away.
            UserError: Not one request was answered.
        """
        if phase == "outputs" and not self.of(phase) and isinstance(self.teacher, BatchTeacher):
            await self._begin_probe(phase)
        while True:
            if not self._open(phase):
                round_ = max((each.round for each in self.of(phase)), default=0)
                asked = {each.round for each in self.of(phase) if not each.has_failed} - {_PROBED}
                left = await self._left(phase, round_) if len(asked) < _ROUNDS else []
                if not left:
                    break
                if round_ == _PROBED and self.of(phase):
                    await self._require_usable(phase)
                await self._begin(phase, round_ + 1, left)
            try:
                await self._advance(phase)
            except TeacherBusy as busy:
                await self._come_again(busy)
        self._require_answers(await self.tally(phase))

    async def _advance(self, phase: Phase) -> None:
        """Bring the shards of the round further."""
        if isinstance(self.teacher, LiveTeacher):
            await self._advance_live(self.teacher, phase)
        elif any(each.round == _PROBED for each in self._open(phase)):
            live = self._context.deps.teacher_for(self._teacher_spec.model_copy(update={"batch": False}))
            assert isinstance(live, LiveTeacher)  # noqa: S101  # asked for as such
            await self._advance_live(live, phase)
        else:
            await self._advance_batches(self.teacher, phase)

    async def _begin_probe(self, phase: Phase) -> None:
        """Have a few requests asked one by one first, where so many follow that their ends had better be known."""
        bodies = await self._bodies(phase)
        if len(bodies) >= PROBED_FROM:
            self.shards += round_shards(phase, _PROBED, [PROBE], len(self.shards))
            await self.save()
            self._context.log(f"{PROBE} of {len(bodies):,} requests are asked first, to see what comes of them")

    async def _require_usable(self, phase: Phase) -> None:
        """Make sure that what was asked first brought something to learn from."""
        self._require_answers(await self.tally(phase, sent_only=True))
        task, faults, answered = evaluated(self._spec), Counter[str](), 0
        async for answer in self.answers(phase):
            if answer.state == "answered":
                answered += 1
                told = taught(self._spec, answer.text)
                fault = told.fault or read(task, told.output).problem
                faults.update([fault] if fault is not None else [])
        if answered and faults.total() == answered:
            raise UserError(no_example(self.teacher.model, faults))
        unusable = f", {faults.total()} make no example" if faults else ""
        self._context.log(f"{answered} of the first {PROBE} were answered{unusable}")

    async def _advance_live(self, teacher: LiveTeacher, phase: Phase) -> None:
        for shard in self._open(phase):
            if self._context.draining.is_set():
                raise HandOver
            price = await self._priced()
            requests = await self._requests(shard)
            answered = await asked_live(self._context, teacher, shard.key, requests, price)
            await self._keep(shard, answered)
            if answered.stopped is not None:
                raise UserError(answered.stopped)
            if self._has_refused_enough(phase):
                self._require_answers(await self.tally(phase, sent_only=True))

    async def _advance_batches(self, teacher: BatchTeacher, phase: Phase) -> None:
        for shard in self._open(phase):
            if shard.batch is None:
                requests = await self._requests(shard)
                batch = await submitted(self._context, teacher, shard.key, requests, await self._priced())
                self._put(replace(shard, batch=batch))
                await self.save()
                self._context.log(f"batch {batch} is handed in, {shard.size} requests")
        done, failed = 0, None
        for shard in self._open(phase):
            assert shard.batch is not None  # noqa: S101  # see above
            progress = await teacher.progress(shard.batch)
            if progress.failed is not None:
                failed = progress.failed
                await self._keep(replace(shard, has_failed=True), Answered((), Decimal(0)), is_batch=True)
            elif progress.has_ended:
                price = await self._priced()
                answered = await collected(self._context, teacher, shard.key, shard.batch, price)
                await self._keep(shard, answered, is_batch=True)
            done += 0 if progress.has_ended else progress.done
        await self._report(phase, done)
        under_way = self._open(phase)
        if not under_way:
            if failed is not None:
                raise failed
            return
        if self._turns:
            self._turns = 0
            await self.save()
        more = f" and {len(under_way) - 1} more" if len(under_way) > 1 else ""
        total = sum(each.size for each in under_way)
        raise HandOver(
            self._context.deps.poll_every,
            f"waits for batch {under_way[0].batch}{more}: {done:,} of {total:,} requests are done",
        )

    async def _keep(self, shard: Shard, answered: Answered, *, is_batch: bool = False) -> None:
        """Make the answers of a shard the run's, with the checkpoint that speaks of them."""
        kept = await keep_rows(self._context, shard.file, [answer_row(each) for each in answered.answers])
        if is_batch:
            # Before they are the run's: another attempt would read them again, and close what is closed.
            is_paid = await self._priced() is not None
            await self._context.effects.close(shard.key, answered.usd if is_paid else None)
        self._put(shard.done(answered.answers, answered.usd))
        self._turns = self._turns if shard.has_failed else 0
        await self.save(kept)
        await self._report(shard.phase, 0)

    async def _begin(self, phase: Phase, round_: int, left: Sequence[str]) -> None:
        """Write down the shards of a new round, so that every attempt cuts it the same way."""
        deps, teacher = self._context.deps, self.teacher
        bodies = await self._bodies(phase)
        common = len(teacher_system(self._spec).encode()) + len(json.dumps(answer_schema(self._spec)))
        sizes = [_bytes(bodies[each], common) for each in left]
        if isinstance(teacher, BatchTeacher):
            most, most_bytes = min(deps.shard_requests, teacher.largest_batch), teacher.largest_bytes
        else:
            most, most_bytes = min(max(deps.chunk_requests, len(left) // _CHUNKS), _LARGEST_CHUNK), sum(sizes)
        numbers = cut(sizes, most=most, most_bytes=most_bytes)
        self.shards += round_shards(phase, round_, numbers, len(self.shards))
        await self.save()
        again = f"round {round_}: {len(left)} requests again" if round_ > 1 else f"{len(left)} requests"
        self._context.log(f"{again}, in {len(numbers)} parts")

    async def _come_again(self, busy: TeacherBusy) -> None:
        """Leave off until the teacher may be there again; always raises."""
        self._turns += 1
        is_enough = self._turns > _MOST_TURNS
        if is_enough:
            self._turns = 0
        await self.save()
        if is_enough:
            raise UserError(
                f"The teacher {self.teacher.model} {busy}, and did so {_MOST_TURNS} times in a row. Nothing is lost: "
                "retry the run once it is there again."
            )
        pause = max(self._context.deps.poll_every, timedelta(seconds=busy.retry_after_s or 0))
        raise HandOver(pause, f"waits, since the teacher {busy}")

    async def _requests(self, shard: Shard) -> list[TeacherRequest]:
        """Return the requests of a shard, the same in every attempt."""
        before = [each for each in self.of(shard.phase) if each.round == shard.round]
        start = sum(each.size for each in before[: before.index(shard)])
        left = await self._left(shard.phase, shard.round - 1)
        bodies = await self._bodies(shard.phase)
        return [self._request(each, bodies[each]) for each in left[start : start + shard.size]]

    def _request(self, request_id: str, body: str | TeacherRequest) -> TeacherRequest:
        return teacher_request(self._spec, request_id, body) if isinstance(body, str) else body

    async def _left(self, phase: Phase, round_: int) -> list[str]:
        """Return the requests that are open after a round that is over, in their order."""
        if (phase, round_) not in self._left_after:
            settled = {each.id async for each in self.answers(phase, round_) if is_settled(each)}
            left = [each for each in await self._bodies(phase) if each not in settled]
            self._left_after[phase, round_] = left
        return self._left_after[phase, round_]

    async def _bodies(self, phase: Phase) -> Mapping[str, str | TeacherRequest]:
        """Return all requests of a phase by their ids: the text of an input, or the request as it is."""
        if phase not in self._all:
            if phase == "inputs":
                synthesis = self._spec.data.synthesis
                has_seeds = synthesis is not None and synthesis.seeds == "labelled"
                shown = await examples_of(self._context, LABELLED) if has_seeds else ()
                self._all[phase] = {each.id: each for each in synthesis_requests(self._spec, shown)}
            else:
                golden = await examples_of(self._context, GOLDEN)
                texts = await self.texts() if phase == "outputs" else []
                bodies: dict[str, str | TeacherRequest] = {
                    f"{OF_GOLDEN}-{number:06d}": each.input for number, each in enumerate(golden)
                }
                for kind in (FIRST, SECOND)[: self._teacher_spec.samples]:
                    bodies |= {f"{kind}-{number:06d}": each.text for number, (each, _) in enumerate(texts)}
                self._all[phase] = bodies
        return self._all[phase]

    async def texts(self) -> list[tuple[Input, bool]]:
        """Return all inputs, and whether the teacher wrote them."""
        if self._inputs is None:
            own = await inputs_of(self._context, INPUTS)
            written = await inputs_of(self._context, SYNTHETIC) if self.written is not None else ()
            self._inputs = [*((each, False) for each in own), *((each, True) for each in written)]
        return self._inputs

    async def answers(self, phase: Phase, last_round: int | None = None) -> AsyncIterator[TeacherAnswer]:
        """Yield the answers that are kept, round by round."""
        for shard in self.of(phase):
            if shard.is_done and (last_round is None or shard.round <= last_round):
                for line in await lines_of(self._context, shard.file):
                    yield answer_of(json.loads(line))

    async def tally(self, phase: Phase, *, sent_only: bool = False) -> Tally:
        """Return what came of each request of a phase, by its last answer."""
        last: dict[str, TeacherAnswer] = {}
        async for answer in self.answers(phase):
            last[answer.id] = replace(answer, text="")
        tally = Tally()
        for each in last if sent_only else await self._bodies(phase):
            tally.add(last.get(each))
        return tally

    def _require_answers(self, tally: Tally) -> None:
        told = of_no_use(tally, self.teacher.model)
        if told is not None:
            raise UserError(told)

    def _has_refused_enough(self, phase: Phase) -> bool:
        states: dict[str, int] = {}
        for each in self.of(phase):
            for state, number in (each.states or {}).items():
                states[state] = states.get(state, 0) + number
        return set(states) == {"refused"} and states["refused"] >= _ENOUGH_REFUSED

    async def _report(self, phase: Phase, under_way: int) -> None:
        total = sum(each.size for each in self.of(phase))
        done = sum(each.size for each in self.of(phase) if each.is_done) + under_way
        note = "inputs are written" if phase == "inputs" else "outputs are written"
        await self._context.progress(done, total, "requests", note)

    async def _priced(self) -> ModelPrice | None:
        if self._price is None:
            self._price = (await self._context.deps.price_of(self._context.team_id, self._teacher_spec),)
        return self._price[0]

    async def save(self, *kept: Kept) -> None:
        """Record where it stands, together with files that belong to that."""
        async with self._context.database.team(self._context.team_id) as connection:
            for each in kept:
                await self._context.artifacts.add(connection, each)
            await self._context.save(connection, self._checkpoint())

    def _checkpoint(self) -> dict[str, Any]:
        return {"shards": [each.as_json() for each in self.shards], "turns": self._turns, "written": self.written}

    def of(self, phase: Phase) -> list[Shard]:
        """Return the shards of a phase."""
        return [each for each in self.shards if each.phase == phase]

    def _open(self, phase: Phase) -> list[Shard]:
        return [each for each in self.of(phase) if not each.is_done]

    def _put(self, shard: Shard) -> None:
        self.shards = [shard if each.key == shard.key else each for each in self.shards]


def _bytes(body: str | TeacherRequest, common: int) -> int:
    if isinstance(body, str):
        return len(body.encode()) + common
    return len(body.system.encode()) + len(body.user.encode())
