"""What every place for artifacts promises, asked of a directory and of a local S3."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.adapters.artifacts import Artifacts, open_artifacts
from agents.errors import UserError
from agents.runs.artifacts import ArtifactDamagedError, ArtifactMissingError, ArtifactPlaceError, artifact_key
from tests import s3

pytestmark = pytest.mark.integration

# More than one part of an upload to S3, and not a whole number of them.
LARGE = os.urandom(1024 * 1024) * 19 + b"end"


@dataclass(frozen=True)
class Place:
    """A place for artifacts, and ways to look at it and to spoil it behind its back."""

    artifacts: Artifacts
    stored: Callable[[], Sequence[str]]
    overwrite: Callable[[str, bytes], object]
    left_over: Callable[[], int]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with s3.local_s3() as started:
        yield started


@pytest.fixture(params=["directory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "directory":
        root = tmp_path / "kept here"
        return Place(
            open_artifacts(str(root), tmp_path),
            lambda: [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()],
            lambda key, content: (root / key).write_bytes(content),
            lambda: len(list((root / "incoming").glob("*"))),
        )
    endpoint = request.getfixturevalue("endpoint")
    for name, value in {**s3.ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    prefix = tmp_path.name
    return Place(
        open_artifacts(f"s3://{s3.BUCKET}/{prefix}/", tmp_path),
        lambda: [key.removeprefix(f"{prefix}/") for key in s3.keys(endpoint) if key.startswith(f"{prefix}/")],
        lambda key, content: s3.overwrite(endpoint, f"{prefix}/{key}", content),
        lambda: s3.unfinished_uploads(endpoint),
    )


def make_file(folder: Path, content: bytes) -> tuple[Path, str, str]:
    """Return a file with its SHA-256 and its key."""
    path = folder / "source"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return path, digest, artifact_key("T1", digest)


def parts_in(folder: Path) -> list[str]:
    """Return the files that a copy was begun in and not ended."""
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


@pytest.mark.parametrize("content", [b"", b"weights", LARGE], ids=["empty", "small", "large"])
async def test_what_was_put_comes_back_the_same(place: Place, tmp_path: Path, content: bytes) -> None:
    path, digest, key = make_file(tmp_path, content)
    assert await place.artifacts.put(key, path, digest) == len(content)
    assert await place.artifacts.size(key) == len(content)
    await place.artifacts.get(key, tmp_path / "copy", digest)
    assert (tmp_path / "copy").read_bytes() == content
    assert place.stored() == [key]
    assert place.left_over() == 0


async def test_putting_the_same_again_changes_nothing(place: Place, tmp_path: Path) -> None:
    path, digest, key = make_file(tmp_path, b"weights")
    for _ in range(2):
        await place.artifacts.put(key, path, digest)
    assert place.stored() == [key]


async def test_what_is_not_there_has_no_size_and_cannot_be_fetched(place: Place, tmp_path: Path) -> None:
    _, digest, key = make_file(tmp_path, b"never put")
    assert await place.artifacts.size(key) is None
    with pytest.raises(ArtifactMissingError, match=r"There is no file at .* any more"):
        await place.artifacts.get(key, tmp_path / "copy", digest)
    assert not (tmp_path / "copy").exists()


async def test_what_was_deleted_is_gone_and_deleting_it_again_is_no_fault(place: Place, tmp_path: Path) -> None:
    path, digest, key = make_file(tmp_path, b"weights")
    await place.artifacts.put(key, path, digest)
    for _ in range(2):
        await place.artifacts.delete(key)
    assert await place.artifacts.size(key) is None


@pytest.mark.parametrize("damaged", [b"Weights", b"weight", b"", b"weights and more"])
async def test_damaged_content_is_refused_and_leaves_the_former_copy(
    place: Place, tmp_path: Path, damaged: bytes
) -> None:
    path, digest, key = make_file(tmp_path, b"weights")
    await place.artifacts.put(key, path, digest)
    copy = tmp_path / "copy"
    await place.artifacts.get(key, copy, digest)
    place.overwrite(key, damaged)
    with pytest.raises(ArtifactDamagedError, match=f"is damaged: its SHA-256 .* saved was {digest[:12]}"):
        await place.artifacts.get(key, copy, digest)
    assert copy.read_bytes() == b"weights"
    assert parts_in(tmp_path) == []


@pytest.mark.parametrize("content", [b"weights", LARGE], ids=["small", "large"])
async def test_a_file_that_changed_since_it_was_looked_at_is_not_kept(
    place: Place, tmp_path: Path, content: bytes
) -> None:
    path, digest, key = make_file(tmp_path, content)
    path.write_bytes(content[:-1] + b"?")
    with pytest.raises(ValueError, match="source changed while it was being saved"):
        await place.artifacts.put(key, path, digest)
    assert place.stored() == []
    assert place.left_over() == 0


async def test_a_put_that_was_cancelled_leaves_nothing(place: Place, tmp_path: Path) -> None:
    path, digest, key = await asyncio.to_thread(make_file, tmp_path, LARGE)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    # A source that gives some parts and then no more: the upload stands in its middle when it is cancelled.
    half_way, go_on = threading.Event(), threading.Event()

    def feed() -> None:
        with pipe.open("wb") as source:
            source.write(path.read_bytes()[: 12 * 1024 * 1024])
            half_way.set()
            go_on.wait()

    feeding = asyncio.create_task(asyncio.to_thread(feed))
    putting = asyncio.create_task(place.artifacts.put(key, pipe, digest))
    await asyncio.to_thread(half_way.wait)
    putting.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await feeding
    assert place.stored() == []
    assert place.left_over() == 0
    assert await place.artifacts.size(key) is None


async def test_places_in_parallel_do_not_disturb_each_other(place: Place, tmp_path: Path) -> None:
    made = []
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(make_file(folder, bytes([number]) * 300_000))
    await asyncio.gather(*(place.artifacts.put(key, path, digest) for path, digest, key in made))
    await asyncio.gather(*(place.artifacts.get(key, path, digest) for path, digest, key in made))
    assert [path.read_bytes()[0] for path, _, _ in made] == list(range(8))


async def test_a_folder_of_this_host_alone_is_not_shared_and_a_named_one_is(tmp_path: Path) -> None:
    assert not open_artifacts(None, tmp_path).is_shared
    assert open_artifacts(None, tmp_path).place == f"file://{tmp_path}/artifacts"
    assert open_artifacts(f"file://{tmp_path}/a%20b", tmp_path).place == f"file://{tmp_path}/a%20b"
    assert open_artifacts(str(tmp_path), tmp_path).is_shared


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("artifacts", "name a folder from its root"),
        ("file://host/folder", "name a folder from its root"),
        ("", "name a folder from its root"),
        ("nope://x/y", "Protocol not known: nope"),
        ("gs://bucket/x", "the package for gs is not installed"),
        ("memory://x", "memory keeps nothing that another host could read"),
        ("s3://", "names no bucket"),
        ("simplecache::s3://bucket/x", "cannot be used"),
    ],
)
def test_a_place_that_cannot_be_used_is_refused_with_what_to_write(setting: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told) as refused:
        open_artifacts(setting, tmp_path)
    assert f"CAIRN_ARTIFACTS={setting!r}" in str(refused.value)


async def test_a_bucket_that_does_not_exist_is_told_with_its_name(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**s3.ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    path, digest, key = make_file(tmp_path, b"weights")
    with pytest.raises(ArtifactPlaceError, match="kept at s3://no-such-bucket/x, which fails"):
        await open_artifacts("s3://no-such-bucket/x", tmp_path).put(key, path, digest)


async def test_a_store_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 9 is discard, which nothing serves here.
    for name, value in {**s3.ENVIRONMENT, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    path, digest, key = make_file(tmp_path, b"weights")
    with pytest.raises(ArtifactPlaceError, match="which fails: Could not connect"):
        await open_artifacts("s3://bucket/other", tmp_path).put(key, path, digest)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path, digest, key = make_file(tmp_path, b"weights")
    (tmp_path / "file").write_bytes(b"not a folder")
    with pytest.raises(ArtifactPlaceError, match="Check that place, its space and the rights to it"):
        await open_artifacts(str(tmp_path / "file"), tmp_path).put(key, path, digest)


def test_a_key_is_made_of_team_and_content() -> None:
    assert artifact_key("T1", "ab" * 32) == f"T1/ab/{'ab' * 32}"
    with pytest.raises(ValueError, match="is not a SHA-256"):
        artifact_key("T1", "../../etc/passwd")
