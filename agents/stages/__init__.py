"""What the stages of runs do, by kind of run and name of stage; the engine carries them out.

To add one: a module here with `execute`, a line below, and its place in the recipe (agents/runs/recipes.py).
"""

from agents.engine.stage import Stages
from agents.stages import build, ingest, listing, switch
from agents.stages.distil import (
    deploying,
    filtering,
    generate,
    judging,
    prepare,
    prompted,
    reporting,
    splitting,
    stopping,
)
from agents.stages.distil.children import BASELINES, CHECK, PREDICT, TRAIN

STAGES: Stages = {
    ("index", "list"): listing.execute,
    ("index", "ingest"): ingest.execute,
    ("index", "build"): build.execute,
    ("index", "switch"): switch.execute,
    ("distil", "prepare"): prepare.execute,
    ("distil", "check"): CHECK,
    ("distil", "generate"): generate.execute,
    ("distil", "filter"): filtering.execute,
    ("distil", "split"): splitting.execute,
    ("distil", "baselines"): BASELINES,
    ("distil", "prompted"): prompted.execute,
    ("distil", "advise"): stopping.execute,
    ("distil", "train"): TRAIN,
    ("distil", "predict"): PREDICT,
    ("distil", "gate"): judging.execute,
    ("distil", "deploy"): deploying.deploy,
    ("distil", "verify"): deploying.verify,
    ("distil", "report"): reporting.execute,
}
