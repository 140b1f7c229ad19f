"""The open models that can be trained and served here: their shapes, and the sizes that follow from them."""

import difflib
from dataclasses import dataclass
from types import MappingProxyType

from agents.errors import UserError, quoted


@dataclass(frozen=True, slots=True)
class Student:
    """A decoder-only model by its published configuration."""

    name: str
    parameters: int
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int

    @property
    def embedding_parameters(self) -> int:
        """Weights of the token embedding and of the output head, which are separate in these models."""
        return 2 * self.vocabulary * self.hidden

    @property
    def linear_parameters(self) -> int:
        """Weights outside the embeddings: those that QLoRA quantises and sharding gathers."""
        return self.parameters - self.embedding_parameters

    def lora_parameters(self, rank: int) -> int:
        """Return the trained weights of LoRA on every linear layer."""
        attention = 2 * (self.hidden + self.heads * self.head_width)
        key_value = 2 * (self.hidden + self.kv_heads * self.head_width)
        feed_forward = 3 * (self.hidden + self.feed_forward)
        return self.layers * rank * (attention + key_value + feed_forward)

    def kv_bytes_per_token(self, bytes_per_value: int = 2) -> int:
        """Return what one token of context occupies in the key-value cache."""
        return 2 * self.layers * self.kv_heads * self.head_width * bytes_per_value

    def weight_bytes(self, bytes_per_weight: int) -> int:
        """Return the size of the weights: 2 bytes each in bf16, 1 in fp8."""
        return self.parameters * bytes_per_weight


LLAMA_8B = Student("llama-3.1-8b", 8_030_261_248, 32, 4096, 14_336, 32, 8, 128, 128_256)
LLAMA_70B = Student("llama-3.1-70b", 70_553_706_496, 80, 8192, 28_672, 64, 8, 128, 128_256)

STUDENTS = MappingProxyType({student.name: student for student in (LLAMA_8B, LLAMA_70B)})


def find_student(name: str) -> Student | None:
    """Return the student that a name such as "8B" or "Llama 3.1 70B" means, if there is one."""
    folded = "".join(character for character in name.lower() if character.isalnum())
    for student in STUDENTS.values():
        size = student.name.rpartition("-")[2]
        if folded in {size, f"llama{size}", f"llama3{size}", f"llama31{size}", f"llama31{size}instruct"}:
            return student
    return None


def student_named(name: str) -> Student:
    """Return a student by name.

    Raises:
        UserError: It is none of those known here.
    """
    student = find_student(name)
    if student is None:
        close = difflib.get_close_matches(name.lower(), list(STUDENTS), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UserError(f"No student model {quoted(name)}.{hint} Known: {', '.join(STUDENTS)}.")
    return student
