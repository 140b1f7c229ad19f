"""What the features work with."""

from typing import TYPE_CHECKING, Protocol

from agents.conversation.conversations import Conversations
from agents.services.costs import Costs
from agents.services.decisions import Decisions
from agents.services.runs import Runs
from agents.store.db import Database

if TYPE_CHECKING:
    from agents.services.index import Indexes


class Services(Protocol):
    """The part of what agents.wiring builds that Slack needs."""

    @property
    def database(self) -> Database: ...  # noqa: D102 - the names say it

    @property
    def conversations(self) -> Conversations: ...  # noqa: D102 - the names say it

    @property
    def decisions(self) -> Decisions: ...  # noqa: D102 - the names say it

    @property
    def costs(self) -> Costs: ...  # noqa: D102 - the names say it

    @property
    def runs(self) -> Runs: ...  # noqa: D102 - the names say it

    @property
    def indexes(self) -> "Indexes": ...  # noqa: D102 - the names say it
