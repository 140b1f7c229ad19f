"""What fits on a replica besides the weights: tokens of key-value cache."""

from agents.costs.students import Student

# vLLM's default share of GPU memory, and what it keeps for activations and CUDA graphs.
MEMORY_SHARE = 0.9
OVERHEAD_BYTES_PER_GPU = 2e9


def kv_cache_tokens(
    student: Student,
    *,
    bytes_per_weight: int,
    gpu_bytes: float,
    gpus: int,
    share: float = MEMORY_SHARE,
    overhead_bytes_per_gpu: float = OVERHEAD_BYTES_PER_GPU,
    bytes_per_value: int = 2,
) -> int:
    """Return how many tokens of context a replica holds at once, over all requests; 0 if nothing fits."""
    free = gpus * (share * gpu_bytes - overhead_bytes_per_gpu) - student.weight_bytes(bytes_per_weight)
    return max(0, int(free / student.kv_bytes_per_token(bytes_per_value)))
