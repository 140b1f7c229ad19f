"""The rows that a student is trained on, as tokens."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.errors import UserError, quoted

# What is not learned, in the labels of a causal model.
NOT_LEARNED = -100
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from, and what the loss is looked at on in the end; of the latter there may be none."""

    train: Sequence[Row]
    validation: Sequence[Row]


def load_tokenizer(base: Base) -> Any:
    """Return the tokenizer of a base.

    Raises:
        UserError: There is none, or it is of another model.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415  # only the training Python has it

    try:
        tokenizer = AutoTokenizer.from_pretrained(base.folder)
    except Exception as cause:  # its Rust part raises bare Exceptions for a damaged or foreign file
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise UserError(
            f"The tokenizer of {base.name} cannot be loaded: {said}. The folder needs the tokenizer files of its model."
        ) from cause
    vocabulary = (base.config.get("text_config") or base.config).get("vocab_size")
    if isinstance(vocabulary, int) and len(tokenizer) > vocabulary:
        raise UserError(
            f"The tokenizer of {base.name} knows {len(tokenizer):,} tokens and the model {vocabulary:,}, so it is the "
            "tokenizer of another model. Put the right one into the folder."
        )
    return tokenizer


def read_lines(path: Path, name: str) -> list[Row]:
    """Return the rows of a file of JSON Lines.

    Raises:
        UserError: A line is no JSON object.
    """
    rows = []
    # Not splitlines, which also takes the separators that a text may hold for ends of a line.
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as cause:
            raise UserError(f"Line {number} of {name} is no JSON: {cause}.") from cause
        if not isinstance(row, dict):
            raise UserError(f"Line {number} of {name} is no JSON object, but {quoted(row)}.")
        rows.append(row)
    return rows


def chat_examples(
    path: Path, name: str, tokenizer: Any, recipe: TrainingRecipe, log: Callable[[str], None]
) -> list[Row]:
    """Return chats as input_ids and labels: only the last message, which is to be written, is learned.

    Prompt and answer are made tokens of separately, as they are when the student is asked. What is longer than the
    sequence is left out and counted: an answer without its end would teach the student never to end.

    Raises:
        UserError: A row is no chat, or the chat template is none that can be learned from.
    """
    _require_template(tokenizer, recipe.base)
    examples: list[Row] = []
    too_long = 0
    for number, row in enumerate(read_lines(path, name), start=1):
        messages: Any = row.get("messages")
        if not _is_chat(messages):
            raise UserError(f"Row {number} of {name} has no messages that end with one of the assistant.")
        prompt, answer = _written(tokenizer, messages, recipe.base)
        asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        learned = _ended(tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id)
        if len(asked) + len(learned) > recipe.sequence:
            too_long += 1
            continue
        examples.append({"input_ids": asked + learned, "labels": [NOT_LEARNED] * len(asked) + learned})
    if too_long:
        log(f"left out of {name}, being longer than {recipe.sequence:,} tokens: {too_long:,} rows")
    if too_long and not examples:
        raise UserError(f"Every row of {name} is longer than {recipe.sequence:,} tokens. Give a longer sequence.")
    return examples


def require_chats(tokenizer: Any, base: str, instructions: str) -> None:
    """Require a chat template that students with these instructions can be trained by.

    Raises:
        UserError: There is none, or it refuses such a chat.
    """
    _require_template(tokenizer, base)
    chat = [("system", instructions), ("user", "question"), ("assistant", "answer")]
    _written(tokenizer, [{"role": role, "content": content} for role, content in chat], base)


def label_examples(path: Path, name: str, tokenizer: Any, recipe: TrainingRecipe) -> list[Row]:
    """Return texts as input_ids and the number of their label; what is longer than the sequence is cut.

    Raises:
        UserError: A row has no text, or a label that is none of the recipe's.
    """
    numbers = {label: number for number, label in enumerate(recipe.labels)}
    examples = []
    for number, row in enumerate(read_lines(path, name), start=1):
        text, label = row.get("input"), row.get("label")
        if not isinstance(text, str):
            raise UserError(f"Row {number} of {name} has no text under input.")
        if label not in numbers:
            raise UserError(f"Row {number} of {name} has the label {quoted(label)}, which is none of the labels given.")
        ids = tokenizer(text, truncation=True, max_length=longest_text(tokenizer, recipe))["input_ids"]
        examples.append({"input_ids": ids, "labels": numbers[label]})
    return examples


def longest_text(tokenizer: Any, recipe: TrainingRecipe) -> int:
    """Return after how many tokens a text is cut: an encoder knows no place beyond its own last one."""
    return min(recipe.sequence, int(tokenizer.model_max_length))


def require_examples(examples: Sequence[Row], name: str) -> None:
    """Require that there is something to learn from.

    Raises:
        UserError: There is nothing.
    """
    if not examples:
        raise UserError(f"There is nothing to train on: {name} has no rows. Add examples and start a new run.")


def _require_template(tokenizer: Any, base: str) -> None:
    if tokenizer.chat_template is None:
        raise UserError(
            f"The tokenizer of {base} has no chat template, by which a prompt is written. Choose a base that was "
            "trained to chat, such as one named Instruct, or put a chat_template.jinja into its folder."
        )


def _is_chat(messages: object) -> bool:
    return (
        isinstance(messages, list)
        and len(messages) > 1
        and all(isinstance(each, dict) and isinstance(each.get("content"), str) for each in messages)
        and messages[-1].get("role") == "assistant"
    )


def _written(tokenizer: Any, messages: list[dict[str, str]], base: str) -> tuple[str, str]:
    """Return the prompt as the student will be given it, and what it is to write after that."""
    try:
        prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception as cause:  # templates raise what they like, in Jinja's own kinds of error
        raise UserError(f"The chat template of {base} refuses a row: {cause}. Choose another base.") from cause
    if not whole.startswith(prompt):
        raise UserError(
            f"The chat template of {base} writes a prompt in another way once the answer is there, so that nothing "
            "could be learned from it. Choose another base, or put a chat_template.jinja into its folder."
        )
    return prompt, whole[len(prompt) :]


def _ended(learned: list[int], end: int | None) -> list[int]:
    """Return the answer up to its end mark, which is added where the template has none."""
    if end is None:
        return learned
    if end in learned:
        # What templates write after it, such as a line break, no server asks for.
        return learned[: len(learned) - learned[::-1].index(end)]
    return [*learned, end]
