"""From an event to the feature that takes it, and from a kind of card to the feature that shows it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agents.store.inbox import Event
from bot.feature import Check, Feature, Handler, Opener, Renderer, Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Routed:
    """The handler of an event and the text that is left for it."""

    handler: Handler
    text: str = ""


class Routes:
    """The ways into a set of features.

    Args:
        features: In the order of help; of two that match a message the first takes it.
        otherwise: Takes messages that match no feature.
        unknown: Takes subcommands that do not exist, and none at all.
    """

    def __init__(self, features: Iterable[Feature], *, otherwise: Handler, unknown: Handler) -> None:
        self.features = tuple(features)
        self._otherwise = otherwise
        self._unknown = unknown
        self._actions = _joined(feature.actions for feature in self.features)
        self._views = _joined(feature.views for feature in self.features)
        self._openers: Mapping[str, Opener] = _joined(feature.openers for feature in self.features)
        self._checks: Mapping[str, Check] = _joined(feature.checks for feature in self.features)
        self.cards: Mapping[str, Renderer] = _joined(feature.cards for feature in self.features)

    def handler(self, event: Event) -> Routed:
        """Return who takes an event.

        Raises:
            LookupError: A button, modal or tab that no feature has, such as one of an older version.
        """
        if event.kind in {"message", "mention"}:
            return self._with_files(event) or self._of_message(event.body["text"])
        if event.kind == "command":
            return self._of_command(event.body["text"])
        if event.kind == "action":
            return Routed(self._actions[action_name(event)])
        if event.kind == "view":
            return Routed(self._views[event.body["callback_id"]])
        return Routed(next(feature.home for feature in self.features if feature.home is not None))

    def opener(self, event: Event) -> Opener | None:
        """Return what opens a modal at once for this event, if anything does."""
        if event.kind == "command":
            word, text = first_word(event.body["text"])
            return None if text else self._openers.get(f"/{word}")
        return self._openers.get(action_name(event)) if event.kind == "action" else None

    def check(self, event: Event) -> Check | None:
        """Return what looks at a modal's values before it closes, if anything does."""
        return self._checks.get(event.body["callback_id"]) if event.kind == "view" else None

    def _with_files(self, event: Event) -> Routed | None:
        """Return who takes a message with files: they are taken first, then what it says, where it says anything."""
        take = next((feature.files for feature in self.features if feature.files is not None), None)
        if take is None or not event.body.get("files"):
            return None
        text = event.body["text"]
        if not text:
            return Routed(take)
        said = self._of_message(text)

        async def both(turn: Turn) -> None:
            await take(turn)
            await said.handler(turn)

        return Routed(both, said.text)

    def _of_message(self, text: str) -> Routed:
        for feature in self.features:
            match = feature.said.fullmatch(text) if feature.said is not None else None
            if match is not None and feature.command is not None:
                return Routed(feature.command, (match.groupdict().get("text") or "").strip())
        return Routed(self._otherwise, text)

    def _of_command(self, text: str) -> Routed:
        word, rest = first_word(text)
        for feature in self.features:
            if feature.command is not None and feature.subcommand == word:
                return Routed(feature.command, rest)
        return Routed(self._unknown, text)


def first_word(text: str) -> tuple[str, str]:
    """Return the subcommand, in lower case, and what follows it."""
    word, _, rest = text.strip().partition(" ")
    return word.lower(), rest.strip()


def action_name(event: Event) -> str:
    """Return an action's id without the suffix that tells elements of one block apart."""
    return str(event.body["action_id"]).partition(":")[0]


def closest(word: str, features: Iterable[Feature]) -> str | None:
    """Return the subcommand that a mistyped one most likely meant."""
    known = [feature.subcommand for feature in features if feature.subcommand is not None]
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.5)), None)


def _joined(parts: Iterable[Mapping[str, T]]) -> Mapping[str, T]:
    whole: dict[str, T] = {}
    for part in parts:
        twice = whole.keys() & part.keys()
        if twice:
            raise ValueError(f"two features claim {sorted(twice)}")
        whole.update(part)
    return whole
