"""What the stages of runs do, by kind of run and name of stage; the engine carries them out.

To add one: a module here with `execute`, a line below, and its place in the recipe (agents/runs/recipes.py).
"""

from agents.engine.stage import Stages
from agents.stages import build, ingest, listing, switch

STAGES: Stages = {
    ("index", "list"): listing.execute,
    ("index", "ingest"): ingest.execute,
    ("index", "build"): build.execute,
    ("index", "switch"): switch.execute,
}
