"""What a person types, as Slack stores it: entities escaped, mentions, channels and links marked."""

import re
from collections.abc import Mapping

# In this order: a marked mention stays, a link becomes <link>, @name and #name become ids where they are known.
TOKEN = re.compile(
    r"(?P<marked><(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|!subteam\^S[A-Z0-9]+)(?:\|[^<>]*)?>)"
    r"|(?P<link>https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"])"
    r"|(?<![\w@#])@(?P<person>[a-z0-9][a-z0-9._-]*)"
    r"|(?<![\w@#])#(?P<channel>[a-z0-9][a-z0-9_-]*)",
    re.IGNORECASE,
)


def escaped(text: str) -> str:
    """Return text with the three characters escaped that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stored_text(typed: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Return a typed message as Slack stores it.

    Args:
        typed: What the person wrote.
        users: Ids of users by lower-case name, and of user groups by their handle.
        channels: Channel ids by lower-case name.
    """
    parts: list[str] = []
    end = 0
    for match in TOKEN.finditer(typed):
        parts.append(escaped(typed[end : match.start()]))
        parts.append(_marked(match, users, channels))
        end = match.end()
    return "".join([*parts, escaped(typed[end:])])


def _marked(match: re.Match[str], users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    if match["marked"]:
        return match["marked"]
    if match["link"]:
        return f"<{escaped(match['link'])}>"
    name = (match["person"] or match["channel"]).lower()
    known, sign = (users, "@") if match["person"] else (channels, "#")
    # A full stop after a name ends the sentence; it is a part of the name only where such a name exists.
    rest = ""
    while name not in known and name[-1:] in {".", "-", "_"}:
        name, rest = name[:-1], name[-1] + rest
    if name not in known:
        return escaped(match[0])
    if sign == "@" and known[name].startswith("S"):
        sign = "!subteam^"
    return f"<{sign}{known[name]}>{rest}"
