"""The fingerprint that binds an approval to exactly what was shown."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def params_hash(kind: str, params: Mapping[str, Any], estimate: Mapping[str, Any]) -> str:
    """Return the SHA-256 of kind, parameters and estimate as canonical JSON, in hexadecimal.

    Raises:
        ValueError: A number is not finite.
        TypeError: A value is not JSON.
    """
    canonical = json.dumps(
        {"kind": kind, "params": dict(params), "estimate": dict(estimate)},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
