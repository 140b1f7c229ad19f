"""What a local Slack is started with: its people, channels, tokens and the manifest of its one app."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from aiohttp import web

JsonObject = dict[str, Any]
RouteHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# A member; a guest in several channels; a guest in one; somebody of another company who is here by Slack Connect.
PersonKind = Literal["member", "guest", "channel_guest", "external"]
PERSON_KINDS: tuple[PersonKind, ...] = get_args(PersonKind)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account in the workspace; `channels` are the only ones they are in, None stands for all."""

    id: str
    name: str
    real_name: str
    color: str = "#2a6f97"
    email: str | None = None
    kind: PersonKind = "member"
    channels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A Slack user group, mentioned as `@handle`."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A public channel; everyone is in it, the bot too unless `has_bot` is false."""

    id: str
    name: str
    topic: str = ""
    has_bot: bool = True


@dataclass(frozen=True, slots=True)
class BotUser:
    """The account under which the app posts."""

    user_id: str = "UCAIRN0BOT"
    bot_id: str = "BCAIRN0BOT"
    app_id: str = "ACAIRN0APP"
    name: str = "cairn"
    color: str = "#5a4fcf"


PEOPLE = (
    Person("UALICE0001", "alice", "Alice Ames", "#2a6f97", "alice@local.example"),
    Person("UBOB000001", "bob", "Bob Brandt", "#b5651d", "bob@local.example"),
    Person("UCAROL0001", "carol", "Carol Castro", "#7a4f9a", "carol@local.example"),
    Person("UGWEN00001", "gwen", "Gwen Grant", "#4d7c4a", "gwen@guest.example", kind="guest"),
)
# Two approvers, so that a second one can be asked for.
USER_GROUPS = (
    UserGroup("S0APPROVE", "approvers", "Approvers", ("UBOB000001", "UCAROL0001"), "Who may approve what costs money"),
    UserGroup("S0ADMINS", "admins", "Admins", ("UCAROL0001",), "Who may change budgets and stop everything"),
)
CHANNELS = (
    Channel("CGENERAL01", "general", "Anything for everyone"),
    Channel("CMLCOSTS01", "ml-costs", "What our models cost, and what they should"),
)


@dataclass(frozen=True, slots=True)
class LocalSlackSettings:
    """Everything a local Slack needs to start.

    Attributes:
        database: The SQLite file that keeps messages, files and undelivered events across restarts.
        manifest: The app manifest: slash commands, subscribed events, Home tab and scopes are read from it.
        port: 0 takes any free one.
        page_folder: The built page; without it `/` says that there is none.
        people: Who has an account at the first start; later starts add who is new and change nobody.
        user_groups: The user groups at the first start; later starts add those that are new.
        extra_routes: GET routes of the caller, path to handler, behind the same Host and Origin check.
        external_team_id: The workspace of those who are here by Slack Connect.
        has_rate_limits: Whether calls are limited as Slack limits them, from the start.
        acknowledge_within_s: How long the app has to acknowledge an envelope.
        trigger_lifetime_s: How long a trigger may be exchanged.
        retry_delays_s: The wait before each redelivery of an event; its length is the number of retries.
        stream_lifetime_s: How long a streamed message may be written to, counted from its beginning.
    """

    database: Path
    manifest: Mapping[str, Any]
    port: int = 0
    bot_token: str = "xoxb-local-bot"  # noqa: S105 - valid on this machine's loopback only
    app_token: str = "xapp-local-app"  # noqa: S105 - valid on this machine's loopback only
    team_id: str = "TLOCAL0001"
    team_name: str = "Cairn local"
    team_domain: str = "cairn-local"
    people: tuple[Person, ...] = PEOPLE
    user_groups: tuple[UserGroup, ...] = USER_GROUPS
    channels: tuple[Channel, ...] = CHANNELS
    bot: BotUser = BotUser()
    page_folder: Path = Path(__file__).parent / "page" / "dist"
    extra_routes: Mapping[str, RouteHandler] = field(default_factory=dict)
    external_team_id: str = "TOTHER0001"
    has_rate_limits: bool = False
    acknowledge_within_s: float = 3.0
    trigger_lifetime_s: float = 3.0
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    stream_lifetime_s: float = 300.0

    @property
    def commands(self) -> list[JsonObject]:
        """The slash commands of the manifest: command, description, usage_hint, should_escape."""
        return list(self.manifest.get("features", {}).get("slash_commands", []))

    @property
    def suggested_prompts(self) -> list[JsonObject]:
        """What the manifest offers to begin with: title, message."""
        return list(self.manifest.get("features", {}).get("agent_view", {}).get("suggested_prompts", []))

    @property
    def has_home(self) -> bool:
        """Whether the app shows a Home tab."""
        return bool(self.manifest.get("features", {}).get("app_home", {}).get("home_tab_enabled"))

    @property
    def scopes(self) -> list[str]:
        """The scopes that the bot token was granted."""
        return list(self.manifest.get("oauth_config", {}).get("scopes", {}).get("bot", []))

    def is_granted(self, scopes: Collection[str]) -> bool:
        """Whether the bot token has one of these scopes; all of them when the manifest is silent or none is needed."""
        is_silent = "bot" not in self.manifest.get("oauth_config", {}).get("scopes", {})
        return is_silent or not scopes or not set(scopes).isdisjoint(self.scopes)

    def is_subscribed(self, event: str) -> bool:
        """Whether the app subscribed to an event, such as `message.channels`; to all when the manifest is silent."""
        subscriptions = self.manifest.get("settings", {}).get("event_subscriptions")
        return subscriptions is None or event in subscriptions.get("bot_events", [])
