"""The child process that parses: one JSON line in, one JSON line out, for as long as it is asked.

It reads other people's files, so it runs under a guard with limits, without the worker's environment, and its death
costs one document.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.adapters.parsers import parser_for
from agents.knowledge.documents import Unreadable

# Beyond this a "document" is generated data, and its index would drown the others.
_MOST_CHARS = 20_000_000


def main() -> None:
    """Answer the questions on standard input until it ends."""
    # A library that prints must not mix its words into the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    used_s = 0.0
    for line in sys.stdin:
        reply = answer(json.loads(line))
        # With the first answer, the start of this process is counted too.
        spent_s, used_s = time.process_time() - used_s, time.process_time()
        print(json.dumps({**reply, "cpu_s": spent_s}), file=answers, flush=True)


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document's text with the digest of the bytes it was read from, or the reason why there is none."""
    name = question["uri"]
    try:
        content = _read(Path(question["path"]))
        parser = parser_for(name)
        if parser is None:
            raise Unreadable("No parser reads such files.")
        parsed = parser.parse(content, name)
        if len(parsed.text) > _MOST_CHARS:
            raise Unreadable(f"More than {_MOST_CHARS:,} characters of text ({len(parsed.text):,}).")
        if not parsed.text.strip():
            raise Unreadable("No text in it.")
    except Unreadable as cause:
        return {"reason": cause.reason, "may_pass": cause.may_pass}
    except MemoryError:
        return {"reason": "Needs more memory than a document may take.", "may_pass": False}
    except Exception as cause:  # noqa: BLE001  # a parser's bug costs one document, with its reason
        return {"reason": f"The parser could not read it ({type(cause).__name__}).", "may_pass": False}
    return {
        "text": parsed.text,
        "title": parsed.title,
        "page_starts": list(parsed.page_starts),
        "is_markdown": parsed.is_markdown,
        "note": parsed.note,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _read(path: Path) -> bytes:
    try:
        # A link that took the file's place since it was listed is not followed.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read()
    except OSError as cause:
        raise Unreadable(f"Could not be opened: {cause.strerror or cause}.", may_pass=True) from cause


if __name__ == "__main__":
    main()
