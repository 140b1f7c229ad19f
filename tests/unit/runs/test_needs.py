"""What stages need, what hosts have, and the words for a stage that nobody can take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.gpus import declared_gpus, declared_sizes, visible_devices
from agents.runs.needs import GIB, Gpu, Host, Needs, needs_document, read_needs, size_text, waits_for
from agents.runs.workers import free_name


def host(name: str, *gib: float, queues: str = "gpu", memory: int = 64, disk: int = 100) -> Host:
    gpus = tuple(Gpu(f"{name}-{number}", "a card", round(size * GIB)) for number, size in enumerate(gib))
    return Host(name, frozenset(queues.split()), gpus, memory * GIB, disk * GIB)


def gpus(count: int, gib: int = 0) -> Needs:
    return Needs(gpus=count, gpu_memory_bytes=gib * GIB)


def test_a_stage_waits_for_nothing_where_one_host_fits() -> None:
    assert waits_for(gpus(2, 80), "gpu", [host("gpu-1", 48), host("gpu-2", 80, 80)]) is None
    assert waits_for(Needs(), "cpu", [Host("box", frozenset({"cpu"}))]) is None


@pytest.mark.parametrize(
    ("needs", "hosts", "reason"),
    [
        (gpus(2, 80), [host("gpu-1", 48)], "needs 2x80 GB; gpu-1 has 1x48 GB"),
        (gpus(1), [host("box")], "needs 1 GPU; box has no GPU"),
        (gpus(4, 40), [host("a", 80, 48, 48), host("b")], "needs 4x40 GB; a has 1x80 GB and 2x48 GB, b has no GPU"),
        (Needs(memory_bytes=128 * GIB), [host("box")], "needs 128 GB of memory; box has 64 GB of memory"),
        (
            Needs(gpus=1, disk_bytes=500 * GIB),
            [host("gpu-1", 80)],
            "needs 1 GPU, 500 GB of free disk; gpu-1 has 1x80 GB, 100 GB of free disk",
        ),
        (gpus(1, 80), [], "no worker serves the queue gpu; start one: cairn worker --queues gpu"),
        (gpus(1, 80), [host("box", 80, queues="cpu")], "no worker serves the queue gpu; start one: "),
    ],
)
def test_a_stage_that_no_host_fits_says_what_it_needs_and_what_there_is(
    needs: Needs, hosts: list[Host], reason: str
) -> None:
    said = waits_for(needs, "gpu", hosts)
    assert said is not None
    assert said.startswith(reason)


def test_busy_gpus_are_told_with_the_runs_that_the_reader_may_know() -> None:
    two = host("gpu-1", 80, 80)
    assert waits_for(gpus(1), "gpu", [two], {"gpu-1-0": "abc"}) is None
    busy: dict[str, str | None] = {"gpu-1-0": "abc", "gpu-1-1": "def"}
    assert waits_for(gpus(1), "gpu", [two], busy) == "waits for a GPU of gpu-1, busy with run abc and run def"
    assert waits_for(gpus(2), "gpu", [two], {"gpu-1-0": None}) == "waits for 2 GPUs of gpu-1, busy with other work"
    everywhere = {**busy, "gpu-2-0": None}
    assert waits_for(gpus(1), "gpu", [two, host("gpu-2", 80)], everywhere) == (
        "waits for a GPU of gpu-1 or gpu-2, busy with run abc, run def and other work"
    )


@pytest.mark.parametrize(("shown_mib", "fits"), [(81_920, True), (81_559, True), (80_282, True), (80_000, False)])
def test_a_card_counts_as_what_it_is_sold_as_although_its_driver_keeps_some(shown_mib: int, fits: bool) -> None:
    card = Host("gpu-1", frozenset({"gpu"}), (Gpu("g", "a card", shown_mib * 1024**2),))
    assert card.fits(gpus(1, 80)) is fits


def test_a_stage_gets_the_smallest_gpus_that_are_enough() -> None:
    mixed = host("gpu-1", 80, 24, 48, 48)
    assert [gpu.memory_bytes // GIB for gpu in mixed.pick(gpus(2, 40)) or ()] == [48, 48]
    assert [gpu.memory_bytes // GIB for gpu in mixed.pick(gpus(2, 40), {"gpu-1-2"}) or ()] == [48, 80]
    assert mixed.pick(gpus(3, 40), {"gpu-1-2"}) is None
    assert mixed.pick(Needs(), {"gpu-1-0"}) == ()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (80 * GIB, "80 GB"),
        (80 * 10**9, "80 GB"),
        (81_559 * 1024**2, "79.6 GB"),
        (46_068 * 1024**2, "45 GB"),
        (GIB // 2, "0.5 GB"),
        (0, "0.0 GB"),
    ],
)
def test_sizes_are_shown_so_that_a_little_less_can_be_seen(size: int, text: str) -> None:
    assert size_text(size) == text


@given(st.integers(0, 8), st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**50))
def test_needs_come_back_from_their_document(count: int, gpu_memory: int, memory: int, disk: int) -> None:
    needs = Needs(count, gpu_memory if count else 0, memory, disk)
    assert read_needs(needs_document(needs)) == needs


@pytest.mark.parametrize(
    ("text", "gib"),
    [
        ("2x80", [80, 80]),
        ("1x48, 2 x 80", [48, 80, 80]),
        ("1×24", [24]),  # noqa: RUF001  # people write it
        ("1x0.5", [0.5]),
        ("none", []),
        (" None ", []),
    ],
)
def test_gpus_are_declared_by_count_and_size(text: str, gib: list[float]) -> None:
    assert declared_sizes(text) == tuple(round(each * GIB) for each in gib)


@pytest.mark.parametrize("text", ["", "80", "2x", "x80", "0x80", "2x0", "-1x80", "2x80GB", "2x80,", "two", "99x80"])
def test_a_declaration_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"COUNTxGB|64 GPUs at most"):
        declared_sizes(text)


def test_declared_gpus_are_the_same_for_every_worker_of_a_host_and_named_as_cuda_knows_them() -> None:
    assert declared_gpus("gpu-1", [GIB, GIB], None) == declared_gpus("gpu-1", [GIB, GIB], None)
    picked = declared_gpus("gpu-1", [GIB, GIB], ("2", "GPU-ab"))
    assert [gpu.id for gpu in picked] == ["gpu-1:2", "gpu-1:GPU-ab"]
    assert visible_devices([gpu.id for gpu in picked]) == "2,GPU-ab"
    assert visible_devices(["GPU-cd"]) == "GPU-cd"
    assert visible_devices([]) == ""
    with pytest.raises(ValueError, match="2 are declared, but CUDA_VISIBLE_DEVICES shows 1"):
        declared_gpus("gpu-1", [GIB, GIB], ("2",))


def test_a_second_worker_of_a_name_gets_a_number() -> None:
    assert free_name("box", []) == "box"
    assert free_name("box", ["other", "box"]) == "box-2"
    assert free_name("box", ["box", "box-2", "box-4"]) == "box-3"


def test_what_only_one_host_reaches_waits_for_that_host() -> None:
    here, there = Host("gpu-1", frozenset({"gpu"})), Host("gpu-2", frozenset({"gpu"}))
    assert waits_for(Needs(on="gpu-1"), "gpu", [there, here]) is None
    told = waits_for(Needs(on="gpu-1"), "gpu", [there])
    assert told is not None
    assert told.startswith("its files are on gpu-1, which is away;")
    assert "gpu-2" not in (waits_for(Needs(on="gpu-1", disk_bytes=GIB), "gpu", [here, there]) or "")
