"""The least time that an answer can take: queues and networks come on top.

A model on own GPUs is bounded by its arithmetic and its memory; of an API only what the guide says is known.
"""

from agents.costs.serving import Calibration


def decode_floor_s(weight_bytes: float, bandwidth: float, gpus: int = 1) -> float:
    """Return the least seconds per output token: every weight is read from memory once."""
    return weight_bytes / (bandwidth * gpus)


def answer_floor_s(
    calibration: Calibration, *, tokens_in: float, tokens_out: float, weight_bytes: float, bandwidth: float
) -> float:
    """Return the least seconds from request to the last output token."""
    prefill_s = tokens_in / calibration.prefill / calibration.gpus
    return prefill_s + tokens_out * decode_floor_s(weight_bytes, bandwidth, calibration.gpus)


# The guide's least time of an answer over the network of a provider; published there, without a measurement.
API_FLOOR_S = 0.5
