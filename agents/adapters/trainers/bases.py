"""The model that a training starts from: where it lies, and whether it can be trained."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.adapters.trainers.downloads import download
from agents.adapters.trainers.stage import TrainingStage
from agents.adapters.trainers.weights import Weights, read_config, read_weights
from agents.errors import UserError


@dataclass(frozen=True, slots=True)
class Base:
    """A model on this host.

    Attributes:
        name: As people gave it.
        folder: Where it lies.
        revision: The commit of the Hub that it is; empty for a folder of one's own.
        config: Its config.json.
        weights: What its files hold.
    """

    name: str
    folder: Path
    revision: str
    config: Mapping[str, Any]
    weights: Weights


def bring_base(name: str, revision: str, stage: TrainingStage) -> Base:
    """Return the model of that name, once it is on this host as a whole; libraries ask the Hub for nothing then.

    Raises:
        UserError: As of `find_base`.
    """
    # Nothing is sent anywhere, whatever the libraries would like to count.
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    base = find_base(name, revision, stage)
    os.environ["HF_HUB_OFFLINE"] = "1"
    return base


def find_base(name: str, revision: str, stage: TrainingStage) -> Base:
    """Return the model of that name, which is fetched from the Hub where it is no folder here.

    Raises:
        UserError: There is none, it cannot be had, or it cannot be trained.
    """
    given = Path(name).expanduser()
    if given.is_dir():
        folder, revision = given.resolve(), ""
    elif given.is_absolute() or name.startswith((".", "~")):
        raise UserError(f"The folder {name} with the base model does not exist on this host. Correct base.")
    else:
        folder = download(name, revision, stage)
        # The Hub's cache names a snapshot after its commit.
        revision = folder.name
    config = read_config(folder)
    if "quantization_config" in config:
        raise UserError(
            f"The weights of {name} are quantised already. Choose the model that they were made of: qlora quantises it "
            "itself, as it is loaded."
        )
    if "auto_map" in config and "model_type" not in config:
        raise UserError(f"{name} needs code of its own, which is not run here. Choose a model that needs none.")
    return Base(name, folder, revision, config, read_weights(folder))
