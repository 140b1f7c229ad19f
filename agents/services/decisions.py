"""Answers, verdicts and open questions of a conversation."""

from collections.abc import Mapping
from typing import Any

from agents.services.decision_state import DecisionState, Question
from agents.store.db import Database


class Decisions:
    """Takes answers, decides by the rules, and tells what the cards show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, team_id: str, conversation_id: str) -> DecisionState:
        """Return what the verdict and answers cards show now.

        Raises:
            UserError: There is no such conversation.
        """
        raise NotImplementedError

    async def question(self, team_id: str, conversation_id: str, question_id: str) -> Question:
        """Return one question as its card shows it now, open or collapsed."""
        raise NotImplementedError

    async def decision_record(self, team_id: str, conversation_id: str) -> str:
        """Return the decision record in Markdown."""
        raise NotImplementedError

    def decide_document(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return one result per case of a document with `answers` or `scenarios`, for `cairn decide`.

        Raises:
            UserError: The document, a slot or a value is not understood.
        """
        raise NotImplementedError
