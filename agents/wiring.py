"""The one place that knows every concrete class: services for a face, dependencies for a worker."""

import datetime as dt
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import get_args

from pydantic import SecretStr

from agents.adapters import artifacts, parsers
from agents.adapters.directory import StaticDirectory
from agents.adapters.embedders.minilm import MiniLm
from agents.adapters.hosts import LocalHost
from agents.adapters.models.configured import open_chats, open_small_chats
from agents.adapters.prices import price_book, price_sources
from agents.adapters.prices.own_file import read_own_prices
from agents.adapters.servers.vllm import Vllm
from agents.adapters.sources.data_files import DataFiles
from agents.adapters.sources.folder import Folders
from agents.adapters.teachers import OPENAI_URL, TERMS, Access, Teachers
from agents.adapters.telemetry import open_telemetry
from agents.adapters.telemetry import standing as telemetry_standing
from agents.adapters.token_counters import CharacterCounter
from agents.conversation.conversations import Conversations
from agents.conversation.metering import Meter
from agents.conversation.talkers.chosen import Chosen
from agents.conversation.talkers.failover import Failover
from agents.conversation.talkers.guided import Guided
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.talkers.tiered import Tiered
from agents.conversation.talking import Talker
from agents.conversation.tools import MODEL_TOOLS
from agents.costs.compare import Comparison
from agents.costs.inputs import SMALL_MODEL
from agents.costs.prices.book import PriceBook
from agents.costs.prices.overrides import OwnPrice, with_own_prices
from agents.distillation.load import ServedLoad
from agents.distillation.loss_curve import LossCurve
from agents.distillation.report import Report
from agents.distillation.spec import TeacherSpec
from agents.engine.rest import Rest
from agents.engine.server_keeper import ServerKeeper
from agents.engine.slots import Slots
from agents.engine.stage import Interpreter
from agents.engine.student_files import StudentFiles
from agents.ports import Artifacts, ChatModel, Directory, ModelServer, Voice
from agents.runs.effects import EFFECT_QUESTION
from agents.runs.money import BUDGET_QUESTION
from agents.services.audits import Audits
from agents.services.budgets import Budgets, budget_answered
from agents.services.contradictions import Contradictions
from agents.services.cost_edits import CostEdits
from agents.services.cost_scenarios import CostScenarios
from agents.services.costs import Chart, ChartKind, Costs
from agents.services.data_sources import DataSources, dsn_variable
from agents.services.decisions import Decisions
from agents.services.defaults import Defaults
from agents.services.delegations import Delegations
from agents.services.distill_forms import DistillForms
from agents.services.distillations import Distillations
from agents.services.effect_answers import effect_answered
from agents.services.forgetting import Forgetting
from agents.services.halts import Halts
from agents.services.index import Indexes
from agents.services.measurements import Measurements, keep_load
from agents.services.outputs import Outputs
from agents.services.people import People
from agents.services.price_refresh import PriceRefresh
from agents.services.prices import PriceBooks, Prices
from agents.services.questions import Questions
from agents.services.reports import ReportCharts, Reports
from agents.services.retention import Retention
from agents.services.runs import Runs
from agents.services.students import Students
from agents.services.talk_budgets import TalkBudgets
from agents.services.talk_costs import TalkCosts
from agents.services.talkers import TalkerChoices
from agents.services.talking import Talking
from agents.services.watches import Watches
from agents.services.workers import Workers
from agents.settings import Settings
from agents.stages import STAGES
from agents.stages.deps import IndexDeps
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.ending import end_cancelled_for_ever
from agents.store.checkpoints import Checkpoints
from agents.store.db import Connection, Database
from agents.telemetry import Telemetry

__all__ = [
    "STAGES",
    "Services",
    "cost_charts",
    "end_cancelled_for_ever",
    "local_host",
    "open_artifacts",
    "open_chats",
    "open_server",
    "open_services",
    "open_small_chats",
    "open_telemetry",
    "prices_offline",
    "prices_today",
    "report_charts",
    "telemetry_standing",
]


@dataclass(frozen=True, kw_only=True)
class StageDeps(DistilDeps, IndexDeps):
    """What the stages of every kind of run work with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """An open database, the services on it, and what the stages of runs work with."""

    database: Database
    people: People
    budgets: Budgets
    talk_budgets: TalkBudgets
    talk_costs: TalkCosts
    talkers: TalkerChoices
    talking: Talking
    conversations: Conversations
    decisions: Decisions
    watches: Watches
    delegations: Delegations
    contradictions: Contradictions
    defaults: Defaults
    forgetting: Forgetting
    retention: Retention
    costs: Costs
    prices: Prices
    price_refresh: PriceRefresh
    measurements: Measurements
    cost_edits: CostEdits
    cost_scenarios: CostScenarios
    runs: Runs
    questions: Questions
    halts: Halts
    indexes: Indexes
    outputs: Outputs
    audits: Audits
    workers: Workers
    students: Students
    reports: Reports
    distillations: Distillations
    data_sources: DataSources
    distill_forms: DistillForms
    stage_deps: StageDeps


@asynccontextmanager
async def open_services(
    settings: Settings,
    directory: Directory | None = None,
    voice: Callable[[Database], Voice] | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Services]:
    """Build the services on `settings.database_url` and close what they opened in the end.

    Args:
        settings: What the process was told.
        directory: Looks people up; without one nobody but a shell has a role.
        voice: Made on the database, brings replies to their threads; without one they are cards, posted when whole.
        telemetry: Told of turns, tools and calls of models; of nothing by default.
    """
    assert settings.database_url is not None  # noqa: S101  # callers resolve it first
    async with (
        Database(settings.database_url) as database,
        Checkpoints(settings.database_url) as checkpoints,
        AsyncExitStack() as opened,
    ):
        embedder = MiniLm(settings.data_dir / "models")
        sources = Folders(settings.allowed_roots, parsers.refusal)
        looked_up = directory or StaticDirectory()
        people = People(looked_up, settings.policy)
        runs = Runs(database, people, second_approver_usd=settings.second_approver_usd)
        books = PriceBooks(prices_today, _own_prices(settings))
        costs = Costs(database, books, cost_charts())
        decisions = Decisions(database, costs)
        told = telemetry or Telemetry()
        server = open_server(settings, opened)
        data_files = DataFiles(settings.allowed_roots)
        data_sources = DataSources(database, data_files, lambda name: settings.source_dsn(dsn_variable(name)))
        distillations = Distillations(
            database, books, data_files, data_sources, runs, terms=TERMS, small=_small_model(settings)
        )
        taught_by = _teachers(settings, told, opened)
        deps = StageDeps(
            data_files=data_files,
            today=_today,
            baselines=Interpreter(environment={"CAIRN_MODELS": str(settings.data_dir / "models")}),
            teacher_for=taught_by.of,
            price_of=distillations.teacher_price,
            book_of=distillations.book,
            keep_load=_keep_load(books),
            serve_gpus=settings.serve_gpus,
            keeper=_keeper(settings, database, server),
            embedder=embedder,
            sources=sources,
            parse_command=(sys.executable, "-m", "agents.adapters.parsers.child"),
            parsers=parsers.FINGERPRINT,
            exact_up_to=settings.index_exact_up_to,
            training=Interpreter(str(settings.train_python), settings.train_environment, "CAIRN_TRAIN_PYTHON"),
        )
        indexes = Indexes(database, embedder, sources, runs, document_url=settings.document_url)
        delegations = Delegations(database, looked_up)
        chats = await open_chats(settings, opened, told)
        small = await open_small_chats(settings, opened, told)
        talk_costs = TalkCosts(
            database, books, self_hosted=[chats["vllm"].name] if "vllm" in chats else [], telemetry=told
        )
        models = {"guided": None, **{name: chat.name for name, chat in chats.items()}}
        small_models = {name: chat.name for name, chat in small.items()}
        choices = TalkerChoices(database, people, models, default=settings.default_talker, small=small_models)
        talk_budgets = TalkBudgets(database, people)
        conversations = Conversations(
            database=database,
            checkpoints=checkpoints,
            decisions=decisions,
            delegations=delegations,
            costs=costs,
            indexes=indexes,
            runs=runs,
            distillations=distillations,
            talker=Chosen(_talkers(chats, small, talk_costs, told), settings.default_talker, choices),
            voice=voice and voice(database),
            telemetry=told,
        )
        cost_edits = CostEdits(database, decisions, costs, books, CharacterCounter())
        yield Services(
            database=database,
            people=people,
            budgets=Budgets(database, people),
            talk_budgets=talk_budgets,
            talk_costs=talk_costs,
            talkers=choices,
            talking=Talking(database, choices, talk_budgets, talk_costs),
            conversations=conversations,
            decisions=decisions,
            watches=Watches(database, decisions, costs),
            delegations=delegations,
            contradictions=Contradictions(database),
            defaults=Defaults(database, people, decisions, books),
            forgetting=Forgetting(database, people),
            retention=_retention(settings, database),
            costs=costs,
            prices=Prices(database, people, books),
            price_refresh=_price_refresh(settings, database, people),
            measurements=Measurements(database, people, books),
            cost_edits=cost_edits,
            cost_scenarios=CostScenarios(database, costs, books),
            runs=runs,
            questions=Questions(database, people, {EFFECT_QUESTION: effect_answered, BUDGET_QUESTION: budget_answered}),
            halts=Halts(database, people),
            indexes=indexes,
            outputs=Outputs(database),
            audits=Audits(database, people),
            workers=Workers(database),
            students=Students(database, people),
            reports=Reports(database, report_charts()),
            distillations=distillations,
            data_sources=data_sources,
            distill_forms=DistillForms(database, runs, decisions, cost_edits, data_sources),
            stage_deps=deps,
        )


def open_server(settings: Settings, opened: AsyncExitStack) -> Vllm | None:
    """Return the server of students that the settings name; `opened` closes its connections."""
    if settings.serve_url is None:
        return None
    key = settings.serve_api_key.get_secret_value() if settings.serve_api_key is not None else None
    server = Vllm(settings.serve_url, key)
    opened.push_async_callback(server.close)
    return server


def _talkers(
    chats: Mapping[str, ChatModel], small: Mapping[str, ChatModel], meter: Meter, telemetry: Telemetry
) -> Mapping[str, Talker]:
    guided = Guided()

    def speaking(name: str, chat: ChatModel) -> ModelTalker:
        return ModelTalker(name, chat, MODEL_TOOLS, meter, telemetry)

    def tiered(name: str, large: ModelTalker) -> Talker:
        return Tiered(speaking(name, small[name]), large) if name in small else large

    with_model = {
        name: Failover(tiered(name, speaking(name, chat)), guided, telemetry=telemetry) for name, chat in chats.items()
    }
    return {guided.name: guided, **with_model}


def _price_refresh(settings: Settings, database: Database, people: People) -> PriceRefresh:
    every = dt.timedelta(hours=settings.prices_refresh_h) if settings.prices_refresh_h else None
    return PriceRefresh(database, people, price_sources(settings.prices_url), _today, every)


def _retention(settings: Settings, database: Database) -> Retention:
    return Retention(database, dt.timedelta(days=settings.retention_days) if settings.retention_days else None)


def _teachers(settings: Settings, telemetry: Telemetry, opened: AsyncExitStack) -> Teachers:
    """Return what makes the teachers of this process; `opened` closes their connections."""

    def plain(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret is not None else None

    access = Access(
        anthropic_key=plain(settings.anthropic_api_key),
        anthropic_url=settings.anthropic_base_url,
        openai_key=plain(settings.openai_api_key),
        openai_url=settings.openai_base_url or OPENAI_URL,
        vllm_url=settings.vllm_url,
        vllm_key=plain(settings.vllm_api_key),
    )
    teachers = Teachers(access, telemetry)
    opened.push_async_callback(teachers.close)
    return teachers


def _small_model(settings: Settings) -> TeacherSpec | None:
    """Return the small API model that students are held against; None without a key."""
    if settings.anthropic_api_key is None:
        return None
    return TeacherSpec(kind="claude", model=settings.small_model or SMALL_MODEL, batch=False)


def _keep_load(books: PriceBooks) -> Callable[[Connection, str, ServedLoad], Awaitable[str]]:
    async def kept(connection: Connection, team_id: str, load: ServedLoad) -> str:
        return await keep_load(connection, team_id, load, await books.book(connection, team_id))

    return kept


def _keeper(settings: Settings, database: Database, server: Vllm | None) -> ServerKeeper | None:
    if server is None and not settings.serve_slots:
        return None
    files = StudentFiles(open_artifacts(settings), settings.serve_folder)
    slots = Slots(database, files, settings.serve_slots, Vllm) if settings.serve_slots else None
    rest = _rest(settings, database, server, slots) if settings.serve_shares_gpu else None
    return ServerKeeper(database, server, files, slots=slots, rest=rest)


def _rest(settings: Settings, database: Database, server: Vllm | None, slots: Slots | None) -> Rest:
    known: set[str] = set()

    async def gpus() -> Collection[str]:
        # Looked for once: it takes a program that drivers bring, and is asked for every second while servers sleep.
        known.update(gpu.id for gpu in (() if known else (await local_host(settings).capacity()).gpus))
        return known

    @asynccontextmanager
    async def servers() -> AsyncIterator[Sequence[ModelServer]]:
        async with AsyncExitStack() as opened:
            whole = await opened.enter_async_context(slots.all()) if slots is not None else ()
            yield [*([server] if server is not None else []), *whole]

    return Rest(database, gpus, servers, settings.serve_folder / "asleep")


def local_host(settings: Settings) -> LocalHost:
    """Return what looks at the host of this process."""
    return LocalHost(settings.data_dir, settings.gpus)


def open_artifacts(settings: Settings) -> Artifacts:
    """Return where the stages of a worker keep their files.

    Raises:
        UserError: CAIRN_ARTIFACTS cannot be used; the text says what to install or to write instead.
    """
    return artifacts.open_artifacts(settings.artifacts, settings.data_dir)


def prices_today() -> PriceBook:
    """Return the price book of the day, from what is shipped; no network."""
    return _prices_of(_today())


def prices_offline(settings: Settings) -> PriceBook:
    """Return the price book of the day with the prices of CAIRN_PRICES; no network and no database.

    Raises:
        UserError: CAIRN_PRICES cannot be used; the text says why.
    """
    own = _own_prices(settings)
    return with_own_prices(prices_today(), own) if own else prices_today()


def _own_prices(settings: Settings) -> tuple[OwnPrice, ...]:
    return read_own_prices(settings.prices_file, prices_today()) if settings.prices_file is not None else ()


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


@lru_cache(maxsize=1)
def _prices_of(day: dt.date) -> PriceBook:
    # Every answer is priced, and reading the book takes longer than the rest of a turn.
    return price_book(day)


def cost_charts() -> Mapping[ChartKind, Chart]:
    """Return how comparisons are drawn, by what the picture shows: nothing where there is nothing to show.

    Volume and payback need tokens and a volume, sensitivity also two approaches that compete.
    """
    return MappingProxyType({kind: Chart(png=_png_of(kind), alt=_alt_of(kind)) for kind in get_args(ChartKind)})


def report_charts() -> ReportCharts:
    """Return how what a run found is drawn."""
    return ReportCharts(quality=_quality, loss=_loss)


def _quality(report: Report) -> tuple[bytes, str]:
    # Imported when drawn: matplotlib takes a second, and most processes draw nothing.
    from agents.adapters.charts.quality import describe_quality, draw_quality  # noqa: PLC0415  # see above

    return draw_quality(report).png(), describe_quality(report)


def _loss(curve: LossCurve) -> tuple[bytes, str]:
    from agents.adapters.charts.loss import describe_loss, draw_loss  # noqa: PLC0415  # as above

    return draw_loss(curve).png(), describe_loss(curve)


def _png_of(kind: ChartKind) -> Callable[[Comparison], bytes]:
    def png(comparison: Comparison) -> bytes:
        # Imported when drawn: matplotlib takes a second, and most processes draw nothing.
        from agents.adapters import charts  # noqa: PLC0415  # see above

        return charts.png(kind, comparison)

    return png


def _alt_of(kind: ChartKind) -> Callable[[Comparison], str]:
    def alt(comparison: Comparison) -> str:
        from agents.adapters import charts  # noqa: PLC0415  # as above

        return charts.alt(kind, comparison)

    return alt
