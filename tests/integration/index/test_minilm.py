"""The embedder in process: its weights, its arithmetic, its cache."""

import asyncio
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.adapters.embedders import minilm
from agents.adapters.embedders.minilm import EmbedderError, MiniLm, converted
from agents.adapters.embedders.minilm_graph import build_graph, read_safetensors
from agents.knowledge.chunking import chunks
from agents.knowledge.documents import Parsed
from tests.integration.index.desk import MODELS, CountingEmbedder

TEXTS = [
    "Travel must be approved before it is booked.",
    "Trips need a permission in advance.",
    "The kitchen is cleaned on Fridays.",
    "word " * 400,
    "[SEP] [CLS] is only text here",
    "Überstunden und Urlaub — 100 %",
]


async def test_int8_gives_nearly_the_vectors_of_the_exact_model() -> None:
    exact = onnxruntime.InferenceSession(
        build_graph(read_safetensors(minilm._package_folder() / "model.safetensors")).SerializeToString()
    )
    model = MiniLm(MODELS)

    small = await model.embed(TEXTS)
    model._session = exact
    reference = await model.embed(TEXTS)

    assert (small * reference).sum(axis=1).min() >= 0.98
    assert np.allclose(np.linalg.norm(small, axis=1), 1, atol=1e-5)


async def test_texts_that_mean_the_same_lie_closer_than_texts_that_do_not() -> None:
    vectors = await MiniLm(MODELS).embed(TEXTS[:3])

    assert vectors[0] @ vectors[1] > 0.5
    assert vectors[0] @ vectors[2] < 0.3


async def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    model = MiniLm(MODELS)
    alone = [(await model.embed([text]))[0] for text in TEXTS]

    assert (await model.embed(TEXTS)).tolist() == np.array(alone).tolist()


async def test_no_texts_give_no_vectors() -> None:
    assert (await MiniLm(MODELS).embed([])).shape == (0, 384)


async def test_two_that_convert_the_model_at_once_leave_one_good_file(tmp_path: Path) -> None:
    made = await asyncio.gather(*(asyncio.to_thread(converted, tmp_path) for _ in range(2)))

    assert made[0] == made[1]
    assert [path.name for path in await asyncio.to_thread(lambda: [*tmp_path.iterdir()])] == [made[0].name]
    assert (await MiniLm(tmp_path).embed(["text"])).shape == (1, 384)


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="not the ones that were checked"):
        converted(tmp_path / "models", expected_sha256="0" * 64)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.raises(EmbedderError, match=str(blocked)):
        converted(blocked / "models")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    text=st.lists(
        st.sampled_from(
            ["# H\n", "Ask your lead. ", "straße ÉCLAIR ", "한국어 ", "中文。", "a" * 150, "x\u0301" * 90, "\x01"]
        )
        | st.text(max_size=80),
        max_size=60,
    ).map("".join)
)
def test_no_chunk_has_more_tokens_than_the_model_reads(embedder: CountingEmbedder, text: str) -> None:
    for chunk in chunks(Parsed(text, "A title", is_markdown=True), embedder.tokens, embedder.max_tokens):
        assert len(embedder.tokens(chunk.embedded_text).starts) <= embedder.max_tokens
