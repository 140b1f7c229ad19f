"""Who may approve a run."""

from dataclasses import dataclass

SHELL = "shell:"


@dataclass(frozen=True, slots=True)
class Roles:
    """The people who may approve; whoever reaches the database from a shell already may do everything there."""

    approvers: frozenset[str]

    def may_approve(self, who: str) -> bool:
        """Return whether `who`, a Slack user id or `shell:LOGIN`, may approve, deny and cancel."""
        return who in self.approvers or who.startswith(SHELL)
