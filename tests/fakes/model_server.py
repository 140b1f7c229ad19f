"""A server of models that keeps to vLLM's rules for adapters, in this process: what it refuses, vLLM refuses."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.distillation.serving import Completion, ServedModel, ServerError


class FakeModelServer:
    """Serves a base and adapters; `restart` forgets the adapters, `is_up` is whether it answers.

    Attributes:
        calls: What was loaded and unloaded, in order.
        answers: What any adapter answers, by input; nothing in particular where it is not there.
        tokens_in: That any prompt is said to have.
        takes_s: How long any answer takes.
        max_rank: Above it adapters are refused, as by --max-lora-rank.
        takes_adapters: Whether it was started so that it does.
    """

    url = "http://127.0.0.1:1"

    def __init__(self, *, max_rank: int = 64, can_sleep: bool = False) -> None:
        self.is_up = True
        self._may_sleep = can_sleep
        self.takes_adapters = True
        self._awake = asyncio.Event()
        self._awake.set()
        self.calls: list[tuple[str, str]] = []
        self.answers: dict[str, str] = {}
        self.tokens_in = 20
        self.takes_s = 0.0
        self.max_rank = max_rank
        self._adapters: dict[str, Path] = {}

    def restart(self) -> None:
        """Forget every adapter and be awake, as vLLM is that is started anew."""
        self._adapters.clear()
        self._awake.set()

    def folders(self) -> dict[str, Path]:
        """Return what is served, by name."""
        return dict(self._adapters)

    async def close(self) -> None:
        """Have nothing to close."""

    async def models(self) -> Sequence[ServedModel]:
        """Return what it serves."""
        self._answer()
        adapters = [ServedModel(name, "base", str(folder)) for name, folder in self._adapters.items()]
        return [ServedModel("base", None, "base"), *adapters]

    async def require_adapters(self) -> None:
        """Refuse where it was not started so that it takes any."""
        self._answer()
        if not self.takes_adapters:
            raise ServerError(f"{self.url} takes no adapters while it runs (404). Start vLLM with --enable-lora.")

    async def load_adapter(self, name: str, folder: Path, *, replace: bool = False) -> None:
        """Serve an adapter."""
        await self.require_adapters()
        if name in self._adapters and not replace:
            raise ServerError(f"The lora adapter '{name}' has already been loaded.")
        config = folder / "adapter_config.json"
        if not config.exists() or not (folder / "adapter_model.safetensors").exists():
            raise ServerError(f"No adapter found for {folder}")
        if json.loads(config.read_text(encoding="utf-8"))["r"] > self.max_rank:
            raise ServerError(f"LoRA rank is greater than max_lora_rank {self.max_rank}.")
        self.calls.append(("load", name))
        self._adapters[name] = folder

    async def unload_adapter(self, name: str) -> None:
        """Stop serving an adapter."""
        self._answer()
        if self._adapters.pop(name, None) is not None:
            self.calls.append(("unload", name))

    async def chat(self, model: str, messages: Sequence[Mapping[str, str]], *, max_tokens: int) -> Completion:
        """Return which adapter answers, once it is awake."""
        self._answer()
        await self._awake.wait()
        if model != "base" and model not in self._adapters:
            raise ServerError(f"The model `{model}` does not exist.")
        await asyncio.sleep(self.takes_s)
        text = self.answers.get(messages[-1]["content"], str(self._adapters.get(model, "base"))[:max_tokens])
        return Completion(text, self.tokens_in, 1, 0.01)

    async def classify(self, model: str, text: str) -> Completion:
        """Refuse: a generating server has no such route."""
        del model, text
        raise ServerError("/classify (404): Not Found")

    async def sleep(self) -> bool:
        """Sleep, where it was started so that it can."""
        self._answer()
        if not self._may_sleep:
            return False
        self.calls.append(("sleep", ""))
        self._awake.clear()
        return True

    async def can_sleep(self) -> bool:
        """Whether it was started so."""
        self._answer()
        return self._may_sleep

    async def is_sleeping(self) -> bool:
        """Whether it sleeps."""
        self._answer()
        return not self._awake.is_set()

    async def wake(self) -> None:
        """Be awake, and answer what has waited."""
        self._answer()
        self.calls.append(("wake", ""))
        self._awake.set()

    def _answer(self) -> None:
        if not self.is_up:
            raise ServerError("The server of models does not answer.")
