"""What a talker may have done. No tool spends or starts anything: `propose_*` writes a proposal for a person to press.

Arguments are checked strictly; what cannot be done comes back as text that says why, for the talker to act on.
"""

from agents.conversation.tools.definitions import MODEL_TOOLS
from agents.conversation.tools.outcome import Outcome
from agents.conversation.tools.slots import slot_guide
from agents.conversation.tools.toolbox import Tools

__all__ = ["MODEL_TOOLS", "Outcome", "Tools", "slot_guide"]
