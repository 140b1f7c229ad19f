"""How the least time of an answer comes about."""

from agents.costs.approaches import Approach
from agents.costs.derived.serving import weight_bytes
from agents.costs.derived.sheet import Sheet
from agents.costs.figures import DEFAULTS_AS_OF, GUIDE, exact
from agents.costs.latency import API_FLOOR_S
from agents.costs.offers import SelfHostedOffer
from agents.costs.open_models import OpenModel
from agents.costs.terms import DATA_SHEET, Origin, calibration_origin, derived, gpus_term, leaf

FIGURE = "latency_floor_s"


def api_latency(row: Approach, sheet: Sheet) -> None:
    """Add the least time of an API's answer, which the guide says and nobody measured here."""
    origin = Origin(f"{GUIDE}, without a measurement", DEFAULTS_AS_OF, "published")
    sheet.add(
        FIGURE,
        "least time of an answer",
        "L = t",
        terms=[leaf("t", "an API's answer over the network", exact(API_FLOOR_S), "s", origin=origin)],
        result=row.latency_floor_s,
    )


def own_latency(row: Approach, model: OpenModel, sheet: Sheet) -> None:
    """Add the least time of an answer on own GPUs: the prompt computed, then every weight read for each token."""
    offer = row.offer
    if not isinstance(offer, SelfHostedOffer):
        raise TypeError("a row on own GPUs has replicas")
    fit = model.calibration
    sheet.add(
        FIGURE,
        "least time of an answer, alone on its replica",
        "L = i / P / g + o * B / (w * g)",
        terms=[
            derived("i", "prompt tokens", sheet.of("tokens_in")),
            leaf(
                "P",
                "prompt tokens per GPU second",
                exact(fit.prefill),
                "tokens/GPU s",
                origin=calibration_origin(model),
                key="calibration",
            ),
            gpus_term(model),
            derived("o", "answer tokens", sheet.of("tokens_out")),
            derived("B", "size of the weights", weight_bytes(model, sheet)),
            leaf(
                "w",
                f"memory bandwidth of one {model.gpu.name}",
                exact(model.gpu.bandwidth),
                "bytes/s",
                origin=DATA_SHEET,
            ),
        ],
        result=row.latency_floor_s,
        note="Queues and the network come on top.",
    )
