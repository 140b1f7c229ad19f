"""What a run has left so far, as cards and the shell show it."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.runs.artifacts import Artifact
from agents.runs.logs import LogLine


@dataclass(frozen=True, slots=True)
class RunOutput:
    """The files of a run, and the ends of its stages' logs.

    Attributes:
        artifacts: The newest version of each, by stage and name.
        last_lines: The last few lines of each stage, in order.
        log_lines: How many lines of the log there are in all.
    """

    artifacts: tuple[Artifact, ...] = ()
    last_lines: tuple[LogLine, ...] = ()
    log_lines: int = 0

    @property
    def hosts(self) -> Mapping[int, str]:
        """By stage: the one worker that reaches its files, where not all of them do."""
        return {artifact.seq: artifact.host for artifact in self.artifacts if artifact.host is not None}

    @property
    def bytes(self) -> int:
        """Of all the files together."""
        return sum(artifact.size for artifact in self.artifacts)

    def lines_of(self, seq: int) -> tuple[LogLine, ...]:
        """Return the last lines of one stage."""
        return tuple(line for line in self.last_lines if line.seq == seq)
