"""What training needs in memory against what GPUs have: each method on one to eight, beside the usual rule of thumb."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agents.costs.compare import Comparison
from agents.costs.prices.book import GpuPrice
from agents.costs.students import LLAMA_8B, LLAMA_70B, Student
from agents.costs.training import Method
from agents.costs.training_memory import TrainingSettings, gpus_needed, guide_bytes, per_gpu_bytes

COUNTS = (1, 2, 4, 8)
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
STUDENTS = (LLAMA_8B, LLAMA_70B)
# Sizes of memory that people compare, in GB as makers write them; the one chosen to train on is added.
USUAL_GB = (24, 48, 80, 141)
MAKERS_GIB = {24, 48, 80}


@dataclass(frozen=True, slots=True)
class CardSize:
    """GPUs of one size of memory: the size as makers write it, how much a run may fill, and which GPUs have it."""

    gigabytes: int
    usable_bytes: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MethodMemory:
    """Bytes on each GPU, for 1, 2, 4 and 8 of them, and in all by the rule of thumb.

    `gpus` is how many of the GPU to train on it takes, None for more than 128.
    """

    method: Method
    bytes_per_gpu: tuple[float, ...]
    guide_bytes: float
    gpus: int | None


@dataclass(frozen=True, slots=True)
class StudentMemory:
    """What each method needs for one student."""

    student: str
    methods: tuple[MethodMemory, ...]

    def needs(self, method: Method) -> MethodMemory:
        """Return what one method needs."""
        return next(need for need in self.methods if need.method == method)


@dataclass(frozen=True, slots=True)
class MemorySizes:
    """Both students on GPUs of every size, and which of them the comparison trains."""

    students: tuple[StudentMemory, ...]
    sizes: tuple[CardSize, ...]
    student: str
    gpu: str
    settings: TrainingSettings

    @property
    def chosen(self) -> StudentMemory:
        """The student that the comparison trains."""
        return next(one for one in self.students if one.student == self.student)


def memory_sizes(comparison: Comparison) -> MemorySizes:
    """Return what training needs with the comparison's settings; neither tokens nor volume matter."""
    scenario = comparison.scenario
    settings, gpu = scenario.training_settings, scenario.training_gpu
    known = STUDENTS if scenario.student in STUDENTS else (scenario.student, LLAMA_70B)
    return MemorySizes(
        students=tuple(_student(student, settings, gpu.memory_bytes) for student in known),
        sizes=_sizes(scenario.book.gpus, gpu, settings.limit),
        student=scenario.student.name,
        gpu=gpu.name,
        settings=settings,
    )


def _student(student: Student, settings: TrainingSettings, gpu_bytes: float) -> StudentMemory:
    return StudentMemory(
        student.name,
        tuple(
            MethodMemory(
                method,
                tuple(per_gpu_bytes(student, method, settings, count) for count in COUNTS),
                guide_bytes(student, method),
                gpus_needed(student, method, settings, gpu_bytes),
            )
            for method in METHODS
        ),
    )


def _sizes(gpus: Mapping[str, GpuPrice], chosen: GpuPrice, limit: float) -> tuple[CardSize, ...]:
    """Return the usual sizes that the price book has GPUs of, and that of the GPU to train on."""
    by_size: dict[int, list[GpuPrice]] = {}
    for gpu in _unique([*gpus.values(), chosen]):
        by_size.setdefault(_makers_gb(gpu.memory_bytes), []).append(gpu)
    wanted = {*USUAL_GB, _makers_gb(chosen.memory_bytes)}
    return tuple(
        CardSize(
            gigabytes,
            limit * min(gpu.memory_bytes for gpu in found),
            tuple(gpu.name for gpu in found),
        )
        for gigabytes, found in sorted(by_size.items())
        if gigabytes in wanted
    )


def _unique(gpus: Iterable[GpuPrice]) -> list[GpuPrice]:
    return list({gpu.name: gpu for gpu in gpus}.values())


def _makers_gb(memory_bytes: float) -> int:
    """Return the size as makers write it: some count GiB and write GB."""
    gib = round(memory_bytes / 2**30)
    return gib if gib in MAKERS_GIB else round(memory_bytes / 1e9)
