"""What a test orders: faults, rate limits, broken connections, and other people than those of the start."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.localslack import membership
from bot.localslack.accounts import page_group, page_user
from bot.localslack.body import Act, number_of, optional_flag, optional_text, text_of, texts_of
from bot.localslack.errors import SlackError
from bot.localslack.faults import CALL_FAULTS, ENVELOPE_FAULTS, ENVELOPES, LINK, Fault, FaultKind
from bot.localslack.settings import PERSON_KINDS, JsonObject, PersonKind
from bot.localslack.socketmode import DISCONNECTS
from bot.localslack.workspace import Workspace

LONGEST_S = 3600.0


async def fault(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Order a fault for the next calls of a method, or clear all."""
    if body.get("clear"):
        workspace.faults.clear()
        return {}
    method = text_of(body, "method")
    ordered = Fault(
        method,
        _fault_kind(method, text_of(body, "kind")),
        None if body.get("times", 1) is None else _times(body),
        chance=number_of(body, "chance", 1.0, at_least=0, at_most=1),
        seconds=float(number_of(body, "seconds", 1.0, at_least=0, at_most=LONGEST_S)),
        error=optional_text(body, "error") or "internal_error",
        status=int(number_of(body, "status", 503, at_least=500, at_most=599)),
    )
    seed = body.get("seed")
    if seed is not None and not isinstance(seed, int):
        raise SlackError("invalid_arguments")
    workspace.faults.order(ordered, seed)
    return {}


async def limits(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Limit calls as Slack does, or stop it."""
    is_on = optional_flag(body, "on")
    if is_on is None:
        raise SlackError("invalid_arguments")
    workspace.rates.switch(is_on=is_on, speed=number_of(body, "speed", 1.0, at_least=0.01, at_most=1000))
    return {}


async def disconnect(workspace: Workspace, body: JsonObject) -> JsonObject:
    """End the app's connections, or warn of it."""
    mode = optional_text(body, "mode") or "refresh"
    if mode not in DISCONNECTS:
        raise SlackError("invalid_arguments")
    return {"connections": await workspace.socket.disconnect(mode)}


async def person(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Add a person or, where an id is given, change one."""
    kind = _person_kind(optional_text(body, "kind"))
    channels = texts_of(body, "channels") if body.get("channels") is not None else None
    user_id = optional_text(body, "id")
    if user_id is None:
        name, real_name = text_of(body, "name"), optional_text(body, "real_name")
        account = membership.add_person(workspace, name, real_name, kind or "member", channels)
    else:
        account = membership.change_person(
            workspace,
            workspace.user(user_id),
            real_name=optional_text(body, "real_name"),
            kind=kind,
            is_deleted=optional_flag(body, "deleted"),
            channels=channels,
        )
    return {"user": page_user(account)}


async def user_group(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Add a user group or, where an id is given, change one."""
    group_id = optional_text(body, "id")
    if group_id is None:
        handle, name = text_of(body, "handle"), optional_text(body, "name")
        group = membership.add_group(workspace, handle, name, texts_of(body, "users"))
    else:
        known = workspace.user_group(group_id)
        users = texts_of(body, "users") if body.get("users") is not None else known["users"]
        users = [one for one in [*users, *texts_of(body, "add")] if one not in texts_of(body, "remove")]
        group = membership.change_group(workspace, known, users, is_disabled=optional_flag(body, "disabled"))
    return {"user_group": page_group(group) | {"disabled": bool(group["date_delete"])}}


ORDERS: Mapping[str, Act] = MappingProxyType(
    {
        "fault": fault,
        "limits": limits,
        "disconnect": disconnect,
        "person": person,
        "user_group": user_group,
    }
)


def _fault_kind(method: str, kind: str) -> FaultKind:
    """Return a kind that fits what is to fail."""
    if method in ENVELOPES:
        for known in ENVELOPE_FAULTS:
            # Slack delivers only events again.
            if known == kind and (kind != "deliver_twice" or method == "events_api"):
                return known
        raise SlackError("invalid_arguments")
    for one in CALL_FAULTS:
        # A new connection has no effect that could come before the fault.
        if one == kind and not (method == LINK and kind.endswith("_after")):
            return one
    raise SlackError("invalid_arguments")


def _person_kind(kind: str | None) -> PersonKind | None:
    found = next((one for one in PERSON_KINDS if one == kind), None)
    if kind is not None and found is None:
        raise SlackError("invalid_arguments")
    return found


def _times(body: JsonObject) -> int:
    times = body.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise SlackError("invalid_arguments")
    return times
