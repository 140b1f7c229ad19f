"""The running workspace: what every part of the local Slack shares, and the look-ups they have in common."""

import asyncio
import hashlib
import time
from collections import deque
from dataclasses import dataclass, field

from bot.localslack.errors import SlackError
from bot.localslack.faults import Faults
from bot.localslack.feed import Feed
from bot.localslack.modals import Modals
from bot.localslack.rates import RateLimits
from bot.localslack.settings import JsonObject, LocalSlackSettings
from bot.localslack.socketmode import SocketMode
from bot.localslack.state import State
from bot.localslack.triggers import Triggers

EPHEMERAL_KEPT = 200
CALLS_KEPT = 500


@dataclass(slots=True)
class ResponseUrl:
    """Where an app may answer a command or an action for half an hour, five times."""

    channel: str
    user_id: str
    expires: float
    uses_left: int = 5
    message_ts: str | None = None
    thread_ts: str | None = None
    is_ephemeral: bool = False


@dataclass(slots=True)
class Workspace:
    """Everything of one running local Slack; `base_url` is known once it listens."""

    settings: LocalSlackSettings
    state: State
    feed: Feed
    socket: SocketMode
    triggers: Triggers
    faults: Faults
    modals: Modals
    rates: RateLimits
    base_url: str = ""
    statuses: dict[tuple[str, str], JsonObject] = field(default_factory=dict)
    prompts: dict[str, JsonObject] = field(default_factory=dict)
    ephemerals: dict[str, deque[JsonObject]] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    stream_ends: dict[tuple[str, str], asyncio.TimerHandle] = field(default_factory=dict)
    calls: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))

    @property
    def bot_id(self) -> str:
        """The bot's user id."""
        return self.settings.bot.user_id

    def user(self, user_id: str | None) -> JsonObject:
        """Return a user.

        Raises:
            SlackError: `user_not_found`.
        """
        user = self.state.account(user_id) if user_id else None
        if user is None:
            raise SlackError("user_not_found")
        return user

    def actor(self, user_id: str | None) -> JsonObject:
        """Return a person who may still do something here.

        Raises:
            SlackError: `user_not_found`, or `account_inactive`.
        """
        user = self.user(user_id)
        if user.get("is_deleted"):
            raise SlackError("account_inactive")
        return user

    def user_group(self, group_id: str) -> JsonObject:
        """Return a user group.

        Raises:
            SlackError: `no_such_subteam`.
        """
        group = self.state.user_group(group_id)
        if group is None:
            raise SlackError("no_such_subteam")
        return group

    def conversation(self, channel: str | None, *, for_bot: bool = False) -> JsonObject:
        """Return a conversation by id, `#name` or name; a user id stands for the bot's DM with them.

        Raises:
            SlackError: `channel_not_found`, or `not_in_channel` where the bot must be in it and is not.
        """
        if not channel:
            raise SlackError("channel_not_found")
        found = self.state.conversation(channel)
        if found is None and channel.startswith(("U", "W")) and self.state.account(channel) is not None:
            found = self.direct_message(channel, self.bot_id)
        if found is None:
            name = channel.removeprefix("#")
            found = next((one for one in self.state.conversations() if one.get("name") == name), None)
        if found is None:
            raise SlackError("channel_not_found")
        if for_bot and self.bot_id not in self.state.members(found["id"]):
            # A direct message between two people does not exist for the app.
            raise SlackError("channel_not_found" if found.get("is_im") else "not_in_channel")
        return found

    def direct_message(self, user_id: str, other_id: str) -> JsonObject:
        """Return the direct messages of two people, opened when they had none."""
        pair = "-".join(sorted((user_id, other_id)))
        channel = f"D{hashlib.sha256(pair.encode()).hexdigest()[:10].upper()}"
        found = self.state.conversation(channel)
        if found is None:
            found = {"id": channel, "is_im": True, "user": user_id, "created": int(time.time())}
            self.state.put_conversation(found, {user_id, other_id})
            for one, other in ((user_id, other_id), (other_id, user_id)):
                self.feed.publish("channel", {"channel": {"id": channel, "user": other}}, {one})
        return found

    def message(self, channel: str, ts: str | None) -> JsonObject:
        """Return a message.

        Raises:
            SlackError: `message_not_found`.
        """
        message = self.state.message(channel, ts) if ts else None
        if message is None:
            raise SlackError("message_not_found")
        return message

    def file(self, slack_file: JsonObject) -> JsonObject | None:
        """Return the file that an image block names by id or address, if it is complete."""
        file_id = slack_file.get("id")
        if file_id is None:
            # Only the path counts: the port may be another one than when the file came.
            path = str(slack_file.get("url", "")).partition("/files-pri/")[2]
            file_id = path.partition("/")[0].rpartition("-")[2]
        file = self.state.file(str(file_id))
        return file if file is not None and file.get("is_complete") else None

    def keep_ephemeral(self, user_id: str, message: JsonObject) -> None:
        """Remember what only one person sees, until the server stops."""
        kept = self.ephemerals.setdefault(user_id, deque(maxlen=EPHEMERAL_KEPT))
        kept.append(message)

    def ephemeral(self, user_id: str, ts: str | None) -> JsonObject | None:
        """Return what only this person sees at a time."""
        return next((message for message in self.ephemerals.get(user_id, ()) if message["ts"] == ts), None)
