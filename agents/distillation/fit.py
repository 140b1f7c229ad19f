"""Whether a training fits the GPUs that a distillation file asks for, before anything is paid."""

from agents.costs.students import Student, find_student
from agents.costs.training_fit import LABELS, fitting_micro_batch, micro_batches, misfit
from agents.costs.training_memory import TrainingSettings, per_gpu_bytes
from agents.distillation.spec import DistillationSpec
from agents.errors import UserError

_GB = 10**9


def memory_words(spec: DistillationSpec) -> str | None:
    """Return how the training fits, for people; None where no GPU is asked for or the base is an encoder.

    The training itself looks again, by the base's own config and the host that it runs on.

    Raises:
        UserError: It does not fit; the text says what would.
    """
    given = spec.training
    # A classifier is trained on one GPU at most.
    if not given.gpus or spec.student.kind == "encoder":
        return None
    sizes = micro_batches(given.batch, given.gpus, given.micro_batch)
    gpus, each = given.gpus, f"{given.gpu_memory_gb} GB"
    student = _known(spec.student.base)
    if student is None:
        return f"not known for this base; looked at before it is trained on {gpus}x{each}"
    method = spec.student.method
    settings = TrainingSettings(given.rank, sizes[-1], given.sequence)
    gpu_bytes = float(given.gpu_memory_gb * _GB)
    size = fitting_micro_batch(student, method, settings, sizes, gpu_bytes=gpu_bytes, gpus=gpus)
    if size is None:
        raise UserError(misfit(student, method, settings, gpu_bytes=gpu_bytes, gpus=gpus, size=each))
    fitting = TrainingSettings(given.rank, size, given.sequence)
    needed = per_gpu_bytes(student, method, fitting, gpus) / _GB
    at_once = "1 example" if size == 1 else f"{size} examples"
    return (
        f"{LABELS[method]} of {student.name} takes about {needed:,.0f} GB of each of {gpus}x{each}, {at_once} at once"
    )


def _known(base: str) -> Student | None:
    return find_student(base.rstrip("/").rpartition("/")[2])
