"""How the stage that trains is started; its code is in agents/adapters/trainers/child.py."""

from agents.engine.process import ChildLimits
from agents.engine.stage import ChildCode

# Named, not imported: it runs in a process of its own, under the Python that has the training libraries.
TRAIN = ChildCode(
    "agents.adapters.trainers.child",
    limits=ChildLimits(reply_bytes=8 * 1024 * 1024),
    # Libraries that compile, or load hundreds of GB, keep all of Python waiting meanwhile.
    beat_within_s=600.0,
    interpreter=lambda deps: deps.training,
)
