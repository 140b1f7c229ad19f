"""The scope that each method of the Web API takes; one of several is enough."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.localslack.errors import SlackError
from bot.localslack.settings import LocalSlackSettings

_KINDS = ("channels", "groups", "mpim", "im")
_HISTORY = tuple(f"{kind}:history" for kind in _KINDS)
_READ = tuple(f"{kind}:read" for kind in _KINDS)
_WRITE = ("channels:manage", "groups:write", "im:write", "mpim:write")

# https://docs.slack.dev/reference/methods: each method's page names its scopes. What is not here takes none.
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "assistant.threads.setStatus": ("assistant:write", "chat:write"),
        "assistant.threads.setSuggestedPrompts": ("assistant:write",),
        "assistant.threads.setTitle": ("assistant:write",),
        "bots.info": ("users:read",),
        "chat.appendStream": ("chat:write",),
        "chat.delete": ("chat:write",),
        "chat.postEphemeral": ("chat:write",),
        "chat.postMessage": ("chat:write",),
        "chat.startStream": ("chat:write",),
        "chat.stopStream": ("chat:write",),
        "chat.update": ("chat:write",),
        "conversations.history": _HISTORY,
        "conversations.info": _READ,
        "conversations.join": ("channels:join",),
        "conversations.list": _READ,
        "conversations.members": _READ,
        "conversations.open": _WRITE,
        "conversations.replies": _HISTORY,
        "files.completeUploadExternal": ("files:write",),
        "files.getUploadURLExternal": ("files:write",),
        "files.info": ("files:read",),
        "reactions.add": ("reactions:write",),
        "reactions.remove": ("reactions:write",),
        "team.info": ("team:read",),
        "usergroups.list": ("usergroups:read",),
        "usergroups.users.list": ("usergroups:read",),
        "users.info": ("users:read",),
        "users.list": ("users:read",),
        "users.lookupByEmail": ("users:read.email",),
    }
)


def require_scope(settings: LocalSlackSettings, method: str) -> None:
    """Require that the manifest asks for a scope of the method.

    Raises:
        SlackError: `missing_scope`, with what is needed and what there is.
    """
    needed = NEEDED.get(method, ())
    if not settings.is_granted(needed):
        more = {"needed": ",".join(needed), "provided": ",".join(settings.scopes)}
        raise SlackError("missing_scope", more=more)
