"""What answers without a model of its own: the usual output, logistic regression on vectors, the nearest example.

All are deterministic: the same examples and the same seed give the same answers.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

Answers = Callable[[Sequence[str]], list[str]]
"""The outputs for inputs, in their order."""

Vectors = Callable[[Sequence[str]], Any]
"""A matrix for texts, sparse or not, with a row of unit length for each."""

# Regularisation from strong to weak; each step further is too far for texts of a sentence as for those of a page.
_CS: Final = (1.0, 10.0, 100.0)
# What C is chosen on; more would take minutes and hardly change the choice.
_CHOSEN_ON: Final = 5_000
_FOLDS: Final = 3
# Of which there are two kinds, and a coefficient for each label.
_MOST_FEATURES: Final = 10_000
# Signs count as words, or a text of signs alone would have none.
_WORD: Final = re.compile(r"\w+|[^\w\s]")
# Characters of a text that are counted: n-grams of whole books would fill the memory.
_READ: Final = 4_000
# Inputs that are held against all examples at once: a matrix of 40 MB with 20,000 of them.
_AT_ONCE: Final = 256


def usual_output(outputs: Sequence[str]) -> Answers:
    """Return what answers with the most frequent output, the first of those that are as frequent."""
    ((usual, _),) = Counter(outputs).most_common(1)
    return lambda texts: [usual] * len(texts)


def counted(texts: Sequence[str]) -> Vectors:
    """Return TF-IDF vectors of words and of what words consist of, with the weights that `texts` give."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  # takes a second
    from sklearn.pipeline import FeatureUnion  # noqa: PLC0415  # as above

    kept: dict[str, Any] = {"sublinear_tf": True, "max_features": _MOST_FEATURES, "dtype": np.float64}
    words = TfidfVectorizer(ngram_range=(1, 2), tokenizer=_WORD.findall, token_pattern=None, **kept)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **kept)
    both = FeatureUnion([("words", words), ("characters", characters)], transformer_weights=_HALF_EACH)
    both.fit([text[:_READ] for text in texts])
    return lambda given: both.transform([text[:_READ] for text in given]).tocsr()


def regression(
    vectors: Vectors, matrix: Any, outputs: Sequence[str], *, is_sparse: bool, seed: int
) -> tuple[Answers, float]:
    """Return what answers with the likeliest output, and the C that it was fitted with.

    C is chosen by cross-validation on the examples. Two outputs differ at least.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # takes a second

    # For thousands of features that are mostly absent; for a few hundred the other needs fewer passes.
    solver: dict[str, Any] = {"solver": "saga", "tol": 1e-2} if is_sparse else {"solver": "lbfgs"}
    model = LogisticRegression(max_iter=300, random_state=seed, **solver)
    labels = np.asarray(outputs, object)
    with warnings.catch_warnings():
        # Where passes end before the optimum, what was found by then is the baseline.
        warnings.simplefilter("ignore", _convergence_warning())
        model.set_params(C=_chosen_c(model, matrix, labels, seed))
        model.fit(matrix, labels)
    return lambda texts: [str(label) for label in model.predict(vectors(texts))], float(model.C)


def nearest(vectors: Vectors, matrix: Any, outputs: Sequence[str]) -> Answers:
    """Return what answers with the output of the example whose vector is nearest, the first of those as near."""

    def answers(texts: Sequence[str]) -> list[str]:
        found: list[str] = []
        for first in range(0, len(texts), _AT_ONCE):
            alike = vectors(texts[first : first + _AT_ONCE]) @ matrix.T
            dense = alike.toarray() if hasattr(alike, "toarray") else alike
            found += [outputs[place] for place in np.argmax(dense, axis=1)]
        return found

    return answers


# So that the vector of both has unit length as well.
_HALF_EACH: Final = {"words": 0.5**0.5, "characters": 0.5**0.5}


def _chosen_c(model: Any, matrix: Any, labels: Any, seed: int) -> float:
    """Return the C with the best accuracy on examples that were left out; the middle one where too few can be."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold  # noqa: PLC0415  # takes a second

    chosen = np.sort(np.random.default_rng(seed).permutation(len(labels))[:_CHOSEN_ON])
    counts = Counter(labels[chosen])
    # A label has to be on both sides of each fold.
    chosen = np.array([place for place in chosen if counts[labels[place]] >= _FOLDS], np.int64)
    if len(set(labels[chosen])) < 2:
        return _CS[1]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    search = GridSearchCV(model, {"C": list(_CS)}, scoring="accuracy", cv=folds, refit=False)
    search.fit(matrix[chosen], labels[chosen])
    # The first of the best, which regularises most.
    return float(_CS[int(np.argmax(search.cv_results_["mean_test_score"]))])


def _convergence_warning() -> type[Warning]:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  # takes a second

    found: type[Warning] = ConvergenceWarning
    return found
