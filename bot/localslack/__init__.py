"""A local stand-in for Slack: one server on 127.0.0.1 that a stock slack-bolt app meets as it would Slack.

It carries `cairn local` and the tests. It knows nothing of what the app does. `API.md` says what its page and the
tests may ask; the Web API and Socket Mode follow Slack's own documentation.
"""

from bot.localslack.server import LocalSlack, start_local_slack
from bot.localslack.settings import Channel, LocalSlackSettings, Person

__all__ = ["Channel", "LocalSlack", "LocalSlackSettings", "Person", "start_local_slack"]
