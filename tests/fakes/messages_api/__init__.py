"""A strict fake of Anthropic's Messages API, as the SDK of 2.12 speaks it.

It refuses what the API refuses, so that a conversation that goes wrong on the wire fails a test. It does not cover
server tools, files, skills, the beta endpoints, or what pictures and documents cost.
"""

from tests.fakes.messages_api.script import Answer, Break, Failure, Script, Turn, call, fail, refuse, say
from tests.fakes.messages_api.server import FakeMessagesApi
from tests.fakes.messages_api.wire import API_KEY, Clock, JsonObject, Limits, Recorded

__all__ = [
    "API_KEY",
    "Answer",
    "Break",
    "Clock",
    "Failure",
    "FakeMessagesApi",
    "JsonObject",
    "Limits",
    "Recorded",
    "Script",
    "Turn",
    "call",
    "fail",
    "refuse",
    "say",
]
