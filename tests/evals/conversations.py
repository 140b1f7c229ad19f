"""The written conversations: what people say, what must and must never come of it, and how an ideal talker acts.

One YAML file holds the conversations of one subject; the manifest names the files and how many each holds. Half of all
conversations are kept back: prompts are never tuned on how those go.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from agents.conversation.talking import Reply, Wanted

FOLDER: Final = Path(__file__).parent / "conversations"
MANIFEST: Final = Path(__file__).parent / "manifest.yaml"
PEOPLE: Final[Mapping[str, str]] = {"ana": "U0ANA", "bob": "U0BOB", "cem": "U0CEM"}
_KEYS: Final = {"id", "title", "kept_back", "turns", "when_asked", "documents", "is_indexed", "must", "may", "never"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTurn:
    """What somebody writes, or with `pressed` answers on cards, by slot; `ideal` is None where nobody wrote it."""

    who: str
    text: str
    pressed: Mapping[str, Any]
    ideal: tuple[Reply, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """What has to have come of a conversation when it is over.

    `answers` holds values, or {near: 100, within: 0.1}, or {any_of: [...]}; `says` are patterns that what Cairn said
    matches somewhere; `language` is the code of the language it speaks.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    said_by: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[str] = ()
    tools: Sequence[str] = ()
    says: Sequence[str] = ()
    language: str | None = None
    proposals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """What must not have happened."""

    asked: Sequence[str] = ()
    tools: Sequence[str] = ()
    says: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation with its rules.

    `when_asked` is what Ana presses whenever the open question is about that slot, after the turns are over; `may`
    are slots that can be read from the words by somebody who thinks, and need not be.
    """

    id: str
    title: str
    subject: str
    kept_back: bool
    turns: tuple[PersonTurn, ...]
    when_asked: Mapping[str, Any]
    documents: Mapping[str, str]
    is_indexed: bool
    must: Must
    may: Sequence[str]
    never: Never

    @property
    def is_scripted(self) -> bool:
        """Return whether an ideal talker's acts are written down."""
        return any(turn.ideal is not None for turn in self.turns)


def load() -> Sequence[Conversation]:
    """Return all conversations of the manifest, in its order.

    Raises:
        ValueError: A file does not hold what the manifest says, or an id is there twice.
    """
    found: list[Conversation] = []
    for subject, count in _yaml(MANIFEST)["subjects"].items():
        of_subject = [conversation(each, subject) for each in _yaml(FOLDER / f"{subject}.yaml")]
        if len(of_subject) != count:
            raise ValueError(f"{subject}.yaml holds {len(of_subject)} conversations; the manifest says {count}.")
        found += of_subject
    ids = [each.id for each in found]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise ValueError(f"Ids that are there twice: {', '.join(sorted(twice))}.")
    return found


def conversation(document: Mapping[str, Any], subject: str) -> Conversation:
    """Return one conversation as YAML gives it.

    Raises:
        ValueError: It has a part that no conversation has.
    """
    if unknown := set(document) - _KEYS:
        raise ValueError(f"{document.get('id')}: no conversation has {', '.join(sorted(unknown))}.")
    return Conversation(
        id=document["id"],
        title=document["title"],
        subject=subject,
        kept_back=document.get("kept_back", False),
        turns=tuple(_turn(each) for each in document["turns"]),
        when_asked=document.get("when_asked", {}),
        documents=document.get("documents", {}),
        is_indexed=document.get("is_indexed", False),
        must=Must(**document.get("must", {})),
        may=document.get("may", ()),
        never=Never(**document.get("never", {})),
    )


def _turn(document: Mapping[str, Any]) -> PersonTurn:
    ideal = document.get("ideal")
    ((who, told),) = [(name, value) for name, value in document.items() if name != "ideal"]
    is_text = isinstance(told, str)
    return PersonTurn(
        who=PEOPLE[who],
        text=told if is_text else "",
        pressed={} if is_text else told,
        ideal=None if ideal is None else tuple(_replies(ideal)),
    )


def _replies(ideal: Sequence[str | Mapping[str, Any]]) -> Iterator[Reply]:
    """Yield the calls, made together, and then the text, which ends the turn."""
    calls = [Wanted(name, given or {}) for each in ideal if isinstance(each, Mapping) for name, given in each.items()]
    if calls:
        yield Reply(calls=calls)
    for at, each in enumerate(ideal, start=1):
        if isinstance(each, str):
            if at < len(ideal):
                raise ValueError(f"A text without calls ends the turn, so nothing follows {each!r}.")
            yield Reply(each)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
