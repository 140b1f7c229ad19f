"""Asks the parser child for a document's text; what goes wrong there becomes the document's reason."""

import json
import logging
from pathlib import Path
from typing import Any

from agents.engine.child import GuardedChild
from agents.engine.process import ChildDied, ChildError, ChildLimits, ChildTimeout
from agents.knowledge.documents import Parsed, Unreadable

_log = logging.getLogger(__name__)

LIMITS = ChildLimits(address_space_bytes=3 * 1024**3)


async def parse(child: GuardedChild, path: Path, *, uri: str, sha256: bytes, timeout_s: float) -> tuple[Parsed, float]:
    """Return the text of the file and the CPU seconds it took.

    Raises:
        Unreadable: There is none; the reason is for people.
    """
    reply = await _ask(child, {"path": str(path), "uri": uri}, timeout_s)
    if "reason" in reply:
        raise Unreadable(reply["reason"], may_pass=reply["may_pass"])
    if reply["sha256"] != sha256.hex():
        raise Unreadable("It changed while it was being indexed. The next run reads it again.", may_pass=True)
    parsed = Parsed(
        text=reply["text"],
        title=reply["title"],
        page_starts=tuple(reply["page_starts"]),
        is_markdown=reply["is_markdown"],
        note=reply["note"],
    )
    return parsed, float(reply["cpu_s"])


async def _ask(child: GuardedChild, question: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    try:
        answer = await child.ask(json.dumps(question).encode(), timeout_s)
    except ChildTimeout as cause:
        raise Unreadable(f"Reading it took more than {timeout_s:.0f} s.", may_pass=True) from cause
    except ChildDied as cause:
        _log_death(question["uri"], cause)
        raise Unreadable(
            f"The parser broke off while reading it ({cause}); it may need more than "
            f"{(LIMITS.address_space_bytes or 0) // 1024**3} GB of memory.",
            may_pass=True,
        ) from cause
    reply: dict[str, Any] = json.loads(answer)
    return reply


def _log_death(uri: str, cause: ChildError) -> None:
    # Its standard error can quote the document, which must not reach a log.
    _log.warning("parser child died on a document of type %s: %s", Path(uri).suffix, cause)
