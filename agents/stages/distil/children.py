"""How the stages in processes of their own are started; their code is in agents/adapters, each in a `child` module."""

from typing import Any

from agents.engine.process import ChildLimits
from agents.engine.stage import ChildCode, StageContext
from agents.stages.distil.places import require_places


async def _have_gpus_alone(context: StageContext[Any]) -> None:
    """Have the servers of models beside this worker sleep, where they share the GPUs of the attempt."""
    if context.gpus and context.deps.keeper is not None:
        await context.deps.keeper.make_room()


CHECK = ChildCode(
    "agents.adapters.trainers.check",
    # Libraries that compile keep all of Python waiting meanwhile.
    beat_within_s=600.0,
    interpreter=lambda deps: deps.training,
    before=require_places,
)

# Named, not imported: it runs in a process of its own, under the Python that has the training libraries.
TRAIN = ChildCode(
    "agents.adapters.trainers.child",
    limits=ChildLimits(reply_bytes=8 * 1024 * 1024),
    # Libraries that compile, or load hundreds of GB, keep all of Python waiting meanwhile.
    beat_within_s=600.0,
    interpreter=lambda deps: deps.training,
    before=_have_gpus_alone,
)

PREDICT = ChildCode(
    "agents.adapters.predictors.child",
    limits=ChildLimits(reply_bytes=8 * 1024 * 1024),
    beat_within_s=600.0,
    interpreter=lambda deps: deps.training,
    before=_have_gpus_alone,
)

BASELINES = ChildCode("agents.adapters.baselines.child", interpreter=lambda deps: deps.baselines)
