"""How each figure of a comparison comes about: look up a derivation by the figure's id.

An id is "<row id>/<figure>", for example "distil:llama-3.1-8b/usd_per_month".
"""

import difflib

from agents.costs.compare import Comparison
from agents.costs.derived.rows import all_derivations
from agents.costs.terms import Derivation, Term
from agents.errors import UserError

__all__ = ["Derivation", "Term", "all_derivations", "derivation", "derivation_ids"]


def derivation(comparison: Comparison, figure_id: str) -> Derivation:
    """Return how a figure comes about.

    Raises:
        UserError: The comparison has no such figure.
    """
    found = all_derivations(comparison)
    if figure_id in found:
        return found[figure_id]
    if not found:
        raise UserError(f"Nothing is priced yet: give {', '.join(comparison.missing)} first.")
    close = difflib.get_close_matches(figure_id, found, n=3, cutoff=0.3) or [next(iter(found))]
    raise UserError(f"No figure {figure_id!r} in this comparison. Did you mean {', '.join(close)}?")


def derivation_ids(comparison: Comparison) -> tuple[str, ...]:
    """Return the ids of all figures that have a derivation, in the order of the rows."""
    return tuple(all_derivations(comparison))
