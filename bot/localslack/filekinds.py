"""What a file is, by its bytes and its name: a picture with its size, a text with its first lines, or neither."""

import mimetypes
import struct

from bot.localslack.settings import JsonObject

MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"), (b"\xff\xd8\xff", "image/jpeg"))
# Texts whose names the standard library does not know, or not on every machine.
TEXT_ENDINGS = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    **dict.fromkeys(
        ("conf", "diff", "ini", "jsonl", "log", "md", "out", "sql", "toml", "txt", "yaml", "yml"), "text/plain"
    ),
}
PREVIEW_LINES = 10
PREVIEW_CHARACTERS = 1500


def named_kind(name: str) -> JsonObject:
    """Return `mimetype` and `filetype` as far as the name tells them."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    mimetype = TEXT_ENDINGS.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"mimetype": mimetype, "filetype": ending or "binary"}


def known_kind(name: str, content: bytes) -> JsonObject:
    """Return what a file's bytes add to its description or correct in it."""
    picture = next((kind for magic, kind in MAGIC if content.startswith(magic)), None)
    if picture is not None:
        size = _pixels(content)
        pixels = {"original_w": size[0], "original_h": size[1]} if size is not None else {}
        return {"mimetype": picture, "filetype": picture.partition("/")[2], **pixels}
    kind = named_kind(name)
    text = _text(content) if is_text(kind["mimetype"]) else None
    if text is not None:
        return kind | {"mode": "snippet", "editable": False} | _preview(text)
    is_sham = kind["mimetype"].startswith("image/") and kind["mimetype"] != "image/svg+xml"
    return kind | ({"mimetype": "application/octet-stream"} if is_sham else {})


def is_text(mimetype: str) -> bool:
    """Return whether bytes of this type are meant to be read by people."""
    return mimetype.startswith("text/") or mimetype == "application/json"


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _preview(text: str) -> JsonObject:
    """Return the first lines, and how many there are and are left out."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    preview = "\n".join(lines[:PREVIEW_LINES])[:PREVIEW_CHARACTERS]
    return {
        "preview": preview,
        "lines": len(lines),
        "lines_more": max(0, len(lines) - preview.count("\n") - 1),
        "preview_is_truncated": len(preview) < len("\n".join(lines)),
    }


def _pixels(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG or GIF."""
    if content.startswith(MAGIC[0][0]) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(MAGIC[1][0]) and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    return None
