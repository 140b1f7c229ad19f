"""How what is paid once comes about, line by line. Training is in derived_training.py."""

from collections.abc import Iterator

from agents.costs.approaches import Approach
from agents.costs.derived.sheet import Sheet
from agents.costs.derived.training import data_derivation, training_derivation
from agents.costs.figures import DEFAULTS_AS_OF, GUIDE, Figure, exact
from agents.costs.rag import VECTOR_HEADER_BYTES, Corpus, vector_bytes
from agents.costs.scenario import Scenario
from agents.costs.terms import DEFINITION, Derivation, Origin, Term, derived, leaf, of_figure, price_kind, told
from agents.costs.upfront import WORKING_DAYS

FROM_GUIDE = Origin(GUIDE, DEFAULTS_AS_OF, "published")


def upfront_derivations(scenario: Scenario, row: Approach, sheet: Sheet) -> None:
    """Add how a row's upfront cost is made of its lines, and how each of them comes about."""
    terms = list(_lines(scenario, row, sheet))
    upfront = sheet.add(
        "usd_upfront",
        "what is paid once",
        f"U = {' + '.join(term.symbol for term in terms) or '0'}",
        terms=terms,
        result=row.usd_upfront,
        note="" if terms else "Nothing is paid before the first request.",
    )
    key, months = "horizon_months", exact(scenario.inputs.horizon_months)
    band = row.usd_per_month
    spread = upfront.result
    sheet.add(
        "usd_per_month_all_in",
        "running cost of a month with what is paid once spread over the horizon",
        "A = M + U / h",
        terms=[
            derived("M", "running cost of a month", sheet.of("usd_per_month")),
            derived("U", "what is paid once", upfront),
            leaf(
                "h", "months that upfront costs are spread over", months, "months", origin=told(scenario, key), key=key
            ),
        ],
        result=Figure(
            row.usd_per_month_all_in(scenario.inputs.horizon_months),
            band.low + spread.low / months,
            band.high + spread.high / months,
            "USD/month",
            band.source,
            band.as_of,
            "computed",
        ),
        note="The ranking follows this figure.",
    )


def _lines(scenario: Scenario, row: Approach, sheet: Sheet) -> Iterator[Term]:
    for name, figure in row.upfront_figures.items():
        if name == "setup":
            yield of_figure("S", "building retrieval once", figure, key="setup_usd")
        elif name == "embedding":
            yield derived("E", "embedding all documents once", _embedding(scenario, figure, sheet))
        elif name == "training_data":
            yield derived("D", "training data", data_derivation(scenario, figure, sheet))
        elif name == "training":
            yield derived("T", "training runs", training_derivation(scenario, figure, sheet))
        elif name == "engineering":
            yield _people(scenario, row, figure, sheet)
        else:
            yield of_figure("C", "your figure for data and training", figure, key="upfront_compute_usd")


def _people(scenario: Scenario, row: Approach, figure: Figure, sheet: Sheet) -> Term:
    inputs = scenario.inputs
    if inputs.engineering_usd is not None:
        return of_figure("P", "people's time to train and deploy", figure, key="engineering_usd")
    given = inputs.engineering_days
    days = WORKING_DAYS[row.kind] if given is None else exact(given)
    made = sheet.add(
        "usd_upfront.engineering",
        "people's time to train and deploy",
        "P = y * r",
        terms=[
            leaf(
                "y",
                "days of people's time",
                days,
                "days",
                origin=told(scenario, "engineering_days", FROM_GUIDE),
                key="engineering_days",
            ),
            leaf(
                "r",
                "price of a day of people's time; zero leaves it out",
                inputs.engineering_day_rate,
                "USD/day",
                origin=told(scenario, "engineering_day_rate"),
                key="engineering_day_rate",
            ),
        ],
        result=figure,
    )
    return derived("P", "people's time to train and deploy", made)


def _embedding(scenario: Scenario, figure: Figure, sheet: Sheet) -> Derivation:
    corpus, embedder = scenario.corpus, scenario.embedder
    if corpus is None:
        raise TypeError("only documents are embedded")
    chunks = _chunks(scenario, corpus, sheet)
    _vectors(scenario, corpus, chunks, sheet)
    if embedder is None:
        return sheet.add(
            "usd_upfront.embedding",
            "embedding all documents once",
            "E = 0",
            terms=[],
            result=figure,
            note="The documents are embedded on your own machine, whose time is not priced.",
        )
    key = "knowledge_tokens"
    sent = sheet.add(
        "embedded_tokens",
        "tokens that are embedded, those that chunks share twice",
        "t = K + max(0, c - 1) * v",
        terms=[
            leaf("K", "tokens of all documents", corpus.tokens, "tokens", origin=told(scenario, key), key=key),
            derived("c", "chunks", chunks),
            leaf(
                "v",
                "tokens that neighbours share",
                corpus.overlap,
                "tokens",
                origin=told(scenario, "overlap"),
                key="overlap",
            ),
        ],
        result=sheet.figure(corpus.embedded_tokens, "tokens"),
    )
    origin = Origin(embedder.source, embedder.as_of, price_kind(embedder))
    price = leaf(
        "p",
        f"{embedder.id}: price of a million tokens",
        embedder.standard.input,
        "USD/M tokens",
        origin=origin,
        key="embedder",
    )
    return sheet.add(
        "usd_upfront.embedding",
        "embedding all documents once",
        "E = t * p / 1000000",
        terms=[derived("t", "tokens that are embedded", sent), price],
        result=figure,
    )


def _chunks(scenario: Scenario, corpus: Corpus, sheet: Sheet) -> Derivation:
    return sheet.add(
        "chunks",
        "chunks that the documents make",
        "c = 1 + ceil(max(0, K - z) / (z - v))",
        terms=[
            leaf(
                "K",
                "tokens of all documents",
                corpus.tokens,
                "tokens",
                origin=told(scenario, "knowledge_tokens"),
                key="knowledge_tokens",
            ),
            leaf("z", "tokens of a chunk", corpus.chunk, "tokens", origin=told(scenario, "chunk"), key="chunk"),
            leaf(
                "v",
                "tokens that neighbours share",
                corpus.overlap,
                "tokens",
                origin=told(scenario, "overlap"),
                key="overlap",
            ),
        ],
        result=sheet.figure(corpus.chunks, "chunks"),
    )


def _vectors(scenario: Scenario, corpus: Corpus, chunks: Derivation, sheet: Sheet) -> None:
    """Add what the vectors take in the database, whose price is part of the infrastructure."""
    width = scenario.inputs.dimensions
    sheet.add(
        "vector_bytes",
        "size of all vectors, their index aside",
        "B = c * (4 * w + x)",
        terms=[
            derived("c", "chunks", chunks),
            leaf("w", "length of a vector", width, "numbers", origin=told(scenario, "dimensions"), key="dimensions"),
            leaf(
                "x",
                "bytes that pgvector keeps beside each vector",
                VECTOR_HEADER_BYTES,
                "bytes",
                origin=Origin("pgvector's documentation", DEFINITION.as_of, "published"),
            ),
        ],
        result=sheet.figure(vector_bytes(corpus.chunks, width), "bytes"),
        note="Half-precision vectors take 2 bytes a number in place of 4.",
    )
