"""Slack's Web API: one table of methods, and the way every call takes through it."""

from bot.localslack.webapi.dispatch import serve

__all__ = ["serve"]
