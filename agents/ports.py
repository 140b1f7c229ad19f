"""What has, or will have, a second real implementation: the shapes that adapters fill and services and stages use."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from agents.costs.prices.book import PriceList
from agents.dialogue.chat import ChatEvent, Request
from agents.dialogue.speech import Place, Suggestion
from agents.distillation.serving import Completion, ServedModel
from agents.distillation.teaching import BatchProgress, FoundBatch, TeacherAnswer, TeacherRequest
from agents.knowledge.documents import Parsed, SourceFile
from agents.knowledge.tokens import Tokens
from agents.knowledge.vectors import Vectors
from agents.runs.roles import Person


class Embedder(Protocol):
    """Turns texts into unit vectors, and counts their tokens the way the model does."""

    @property
    def fingerprint(self) -> str:
        """Model, weights and arithmetic: vectors of different fingerprints do not compare."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that the model reads, without the marks it adds itself; what is beyond is not seen."""

    def tokens(self, text: str) -> Tokens:
        """Return where the tokens of `text` lie, the whole of it however long; for a thread, not the event loop."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, dimensions) float32, each row of unit length, in the order given."""


class TokenCounter(Protocol):
    """Counts the tokens that a language model makes of a text."""

    @property
    def method(self) -> str:
        """How it counts, for people: the tokeniser, or the factor that stands for one."""

    async def count(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the tokens of each text."""


class ChatModel(Protocol):
    """A model that talks: Claude, or what speaks the Messages API, such as vLLM."""

    @property
    def name(self) -> str:
        """The model's name, as its API knows it and the price book may."""

    @property
    def context_tokens(self) -> int:
        """Tokens that a request and its answer may have together."""

    @property
    def max_tokens(self) -> int:
        """Tokens that one answer may have."""

    def stream(self, request: Request) -> AsyncIterator[ChatEvent]:
        """Yield the answer as it comes: text in pieces, each call once it is whole, and at last one `Ended`.

        Raises:
            ModelFailure: There is no answer, or its rest is missing; what was yielded until then stands.
        """

    async def count_tokens(self, request: Request) -> int:
        """Return the tokens of a request.

        Raises:
            ModelFailure: They cannot be counted.
        """


class Speech(Protocol):
    """One reply while it is said; what `write` showed early, `finish` makes whole."""

    async def write(self, text: str) -> None:
        """Show the next piece, checked, with its own spaces and line ends; may do nothing."""

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """End the reply with its whole text, that of all pieces, and buttons below; nothing is shown without text."""


class Voice(Protocol):
    """Says things in threads; the same key again is the same reply, which is then brought up to date."""

    def speech(self, place: Place, key: str) -> Speech:
        """Return a reply to be said; nothing is shown before its first piece."""


class Parser(Protocol):
    """Reads the text out of one kind of file; runs in a guarded child process."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of the files it reads, in lower case and with their dot."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same bytes may give another text."""

    def parse(self, content: bytes, name: str) -> Parsed:
        """Return the text of a file's bytes.

        Raises:
            Unreadable: There is no text that can be read; the reason is for people.
        """


class Sources(Protocol):
    """Opens collections of documents by their location."""

    def check(self, location: str) -> str:
        """Return the location to be registered, in full.

        Raises:
            UserError: It cannot be a source; the text says why.
        """

    def open(self, location: str) -> "Source":
        """Return the source at a location that was registered.

        Raises:
            UserError: It cannot be read now; the text says why.
        """


class Source(Protocol):
    """A collection of documents that can be listed and read."""

    def files(self) -> Iterator[SourceFile]:
        """Yield every file, also those that cannot be indexed, each once and always in the same order."""

    def sizes(self) -> Iterator[tuple[str, int, bool]]:
        """Yield each file's path, bytes and whether it can be indexed, without reading it."""

    def path(self, uri: str) -> Path:
        """Return where the document's bytes lie.

        Raises:
            Unreadable: It is gone, or no longer a plain file inside the source.
        """


class DataFiles(Protocol):
    """Reads files of examples by the path that people give."""

    def read(self, location: str, source: str | None = None) -> str:
        """Return the text of a file; for a thread, not the event loop.

        Args:
            location: Its path.
            source: The folder of a registered source, in which it may lie too.

        Raises:
            UserError: It may not or cannot be read; the text says why.
        """


class Directory(Protocol):
    """Knows the people of a workspace, as far as roles need it."""

    async def person(self, team_id: str, user: str) -> Person:
        """Return what is known of somebody; a look-up that failed says so in its answer and raises nothing."""

    async def members(self, team_id: str, group: str) -> tuple[str, ...]:
        """Return the people in a user group; nobody where it cannot be looked up."""

    async def is_in(self, team_id: str, channel: str, user: str) -> bool | None:
        """Return whether somebody is in a channel; None where that cannot be looked up."""


class PriceSource(Protocol):
    """A public list of prices that can be fetched anew."""

    @property
    def name(self) -> str:
        """What its prices name as their source."""

    @property
    def version(self) -> str:
        """Of the package that reads the list."""

    async def fetch(self, today: dt.date) -> PriceList:
        """Return the list as it is now, each price as of `today`.

        Raises:
            PriceSourceError: It does not answer, or not with such a list; the text is for people.
        """


class Artifacts(Protocol):
    """Keeps files by key where other hosts can take them up; a file is there as a whole or not at all."""

    @property
    def place(self) -> str:
        """Where the files lie, as a URL without a slash at its end."""

    @property
    def is_shared(self) -> bool:
        """Whether every worker reaches the same files at this place."""

    async def put(self, key: str, path: Path, sha256: str) -> int:
        """Keep a copy of the file at `path` under `key` and return its bytes.

        Raises:
            ArtifactPlaceError: The place does not answer, or refuses.
            ValueError: The file is not, or no longer, the one with this SHA-256.
        """

    async def get(self, key: str, to: Path, sha256: str) -> None:
        """Copy the file under `key` to `to`, which is there as a whole or not at all.

        Raises:
            ArtifactMissingError: There is none.
            ArtifactDamagedError: It is not the one with this SHA-256.
            ArtifactPlaceError: The place does not answer, or refuses.
        """

    async def size(self, key: str) -> int | None:
        """Return the bytes under `key`; None where there is nothing."""

    async def delete(self, key: str) -> None:
        """Remove what is under `key`, if anything is."""


@runtime_checkable
class BatchTeacher(Protocol):
    """A model that writes training data in batches, whose answers come within a day.

    A batch has a name, 16 hexadecimal characters, which its requests carry outside: whatever comes back is known by it.
    """

    @property
    def model(self) -> str:
        """The model's name, as its API and the price book know it."""

    @property
    def effect_kind(self) -> str:
        """What a batch is in the ledger of effects: the namespace of its id."""

    @property
    def largest_batch(self) -> int:
        """Requests that one batch may hold."""

    @property
    def largest_bytes(self) -> int:
        """Bytes that the texts of one batch may have together."""

    async def submit(self, name: str, requests: Sequence[TeacherRequest]) -> str:
        """Hand in a batch and return its id; not to be called twice for the same.

        Raises:
            TeacherRefused: It was surely not taken, and will not be.
            TeacherBusy: It was surely not taken.
            TeacherLost: Nobody knows whether it was taken.
        """

    async def find(self, name: str, requests: int, since: dt.datetime) -> Sequence[FoundBatch]:
        """Return the batches that may be what `submit` made since then of so many requests, newest first.

        Raises:
            TeacherRefused: It will not say.
            TeacherBusy: It does not answer now.
        """

    async def progress(self, batch_id: str) -> BatchProgress:
        """Return how far a batch is.

        Raises:
            TeacherRefused: It knows no such batch, or will not say.
            TeacherBusy: It does not answer now.
        """

    def answers(self, name: str, batch_id: str) -> AsyncIterator[TeacherAnswer]:
        """Yield what came of each request of a batch that has ended, in any order, each once.

        Raises:
            TeacherRefused: They cannot be had, or the batch is another one than the name says.
            TeacherBusy: It does not answer now, or no further; begin again.
        """

    async def cancel(self, batch_id: str) -> None:
        """Have a batch end early; what was answered by then stays and is paid. Nothing where it has ended.

        Raises:
            TeacherRefused: It knows no such batch, or will not.
            TeacherBusy: It does not answer now.
        """


@runtime_checkable
class LiveTeacher(Protocol):
    """A model that writes training data one answer at a time."""

    @property
    def model(self) -> str:
        """The model's name, as its API and the price book know it."""

    @property
    def effect_kind(self) -> str:
        """What its calls are in the ledger of effects."""

    @property
    def at_once(self) -> int:
        """Requests that may be under way together."""

    async def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """Return what came of one request, tried again for a while where that helps and cannot be paid twice.

        Raises:
            TeacherRefused: No request will be answered, as with a bad key; the text is for people.
        """


class ModelServer(Protocol):
    """A server of models, such as vLLM: of a base with adapters that come while it runs, or of one student."""

    @property
    def url(self) -> str:
        """Where it answers, for people."""

    async def close(self) -> None:
        """Close the connections to it."""

    async def models(self) -> Sequence[ServedModel]:
        """Return what it serves now.

        Raises:
            ServerError: It does not answer, or refuses.
        """

    async def require_adapters(self) -> None:
        """Make sure that it answers, and takes adapters while it runs.

        Raises:
            ServerError: It does not.
        """

    async def load_adapter(self, name: str, folder: Path, *, replace: bool = False) -> None:
        """Serve the adapter in a folder, which the server must see under the same path, as `name`.

        Args:
            name: What callers name it.
            folder: With the adapter's files.
            replace: Let it take the place of another one under this name. It is tried under another name first, and
                the name is free for as long as the server takes to load it a second time.

        Raises:
            ServerError: It does not answer, or refuses the adapter; what it served before it still serves.
        """

    async def unload_adapter(self, name: str) -> None:
        """Stop serving an adapter; nothing where it is not served.

        Raises:
            ServerError: It does not answer, or refuses.
        """

    async def chat(self, model: str, messages: Sequence[Mapping[str, str]], *, max_tokens: int) -> Completion:
        """Return what a model writes, greedily.

        Raises:
            ServerError: It does not answer, or there is no such model.
        """

    async def classify(self, model: str, text: str) -> Completion:
        """Return the label that a classifier gives a text, which is cut where it is too long.

        Raises:
            ServerError: It does not answer, or there is no such model.
        """

    async def sleep(self) -> bool:
        """Have it end what it is at and free its GPUs; False where it was not started so that it can.

        What it is asked meanwhile waits until it is awake.

        Raises:
            ServerError: It does not answer, or refuses.
        """

    async def can_sleep(self) -> bool:
        """Return whether it was started so that it can sleep.

        Raises:
            ServerError: It does not answer.
        """

    async def is_sleeping(self) -> bool:
        """Whether it sleeps; False where it cannot.

        Raises:
            ServerError: It does not answer, or refuses.
        """

    async def wake(self) -> None:
        """Have it take its GPUs again.

        Raises:
            ServerError: It does not.
        """
