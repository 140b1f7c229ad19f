"""Files: how they are described, how their bytes come in and go out."""

import secrets
import time
from functools import partial
from typing import Any

from aiohttp import web

from bot.localslack.faults import UPLOAD
from bot.localslack.faultyanswers import answered
from bot.localslack.filekinds import MAGIC, is_text, known_kind, named_kind
from bot.localslack.settings import JsonObject
from bot.localslack.workspace import Workspace

# What the store knows of a file and nobody is shown.
HIDDEN = {"upload_key", "expected_size", "is_complete"}
# What a browser may show as a page of this server; everything else it may only save.
SHOWN = {*(kind for _, kind in MAGIC), "text/plain", "text/csv", "application/pdf"}


def announced_file(workspace: Workspace, user_id: str, name: str, size: int, alt_text: str | None = None) -> JsonObject:
    """Return the description of a file whose bytes are still to come."""
    file_id = f"F{secrets.token_hex(5).upper()}"
    path = f"{workspace.base_url}/files-pri/{workspace.settings.team_id}-{file_id}"
    safe_name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name.lower())
    now = int(time.time())
    file: JsonObject = {
        "id": file_id,
        "created": now,
        "timestamp": now,
        "name": name,
        "title": name,
        **named_kind(name),
        "user": user_id,
        "user_team": workspace.settings.team_id,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "is_public": True,
        "url_private": f"{path}/{safe_name}",
        "url_private_download": f"{path}/download/{safe_name}",
        "permalink": f"{workspace.base_url}/_/files/{file_id}",
        "upload_key": f"{secrets.token_urlsafe(24)}-{file_id}",
        "expected_size": size,
        "is_complete": False,
    }
    return file | ({"alt_txt": alt_text} if alt_text else {})


def shown_file(file: JsonObject) -> JsonObject:
    """Return a file as Slack describes it."""
    return {name: value for name, value in file.items() if name not in HIDDEN}


def keep_content(workspace: Workspace, file: JsonObject, content: bytes) -> None:
    """Keep a file's bytes and describe it by what they are."""
    file |= known_kind(str(file["name"]), content)
    workspace.state.put_file(file)
    workspace.state.put_content(file["id"], content)


async def receive_upload(workspace: Workspace, request: web.Request) -> web.Response:
    """Take the bytes of an announced file, as a body or as the one file of a form."""
    return await answered(workspace.faults.of(UPLOAD), request, partial(_take_upload, workspace, request))


async def _take_upload(workspace: Workspace, request: web.Request) -> web.Response:
    key = request.match_info["key"]
    file = workspace.state.file(key.rpartition("-")[2])
    if file is None or file["upload_key"] != key:
        raise web.HTTPNotFound(text="This upload address is not known.")
    if request.content_type == "multipart/form-data":
        fields: Any = [value for value in (await request.post()).values() if isinstance(value, web.FileField)]
        content = fields[0].file.read() if fields else b""
    else:
        content = await request.read()
    if len(content) != file["expected_size"]:
        raise web.HTTPBadRequest(text=f"Announced {file['expected_size']} bytes, got {len(content)}.")
    keep_content(workspace, file, content)
    return web.Response(text=f"OK - {len(content)}")


async def send_private(workspace: Workspace, request: web.Request) -> web.Response:
    """Give a file's bytes to the app, which must show its token."""
    if request.headers.get("Authorization") != f"Bearer {workspace.settings.bot_token}":
        # Slack redirects to its sign-in page here, which an app without a browser can do nothing with.
        raise web.HTTPFound(f"{workspace.base_url}/?redir=/files-pri")
    return file_response(workspace, request.match_info["name"].rpartition("-")[2])


def file_response(workspace: Workspace, file_id: str, *, as_download: bool = False) -> web.Response:
    """Return a file's bytes; what a browser might run is only offered as a download."""
    file = workspace.file({"id": file_id})
    content = workspace.state.content(file_id) if file is not None else None
    if file is None or content is None:
        raise web.HTTPNotFound(text="There is no such file.")
    mimetype = str(file["mimetype"])
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}
    if as_download or mimetype not in SHOWN:
        name = str(file["name"]).encode("ascii", "replace").decode().replace('"', "_")
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    charset = "utf-8" if is_text(mimetype) else None
    return web.Response(body=content, content_type=mimetype, charset=charset, headers=headers)
