"""Teachers, by the kind that a distillation file names: what each needs, and what its provider's terms say."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agents.adapters.teachers.openai import VLLM, OpenAiCompatible
from agents.adapters.teachers.openai_batches import OpenAiBatches
from agents.distillation.spec import TeacherSpec
from agents.errors import UserError
from agents.ports import BatchTeacher, LiveTeacher
from agents.telemetry import Telemetry

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

OPENAI_URL: Final = "https://api.openai.com"

TERMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "claude": (
            "Anthropic's terms restrict the use of Claude's outputs for building models that compete with Anthropic. "
            "Where they stand in the way, an open model on vLLM can be the teacher instead (teacher.kind: vllm). "
            "I have checked that this student is a use that they allow."
        ),
        "openai": (
            "The terms of OpenAI, and of most who offer an API of its kind, restrict the use of outputs for building "
            "models that compete with theirs. Where they stand in the way, an open model on vLLM can be the teacher "
            "instead (teacher.kind: vllm). I have checked that this student is a use that they allow."
        ),
    }
)
"""What whoever approves has to acknowledge, by the teacher's kind; an open model needs nothing beyond its licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What teachers are reached with; None where it is not set."""

    anthropic_key: str | None = None
    anthropic_url: str | None = None
    openai_key: str | None = None
    openai_url: str = OPENAI_URL
    vllm_url: str | None = None
    vllm_key: str | None = None


class Teachers:
    """Makes the teachers of one process, each once, and closes what they opened.

    Args:
        access: What they are reached with.
        telemetry: Gets the spans that Anthropic's SDK makes of each call.
    """

    def __init__(self, access: Access, telemetry: Telemetry | None = None) -> None:
        self._access = access
        self._telemetry = telemetry
        self._opened = AsyncExitStack()
        self._made: dict[tuple[str, str, bool], BatchTeacher | LiveTeacher] = {}
        self._anthropic: AsyncAnthropic | None = None

    def of(self, spec: TeacherSpec) -> BatchTeacher | LiveTeacher:
        """Return the teacher that a distillation file names.

        Raises:
            UserError: A setting is missing; the text names it.
        """
        key = (spec.kind, spec.model, spec.batch)
        if key not in self._made:
            self._made[key] = _MAKERS[spec.kind](self, spec)
        return self._made[key]

    async def close(self) -> None:
        """Close the connections."""
        await self._opened.aclose()

    def claude(self, spec: TeacherSpec) -> BatchTeacher | LiveTeacher:
        """Return a Claude."""
        key = _required(self._access.anthropic_key, spec, "ANTHROPIC_API_KEY", "a key of Anthropic's API")
        # Imported where there is one: the SDK takes as long to import as all the rest.
        from agents.adapters.teachers.claude import ClaudeBatches, ClaudeLive, anthropic_client  # noqa: PLC0415  # above

        if self._anthropic is None:
            self._anthropic = anthropic_client(key, self._access.anthropic_url, self._telemetry)
            self._opened.push_async_callback(self._anthropic.close)
        return (
            ClaudeBatches(spec.model, self._anthropic) if spec.is_batched else ClaudeLive(spec.model, self._anthropic)
        )

    def openai(self, spec: TeacherSpec) -> BatchTeacher | LiveTeacher:
        """Return a model behind an API of OpenAI's kind."""
        key = _required(self._access.openai_key, spec, "CAIRN_OPENAI_API_KEY", "a key of the API")
        kind = OpenAiBatches if spec.is_batched else OpenAiCompatible
        return self._kept(kind(spec.model, self._access.openai_url, key))

    def vllm(self, spec: TeacherSpec) -> BatchTeacher | LiveTeacher:
        """Return an open model on a server of one's own, which has no batches."""
        url = _required(self._access.vllm_url, spec, "CAIRN_VLLM_URL", "the address of the server")
        return self._kept(OpenAiCompatible(spec.model, url, self._access.vllm_key, settings=VLLM, is_own=True))

    def _kept(self, teacher: OpenAiBatches | OpenAiCompatible) -> BatchTeacher | LiveTeacher:
        self._opened.push_async_callback(teacher.close)
        return teacher


_MAKERS: Final[Mapping[str, Callable[[Teachers, TeacherSpec], BatchTeacher | LiveTeacher]]] = MappingProxyType(
    {"claude": Teachers.claude, "openai": Teachers.openai, "vllm": Teachers.vllm}
)


def _required(value: str | None, spec: TeacherSpec, setting: str, what: str) -> str:
    if not value:
        others = ", ".join(kind for kind in _MAKERS if kind != spec.kind)
        raise UserError(
            f"The teacher {spec.model} ({spec.kind}) needs {setting}, {what}, which is not set. Set it and start "
            f"again, or take another teacher.kind: {others}."
        )
    return value
