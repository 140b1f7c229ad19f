"""The local Slack as one server on 127.0.0.1: routes, the check of Host and Origin, start and stop."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from aiohttp import web

from bot.localslack import control, filestore, pagefeed, pageread, responses, streams
from bot.localslack.accounts import account_of, bot_account, group_of
from bot.localslack.errors import SlackError
from bot.localslack.faults import Faults
from bot.localslack.feed import Feed
from bot.localslack.modals import Modals
from bot.localslack.rates import RateLimits
from bot.localslack.settings import JsonObject, LocalSlackSettings
from bot.localslack.socketmode import SocketMode
from bot.localslack.state import State
from bot.localslack.triggers import Triggers
from bot.localslack.webapi import serve as serve_web_api
from bot.localslack.workspace import Workspace

LARGEST_BODY = 64 * 1024 * 1024
READS: Mapping[str, Callable[[Workspace, Mapping[str, str]], JsonObject]] = MappingProxyType(
    {
        "state": pageread.state,
        "messages": pageread.messages,
        "search": pageread.search,
        "home": pageread.home,
        "calls": pageread.calls,
        "faults": pageread.faults,
        "socket": pageread.socket,
    }
)
# The page may load only what this server gives; pictures that messages name by address come from elsewhere.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob: https: http:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class LocalSlack:
    """A running local Slack."""

    url: str
    workspace: Workspace
    runner: web.AppRunner

    @property
    def settings(self) -> LocalSlackSettings:
        """What it was started with."""
        return self.workspace.settings

    @property
    def api_url(self) -> str:
        """What a slack_sdk client takes as `base_url`."""
        return f"{self.url}/api/"

    async def app_connected(self) -> None:
        """Wait until the app is connected over Socket Mode."""
        await self.workspace.socket.connected()

    async def stop(self) -> None:
        """Close every connection and the database; undelivered events wait for the next start."""
        streams.halt(self.workspace)
        self.workspace.feed.stop()
        await self.workspace.socket.stop()
        await self.runner.cleanup()
        self.workspace.state.close()


async def start_local_slack(settings: LocalSlackSettings) -> LocalSlack:
    """Return a local Slack that listens on 127.0.0.1.

    Raises:
        OSError: The port is taken.
    """
    workspace = _workspace(settings)
    runner = web.AppRunner(_application(workspace), access_log=None, shutdown_timeout=2.0)
    try:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", settings.port)
        await site.start()
    except OSError:
        await runner.cleanup()
        workspace.state.close()
        raise
    port = runner.addresses[0][1]
    workspace.base_url = f"http://127.0.0.1:{port}"
    for person in settings.people:
        workspace.direct_message(person.id, settings.bot.user_id)
    workspace.socket.resume()
    streams.resume(workspace)
    return LocalSlack(workspace.base_url, workspace, runner)


def _workspace(settings: LocalSlackSettings) -> Workspace:
    state = State(settings.database)
    _populate(state, settings)
    feed, faults = Feed(), Faults()

    return Workspace(
        settings=settings,
        state=state,
        feed=feed,
        socket=SocketMode(settings, state, faults, lambda connected: feed.publish("app", {"connected": connected})),
        triggers=Triggers(settings.trigger_lifetime_s),
        faults=faults,
        modals=Modals(settings, feed),
        rates=RateLimits(is_on=settings.has_rate_limits),
    )


def _populate(state: State, settings: LocalSlackSettings) -> None:
    """Bring people, channels and memberships of the settings into the store; what is there stays."""
    for account in (*(account_of(settings, one) for one in settings.people), bot_account(settings, settings.bot)):
        # What somebody has become since is not undone; what an older version did not store is added.
        state.put_account(account | (state.account(account["id"]) or {}))
    for group in settings.user_groups:
        state.put_user_group(group_of(settings, group) | (state.user_group(group.id) or {}))
    first = settings.people[0].id if settings.people else settings.bot.user_id
    for channel in settings.channels:
        body = {
            "id": channel.id,
            "name": channel.name,
            "created": 0,
            "creator": first,
            "is_general": channel.name == "general",
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
            "purpose": {"value": channel.topic, "creator": "", "last_set": 0},
        }
        people = [one.id for one in settings.people if one.channels is None or channel.id in one.channels]
        state.put_conversation(body, [*people, *([settings.bot.user_id] if channel.has_bot else [])])


def _application(workspace: Workspace) -> web.Application:
    application = web.Application(middlewares=[_guard(workspace)], client_max_size=LARGEST_BODY)

    def with_workspace(
        handler: Callable[[Workspace, web.Request], Awaitable[web.StreamResponse]],
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(workspace, request)

        return handle

    router = application.router
    router.add_route("*", "/api/{method}", with_workspace(serve_web_api))
    router.add_get("/link/", workspace.socket.serve)
    router.add_post("/upload/v1/{key}", with_workspace(filestore.receive_upload))
    router.add_put("/upload/v1/{key}", with_workspace(filestore.receive_upload))
    router.add_get("/files-pri/{name}/{tail:.*}", with_workspace(filestore.send_private))
    for kind in ("commands", "actions"):
        router.add_post(f"/{kind}/{{team}}/{{number}}/{{key}}", with_workspace(responses.receive))
    router.add_get("/_/feed", with_workspace(pagefeed.serve))
    router.add_get("/_/files/{id}", with_workspace(_page_file))
    router.add_get("/_/{name}", with_workspace(_read))
    router.add_post("/_/{name}", with_workspace(_act))
    router.add_get("/archives/{channel}/p{ts}", _follow_permalink)
    for path, handler in workspace.settings.extra_routes.items():
        router.add_get(path, handler)
    router.add_get("/{tail:.*}", with_workspace(_page))
    return application


def _guard(workspace: Workspace) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that keeps other sites' pages, and other hosts' names for this address, out."""

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        port = urlsplit(workspace.base_url).port
        hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        origin = request.headers.get("Origin")
        is_own = request.host in hosts and (origin is None or urlsplit(origin).netloc in hosts)
        if not is_own or request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
            is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
            if request.host not in hosts or not is_navigation or request.path.startswith(("/_/", "/api/")):
                raise web.HTTPForbidden(text="Only pages of this server may ask this server.")
        return await handler(request)

    return guard


async def _read(workspace: Workspace, request: web.Request) -> web.Response:
    read = READS.get(request.match_info["name"])
    if read is None:
        raise web.HTTPNotFound(text="API.md has no such path.")
    try:
        return web.json_response({"ok": True, **read(workspace, request.query)}, headers={"Cache-Control": "no-store"})
    except SlackError as refusal:
        return web.json_response(control.failure(refusal))


async def _act(workspace: Workspace, request: web.Request) -> web.Response:
    act = control.ACTS.get(request.match_info["name"])
    if act is None:
        raise web.HTTPNotFound(text="API.md has no such path.")
    # A form of another site cannot send JSON without asking first, which is then refused.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.")
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return web.json_response(control.failure(SlackError("invalid_arguments")))
    try:
        return web.json_response({"ok": True, **await act(workspace, body)})
    except SlackError as refusal:
        return web.json_response(control.failure(refusal))


async def _page_file(workspace: Workspace, request: web.Request) -> web.Response:
    as_download = request.query.get("download") == "1"
    return filestore.file_response(workspace, request.match_info["id"], as_download=as_download)


async def _follow_permalink(request: web.Request) -> web.Response:
    digits = request.match_info["ts"]
    query = {"channel": request.match_info["channel"], "ts": f"{digits[:-6]}.{digits[-6:]}"}
    if request.query.get("thread_ts"):
        query["thread_ts"] = request.query["thread_ts"]
    raise web.HTTPFound(request.url.with_path("/").with_query(query).relative())


async def _page(workspace: Workspace, request: web.Request) -> web.StreamResponse:
    folder = workspace.settings.page_folder.resolve()
    path = (folder / (request.match_info["tail"] or "index.html")).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise web.HTTPNotFound(text=_missing(folder))
    cache = "public, max-age=31536000, immutable" if path.parent != folder else "no-cache"
    headers = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": cache}
    return web.FileResponse(path, headers=headers)


def _missing(folder: Path) -> str:
    is_built = (folder / "index.html").is_file()
    return "There is no such page." if is_built else "The page is not built; the API works without it."
