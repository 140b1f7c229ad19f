"""What a person does in Slack's window: write, run a command, press, submit, close, open the Home tab, react."""

from bot.localslack import events, inputs, interact, messages, responses
from bot.localslack.accounts import is_enabled
from bot.localslack.errors import SlackError
from bot.localslack.messages import Draft
from bot.localslack.settings import JsonObject
from bot.localslack.socketmode import NotAnsweredError
from bot.localslack.typed import escaped, stored_text
from bot.localslack.validation import checked_view
from bot.localslack.workspace import ResponseUrl, Workspace


def write(
    workspace: Workspace,
    user: JsonObject,
    channel: str,
    typed: str,
    *,
    thread_ts: str | None = None,
    files: tuple[JsonObject, ...] = (),
) -> JsonObject:
    """Post what a person typed."""
    conversation = joined(workspace, user, channel)
    if typed.startswith("/"):
        raise SlackError("slash_command")
    if not typed.strip() and not files:
        raise SlackError("no_text")
    users = {one["handle"]: one["id"] for one in workspace.state.user_groups() if is_enabled(one)}
    users |= {one["name"].lower(): one["id"] for one in workspace.state.accounts()}
    named = [one for one in workspace.state.conversations() if "name" in one]
    text = stored_text(typed, users, {one["name"].lower(): one["id"] for one in named})
    extra = {"subtype": "file_share"} if files else {}
    draft = Draft(text, thread_ts=thread_ts, files=files, extra=extra)
    author = {"user": user["id"], "team": user.get("team_id", workspace.settings.team_id)}
    return messages.post(workspace, conversation, author, draft)


async def run_command(workspace: Workspace, user: JsonObject, channel: str, command: str, text: str) -> None:
    """Run a slash command and show what came back with its acknowledgement.

    Raises:
        SlackError: `unknown_command`, or the app was not there or did not answer in time.
    """
    conversation = joined(workspace, user, channel)
    # Somebody of another workspace has none of this app's commands, only what it posts into a shared channel.
    is_here = user.get("kind") != "external"
    if not is_here or command not in [one["command"] for one in workspace.settings.commands]:
        raise SlackError("unknown_command")
    where = responses.target(user["id"], conversation["id"])
    payload = interact.command_payload(
        workspace.settings,
        user,
        conversation,
        command=command,
        text=escaped(text),
        trigger_id=workspace.triggers.issue(user["id"]),
        response_url=responses.issue(workspace, "commands", where),
    )
    answer = await _ask(workspace, "slash_commands", payload, user, failure=f"{command} got no answer", where=where)
    if answer:
        _show_answer(workspace, where, answer)


async def act_on_message(
    workspace: Workspace, user: JsonObject, channel: str, ts: str, *, action: JsonObject, values: JsonObject
) -> None:
    """Press a button or choose in a message.

    Raises:
        SlackError: There is no such message or element, or the app did not answer.
    """
    conversation = joined(workspace, user, channel)
    message = workspace.ephemeral(user["id"], ts) or workspace.message(conversation["id"], ts)
    blocks = message.get("blocks", [])
    used = interact.used_element(blocks, action)
    where = responses.target(user["id"], conversation["id"], message)
    payload = interact.message_action_payload(
        workspace.settings,
        user,
        conversation,
        message,
        used,
        values=inputs.input_state(blocks, _with_choice(values, used)),
        trigger_id=workspace.triggers.issue(user["id"]),
        response_url=responses.issue(workspace, "actions", where),
    )
    await _ask(workspace, "interactive", payload, user, failure="Your click got no answer", where=where)


async def act_in_view(
    workspace: Workspace, user: JsonObject, view_id: str, action: JsonObject, values: JsonObject
) -> None:
    """Press a button or choose in a modal or the Home tab."""
    home = workspace.state.home(user["id"])
    is_home = home is not None and home["id"] == view_id
    view = home if home is not None and is_home else own_view(workspace, user, view_id)
    used = interact.used_element(view["blocks"], action)
    view["state"] = {"values": inputs.input_state(view["blocks"], _with_choice(values, used))}
    trigger_id = workspace.triggers.issue(user["id"], None if is_home else view_id)
    payload = interact.view_action_payload(workspace.settings, user, view, used, trigger_id)
    await _ask(workspace, "interactive", payload, user, failure="Your click got no answer")


async def suggested(workspace: Workspace, user: JsonObject, place: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return the options that the app suggests for an external select of a message or modal."""
    payload = interact.suggestion_payload(workspace.settings, user, place, wanted)
    return await _ask(workspace, "interactive", payload, user, failure="The list got no answer")


async def submit_view(
    workspace: Workspace, user: JsonObject, view_id: str, values: JsonObject
) -> tuple[str | None, dict[str, str]]:
    """Submit a modal; return the app's `response_action` and the errors to show, by block id."""
    view = own_view(workspace, user, view_id)
    state = inputs.input_state(view["blocks"], values)
    errors = inputs.input_errors(view["blocks"], state)
    if errors:
        return "errors", errors
    view["state"] = {"values": state}
    trigger_id = workspace.triggers.issue(user["id"], view_id)
    payload = interact.view_submission_payload(workspace.settings, user, view, trigger_id)
    answer = await _ask(workspace, "interactive", payload, user, failure="Your form got no answer")
    kind = answer.get("response_action")
    if kind == "errors":
        return kind, dict(answer.get("errors", {}))
    try:
        _follow(workspace, user, view, kind, answer)
    except SlackError as refusal:
        _notice(workspace, user, refusal.code, f"The app answered with something Slack refuses: {refusal.code}.")
        raise
    return kind, {}


async def close_view(workspace: Workspace, user: JsonObject, view_id: str, *, whole_stack: bool) -> None:
    """Close a modal, or all of them, and tell the app where it asked to be told."""
    own_view(workspace, user, view_id)
    closed = workspace.modals.close(user["id"], view_id, whole_stack=whole_stack)
    unheard = "The app did not hear that the form was closed"
    for view in closed:
        if view["notify_on_close"]:
            payload = interact.view_closed_payload(workspace.settings, user, view, is_cleared=whole_stack)
            await _ask(workspace, "interactive", payload, user, failure=unheard)


def open_home(workspace: Workspace, user: JsonObject, tab: str) -> JsonObject | None:
    """Open the app's tab and return the Home view as it is now."""
    conversation = workspace.direct_message(user["id"], workspace.bot_id)
    events.tell_home_opened(workspace, user["id"], conversation["id"], tab)
    return workspace.state.home(user["id"])


def react(workspace: Workspace, user_id: str, message: JsonObject, name: str, *, remove: bool = False) -> None:
    """Add or take back a reaction.

    Raises:
        SlackError: `already_reacted` or `no_reaction`.
    """
    reactions = {one["name"]: list(one["users"]) for one in message.get("reactions", [])}
    users = reactions.setdefault(name, [])
    if remove and user_id not in users:
        raise SlackError("no_reaction")
    if not remove and user_id in users:
        raise SlackError("already_reacted")
    if remove:
        users.remove(user_id)
    else:
        users.append(user_id)
    shown = [{"name": one, "users": by, "count": len(by)} for one, by in reactions.items() if by]
    changed = {key: value for key, value in message.items() if key != "reactions"}
    workspace.state.put_message(changed | ({"reactions": shown} if shown else {}))
    members = workspace.state.members(message["channel"])
    told = {"channel": message["channel"], "ts": message["ts"], "reactions": shown}
    workspace.feed.publish("reaction", told, members)
    events.tell_reaction(workspace, "reaction_removed" if remove else "reaction_added", user_id, name, message)


def joined(workspace: Workspace, user: JsonObject, channel: str) -> JsonObject:
    """Return a conversation that a person is in.

    Raises:
        SlackError: `channel_not_found`.
    """
    conversation = workspace.state.conversation(channel)
    if conversation is None or user["id"] not in workspace.state.members(channel):
        raise SlackError("channel_not_found")
    return conversation


def own_view(workspace: Workspace, user: JsonObject, view_id: str) -> JsonObject:
    """Return a modal that a person has open.

    Raises:
        SlackError: `view_not_found`.
    """
    view = next((one for one in workspace.modals.stack(user["id"]) if one["id"] == view_id), None)
    if view is None:
        raise SlackError("view_not_found")
    return view


def _follow(workspace: Workspace, user: JsonObject, view: JsonObject, kind: str | None, answer: JsonObject) -> None:
    modals = workspace.modals
    match kind:
        case "update":
            modals.update(user["id"], view, checked_view(answer.get("view"), workspace.file, "modal"), None)
        case "push":
            pushed = checked_view(answer.get("view"), workspace.file, "modal")
            modals.open(user["id"], pushed, under=view["id"])
        case _:
            if view in modals.stack(user["id"]):
                modals.close(user["id"], view["id"], whole_stack=kind == "clear")


def _with_choice(values: JsonObject, used: JsonObject) -> JsonObject:
    """Return the inputs' values with the element just used among them."""
    name = interact.CHOSEN[used["type"]]
    block = {**values.get(used["block_id"], {}), used["action_id"]: {"type": used["type"], name: used.get(name)}}
    return {**values, used["block_id"]: block}


def _show_answer(workspace: Workspace, where: ResponseUrl, answer: JsonObject) -> None:
    try:
        responses.respond(workspace, where, answer)
    except SlackError as refusal:
        user = workspace.user(where.user_id)
        text = f"The app answered with something Slack refuses: {refusal.code}."
        _notice(workspace, user, refusal.code, text, where)


async def _ask(
    workspace: Workspace,
    kind: str,
    payload: JsonObject,
    user: JsonObject,
    *,
    failure: str,
    where: ResponseUrl | None = None,
) -> JsonObject:
    try:
        return await workspace.socket.request(kind, payload)
    except NotAnsweredError as silence:
        why = "the app is not running" if silence.code == "app_offline" else "the app took too long"
        _notice(workspace, user, silence.code, f"{failure}: {why}.", where)
        raise SlackError(silence.code) from silence


def _notice(workspace: Workspace, user: JsonObject, code: str, text: str, where: ResponseUrl | None = None) -> None:
    place = {"channel": where.channel if where else None, "thread_ts": where.thread_ts if where else None}
    workspace.feed.publish("notice", {"level": "error", "code": code, "text": text, **place}, {user["id"]})
