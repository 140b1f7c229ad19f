"""The things a person can ask for. A new one is a module with a `Feature` and its name in this tuple."""

from bot.features.ask import ASK
from bot.features.attention import ATTENTION
from bot.features.audit import AUDIT
from bot.features.budget import BUDGET
from bot.features.contradictions import CONTRADICTIONS
from bot.features.costs import COSTS_FEATURE
from bot.features.costs_form import COST_FORM_FEATURE
from bot.features.costs_scenarios import COST_SCENARIOS_FEATURE
from bot.features.decide import DECIDE, hear
from bot.features.defaults import DEFAULTS
from bot.features.delegate import DELEGATE
from bot.features.distill import DISTILL
from bot.features.files import FILES
from bot.features.forget import FORGET
from bot.features.help import help_feature, unknown_command
from bot.features.index import INDEX_FEATURE
from bot.features.measure import MEASURE
from bot.features.model import MODEL
from bot.features.people import PEOPLE
from bot.features.prices import PRICES
from bot.features.proposals import PROPOSALS
from bot.features.runs import RUNS
from bot.features.stop import RESUME, STOP
from bot.features.students import STUDENTS
from bot.features.watch import WATCHING
from bot.features.workers import WORKERS
from bot.routing import Routes

_WORKING = (
    DECIDE,
    DELEGATE,
    CONTRADICTIONS,
    COSTS_FEATURE,
    WATCHING,
    COST_FORM_FEATURE,
    COST_SCENARIOS_FEATURE,
    INDEX_FEATURE,
    ASK,
    FILES,
    DISTILL,
    STUDENTS,
    RUNS,
    ATTENTION,
    PROPOSALS,
    BUDGET,
    MODEL,
    PRICES,
    MEASURE,
    STOP,
    RESUME,
    PEOPLE,
    AUDIT,
    WORKERS,
    DEFAULTS,
    FORGET,
)
FEATURES = (*_WORKING, help_feature(_WORKING))
ROUTES = Routes(FEATURES, otherwise=hear, unknown=unknown_command(FEATURES))
