"""What happens between the steps of a training: progress, checkpoints, and the end that the worker asks for."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from agents.adapters.trainers.checkpoints import keep_checkpoint
from agents.adapters.trainers.stage import TrainingStage
from agents.errors import UserError


class StageCallback(TrainerCallback):  # type: ignore[misc]  # its types are not there where this is checked
    """Tells the stage of each step, and keeps each checkpoint.

    Args:
        stage: Whom to tell; None in a process beside the one that does.
        kept: What each checkpoint says beside its step and time.
        before_s: How long earlier attempts have trained, up to the checkpoint that this one begins with.
    """

    def __init__(self, stage: TrainingStage | None, kept: dict[str, Any], before_s: float) -> None:
        self._stage = stage
        self._kept = kept
        self._before_s = before_s
        self._note = ""
        self._began_s = self._learned_s = 0.0
        self._tokens_before = 0
        self.is_stopped = False

    @property
    def seconds(self) -> float:
        """How long this training has taken, over all attempts."""
        return self._before_s + time.monotonic() - self._began_s

    @property
    def seconds_of_learning(self) -> float:
        """The same, up to the last loss that was taken down: without what is kept after it."""
        return self._before_s + max(0.0, self._learned_s - self._began_s)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock."""
        self._began_s = time.monotonic()
        self._tokens_before = state.num_input_tokens_seen
        if self._stage is not None:
            self._stage.progress(state.global_step, state.max_steps, "steps")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report the step, and ask for a checkpoint where the stage is to stop."""
        is_last = state.global_step >= state.max_steps
        if is_last:
            # Else the curve would end before the training does.
            control.should_log = True
        if self._stage is not None:
            self._stage.progress(state.global_step, state.max_steps, "steps", self._note)
        # The last step is followed by what takes seconds, and a result is better than a hand-over.
        if self._is_stopping(args) and not is_last:
            self.is_stopped = control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Take down the loss of the last steps."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        if not math.isfinite(loss):
            raise UserError(
                f"The training came apart at step {state.global_step}: its loss is {loss}. Give a lower "
                f"learning_rate than {args.learning_rate:g}, and start a new run."
            )
        self._learned_s = time.monotonic()
        per_s = (state.num_input_tokens_seen - self._tokens_before) / max(1e-9, time.monotonic() - self._began_s)
        self._note = f"loss {loss:.4g}, {per_s:,.0f} tokens/s"
        if self._stage is not None:
            self._stage.log(f"step {state.global_step} of {state.max_steps}: {self._note}")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Keep the checkpoint that was just written."""
        if self._stage is not None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            checkpoint = {**self._kept, "step": state.global_step, "seconds": round(self.seconds, 3)}
            keep_checkpoint(folder, self._stage, checkpoint)

    def _is_stopping(self, args: Any) -> bool:
        """Return whether to stop, which all processes of a training have to agree on."""
        is_stopping = self._stage is not None and self._stage.stopping
        if args.world_size > 1:
            flag = torch.tensor(int(is_stopping), device=args.device)
            torch.distributed.broadcast(flag, 0)
            return bool(flag.item())
        return is_stopping
