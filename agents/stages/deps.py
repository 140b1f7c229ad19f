"""What the stages of runs work with; filled in agents/wiring.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.engine.stage import Interpreter
from agents.errors import UserError
from agents.knowledge import chunking
from agents.ports import Embedder, Sources
from agents.store import rag
from agents.store.db import Connection


@dataclass(frozen=True, slots=True)
class IndexDeps:
    """The collaborators of the stages.

    Attributes:
        embedder: Turns chunks into vectors.
        sources: Opens the run's source.
        parse_command: Starts the child process that parses, one JSON line for another.
        parsers: The parsers' fingerprint.
        document_timeout_s: How long the parser may take for one document.
        exact_up_to: With more chunks than these an index of the vectors is built.
        training: The Python that trains students.
    """

    embedder: Embedder
    sources: Sources
    parse_command: Sequence[str]
    parsers: str
    document_timeout_s: float = 30.0
    exact_up_to: int = 50_000
    training: Interpreter = field(default_factory=Interpreter)

    @property
    def pipeline(self) -> str:
        """What turns bytes into vectors: where it is the same, unchanged documents need no work."""
        return pipeline(self.embedder.fingerprint, self.parsers)


def pipeline(embedder: str, parsers: str) -> str:
    """Return the fingerprint of the whole way from bytes to vectors; the embedder's part stands first."""
    return f"{embedder}|{chunking.FINGERPRINT}|{parsers}"


async def require_generation(connection: Connection, team_id: str, run_id: str) -> rag.Generation:
    """Return the generation that the run fills.

    Raises:
        UserError: Another run dropped it, as this one had ended.
    """
    generation = await rag.generation_of_run(connection, team_id, run_id)
    if generation is None:
        raise UserError("What this run had prepared was cleared away by a later run. Propose the index again.")
    return generation
