"""The type of a batch of embeddings."""

from typing import Any, TypeAlias

import numpy as np

# (texts, dimensions) float32, each row of unit length.
Vectors: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
