"""Block Kit, checked as strictly as Slack checks it: messages, views and message metadata."""

from bot.localslack.validation.blocks import checked_blocks
from bot.localslack.validation.views import checked_view

__all__ = ["checked_blocks", "checked_view"]
