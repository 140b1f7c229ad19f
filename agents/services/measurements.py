"""Throughput that was measured: read, checked, kept in place of what was assumed, and everything priced anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.costs.calibrations import training_efficiency
from agents.costs.prices.book import PriceBook
from agents.costs.serving import Calibration
from agents.costs.students import student_named
from agents.costs.vllm_bench import BenchRun
from agents.distillation.load import ServedLoad
from agents.distillation.report_costs import gpu_named
from agents.errors import UserError
from agents.runs.roles import Role
from agents.services.measured import Served, Trained, serving_measured, training_measured, what_of
from agents.services.people import People
from agents.services.prices import PriceBooks, prices_changed
from agents.store import audit, measurements, prices
from agents.store.db import Connection, Database
from agents.store.measurements import Measured, MeasurementRow

# The request with which a throughput is described to people.
EXAMPLE_IN, EXAMPLE_OUT = 1_000, 200
_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A measurement that is kept now, and both figures in words: that which held before, and the new one."""

    id: str
    what: str
    before: str
    after: str


class Measurements:
    """The measurements of every team; everybody may look, approvers load.

    Args:
        database: Where they are.
        people: Who may.
        books: Looks up the prices of a team, for what its GPUs can do.
    """

    def __init__(self, database: Database, people: People, books: PriceBooks) -> None:
        self._database = database
        self._people = people
        self._books = books

    async def all(self, team_id: str) -> Sequence[MeasurementRow]:
        """Return the newest measurements, also those that were replaced."""
        async with self._database.team(team_id) as connection:
            return await measurements.history(connection, team_id, _HISTORY)

    async def require_loader(self, team_id: str, who: str) -> None:
        """Let `who` pass only where they may load measurements.

        Raises:
            UserError: They may not; the text says who may.
        """
        await self._people.require(team_id, who, Role.APPROVER, "load measurements")

    async def load_serving(
        self, team_id: str, runs: Sequence[BenchRun], served: Served, who: str, event_key: str | None = None
    ) -> Loaded:
        """Keep what runs of `vllm bench serve` say of a student on a GPU; it prices every comparison from now on.

        Raises:
            UserError: They cannot be of what they are said to be, or `who` may not.
        """
        await self.require_loader(team_id, who)
        async with self._database.team(team_id) as connection:
            book = await self._books.book(connection, team_id)
            measured, before = serving_measured(runs, served, book)
            kept = await record_measured(connection, team_id, measured, who, event_key)
        after = Calibration(
            measured.fit["prefill"], measured.fit["decode"], measured.fit["context"], measured.gpus,
            measured.source, "measured", measured.measured_on,
        )  # fmt: skip
        return Loaded(kept, what_of(measured), "none" if before is None else serving_text(before), serving_text(after))

    async def load_training(self, team_id: str, trained: Trained, who: str, event_key: str | None = None) -> Loaded:
        """Keep how fast a student was trained; it prices every comparison from now on.

        Raises:
            UserError: It cannot be, or `who` may not.
        """
        await self.require_loader(team_id, who)
        async with self._database.team(team_id) as connection:
            book = await self._books.book(connection, team_id)
            measured = training_measured(trained, book)
            student = student_named(trained.student)
            before = training_efficiency(student, trained.method, measured.gpu, book.calibrations)
            kept = await record_measured(connection, team_id, measured, who, event_key)
        after = f"{measured.fit['mfu']:.1%} of the peak (measured, {measured.measured_on})"
        return Loaded(kept, what_of(measured), f"{before.mfu:.1%} of the peak ({before.kind}, {before.as_of})", after)

    async def forget(self, team_id: str, measurement_id: str, who: str, event_key: str | None = None) -> None:
        """Remove a measurement; what was assumed before it holds again.

        Raises:
            UserError: There is no such measurement that holds, or `who` may not.
        """
        await self.require_loader(team_id, who)
        async with self._database.team(team_id) as connection:
            await prices.lock(connection, team_id)
            if not await measurements.end(connection, team_id, measurement_id.strip(), who):
                holding = ", ".join(row.id for row in await measurements.holding(connection, team_id)) or "none"
                raise UserError(f"There is no measurement {measurement_id.strip()!r} in use. In use: {holding}.")
            entry = audit.Entry(who, "forget_measurement", f"measurement:{measurement_id.strip()}", event_key)
            await audit.add(connection, team_id, entry)
            await prices_changed(connection, team_id, "a measurement was removed")


async def record_measured(
    connection: Connection, team_id: str, measured: Measured, who: str, event_key: str | None = None
) -> str:
    """Keep a measurement in place of the one like it, and have everything priced anew; return its id.

    For people's files and for runs that end: a stage calls it in the transaction that ends it.
    """
    await prices.lock(connection, team_id)
    kept = await measurements.add(connection, team_id, measured, who)
    details = {"what": what_of(measured), "fit": dict(measured.fit), "source": measured.source}
    entry = audit.Entry(who, "load_measurement", f"measurement:{kept}", event_key, details=details)
    await audit.add(connection, team_id, entry)
    await prices_changed(connection, team_id, f"{what_of(measured)} was measured")
    return kept


async def keep_load(connection: Connection, team_id: str, load: ServedLoad, book: PriceBook) -> str:
    """Keep what a served student did under load, as people's own files are kept; return what was measured, in words.

    Raises:
        UserError: Nothing is known of its base, or it cannot be; nothing is written then.
    """
    gpu = gpu_named(load.gpu, book)
    if gpu is None:
        raise UserError(f"No GPU {load.gpu!r} is known. `cairn prices set` adds it, CAIRN_SERVE_GPUS names another.")
    run = BenchRun(
        name=load.student,
        completed=load.requests,
        failed=load.failed,
        duration_s=load.seconds,
        tokens_in=load.tokens_in / load.requests,
        tokens_out=load.tokens_out / load.requests,
        model=None,
        made_on=book.as_of,
    )
    # Adapters are served on the base as it was trained, in 16 bits.
    served = Served(student=load.base.rpartition("/")[2], precision="bf16", gpu=gpu.name, gpus=load.gpus)
    measured, _ = serving_measured([run], served, book, by=f"the deployment of {load.student}")
    await record_measured(connection, team_id, measured, "cairn")
    return what_of(measured)


def serving_text(calibration: Calibration) -> str:
    """Return a throughput in words: its three figures, and what they mean for a request of 1,000 and 200 tokens."""
    rps = calibration.capacity_rps(EXAMPLE_IN, EXAMPLE_OUT)
    return (
        f"{calibration.prefill:,.0f} prompt and {calibration.decode:,.0f} output tokens per GPU second, "
        f"{calibration.context:.3g} s per output token and token of context; {rps:.3g} requests/s of {EXAMPLE_IN:,} in "
        f"and {EXAMPLE_OUT} out on {calibration.gpus} GPU{'s' if calibration.gpus > 1 else ''} "
        f"({calibration.kind}, {calibration.as_of})"
    )


def loaded_text(loaded: Loaded) -> str:
    """Return in words what was loaded, and what it replaces."""
    return f"{loaded.what} (`{loaded.id}`)\nbefore: {loaded.before}\nnow: {loaded.after}\nComparisons are priced anew."
