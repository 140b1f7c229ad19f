"""How the tokens of a request come about, as the model of a row counts them."""

from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.derived.sheet import Sheet
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.scenario import Scenario
from agents.costs.terms import Derivation, Origin, Term, leaf, told


def token_derivations(
    scenario: Scenario, row: Approach, offer: ApiOffer | SelfHostedOffer, sheet: Sheet
) -> dict[str, Derivation]:
    """Return how prompt (i), answer (o) and, for an API model, fixed prefix (s) come about in the model's tokens."""
    factor = _factor(scenario, offer)
    tail, more = (" * f", [factor]) if factor else ("", [])
    extra_in, in_terms = _documents(scenario, row)
    prompt = _prompt(scenario, row)
    if isinstance(offer, ApiOffer):
        tokens_in, tokens_out = offer.shape.tokens_in, offer.shape.tokens_out
    else:
        tokens_in, tokens_out = offer.tokens_in, offer.tokens_out
    answer = leaf(
        "n_out",
        "answer tokens of a request",
        scenario.inputs.tokens_out or 0,
        "tokens",
        origin=told(scenario, "tokens_out"),
        key="tokens_out",
    )
    found = {
        "i": sheet.add(
            "tokens_in",
            "prompt tokens of a request",
            f"i = (n_in{extra_in}){tail}" if extra_in else f"i = n_in{tail}",
            terms=[prompt, *in_terms, *more],
            result=sheet.figure(tokens_in, "tokens"),
        ),
        "o": sheet.add(
            "tokens_out",
            "answer tokens of a request",
            f"o = n_out{tail}",
            terms=[answer, *more],
            result=sheet.figure(tokens_out, "tokens"),
        ),
    }
    if isinstance(offer, ApiOffer) and offer.shape.static_prefix:
        found["s"] = _prefix(scenario, row, offer, sheet, more)
    return found


def _prompt(scenario: Scenario, row: Approach) -> Term:
    """Return the prompt as the person counted it; beside documents, without them."""
    other = scenario.inputs.other_in
    has_documents = row.kind in {"rag", "long_context", "open_rag"}
    key = "other_in" if has_documents and other is not None else "tokens_in"
    value = other if key == "other_in" and other is not None else scenario.inputs.tokens_in or 0
    text = "prompt tokens besides the documents" if has_documents else "prompt tokens of a request"
    return leaf("n_in", text, value, "tokens", origin=told(scenario, key), key=key)


def _documents(scenario: Scenario, row: Approach) -> tuple[str, list[Term]]:
    """Return what documents add to a prompt: a part of the formula, and its terms."""
    inputs = scenario.inputs
    if row.kind == "long_context":
        key = "knowledge_tokens"
        size = leaf(
            "K", "tokens of all documents", inputs.knowledge_tokens or 0, "tokens", origin=told(scenario, key), key=key
        )
        return " + K", [size]
    if row.kind in {"rag", "open_rag"}:
        return " + k * c", [
            leaf(
                "k",
                "chunks retrieved for a request",
                inputs.top_k,
                "chunks",
                origin=told(scenario, "top_k"),
                key="top_k",
            ),
            leaf("c", "tokens of a chunk", inputs.chunk, "tokens", origin=told(scenario, "chunk"), key="chunk"),
        ]
    return "", []


def _prefix(scenario: Scenario, row: Approach, offer: ApiOffer, sheet: Sheet, more: list[Term]) -> Derivation:
    inputs, key = scenario.inputs, "static_prefix"
    has_documents = row.kind in {"rag", "long_context"} and inputs.other_in is not None
    given = (
        min(inputs.static_prefix, inputs.other_in)
        if has_documents and inputs.other_in is not None
        else inputs.static_prefix
    )
    fixed = leaf("x", "prompt tokens that never change", given, "tokens", origin=told(scenario, key), key=key)
    extra, terms = _documents(scenario, row) if row.kind == "long_context" else ("", [])
    tail = " * f" if more else ""
    return sheet.add(
        "prefix_tokens",
        "tokens of the prefix that never changes",
        f"s = (x{extra}){tail}" if extra else f"s = x{tail}",
        terms=[fixed, *terms, *more],
        result=sheet.figure(offer.shape.static_prefix, "tokens"),
    )


def _factor(scenario: Scenario, offer: ApiOffer | SelfHostedOffer) -> Term | None:
    """Return how many of the model's tokens one of the given makes; None where they are alike."""
    if not isinstance(offer, ApiOffer):
        return None
    factor = scenario.token_factor(offer.price)
    if factor == Decimal(1):
        return None
    key = "claude_token_factor"
    default = Origin("newer Claude tokenisers against Llama's, on the same texts", scenario.book.as_of, "assumed")
    return leaf(
        "f",
        "Claude tokens that one of the given makes",
        factor,
        "tokens/token",
        origin=told(scenario, key, default),
        key=key,
    )
