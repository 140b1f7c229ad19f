"""Help and the Home tab, made from what the features say of themselves."""

from collections.abc import Sequence

from bot.blocks.elements import BLOCKS_PER_VIEW, actions, bullets, button, context, divider, escaped, header, section
from bot.blocks.message import Block
from bot.blocks.workers import NONE_YET

COMMAND = "/cairn"
NEW_DECISION = "home_decide"


def help_text(commands: Sequence[tuple[str, str]]) -> str:
    """Return help as mrkdwn from usage and summary of each command."""
    lines = [f"`{COMMAND} {usage}`  {escaped(summary)}" for usage, summary in commands]
    about = (
        "*Cairn* tells you which way to adapt a language model: prompt, retrieval, fine-tuning or distillation. "
        "It prices the ways and carries one out."
    )
    example = "Or mention me, or write to me directly: _“our support bot gets facts wrong and costs too much”_."
    return "\n".join([about, "", *lines, "", example])


def home_view(
    commands: Sequence[tuple[str, str]],
    runs: Sequence[str],
    indexes: Sequence[str],
    workers: Sequence[str] = (),
    waiting: Sequence[str] = (),
    *,
    standing: str = "",
    talking: Sequence[str] = (),
) -> Block:
    """Return the Home tab; what stands in it is mrkdwn.

    `standing` is the reader's role, `talking` who talks and what it costs; runs, indexes, workers and the stages that
    wait for one are a line each.
    """
    blocks: list[Block] = [
        header("Which way to adapt a model?"),
        section(
            "Tell me what your model gets wrong and what it must do. I ask what matters, show which way fits and why, "
            "price the ways with your numbers, and index your documents so that you can ask them."
        ),
        actions(button("Start a decision", NEW_DECISION, {}, style="primary")),
        *([context(standing)] if standing else []),
        divider(),
        *(bullets("Newest runs", runs, most=8) or [section("*Newest runs*\nNone yet.")]),
        *(bullets("Indexes", indexes, most=12) or [section("*Indexes*\nNone yet. `/cairn index` makes one.")]),
        *(bullets("Workers", workers, most=12) or [section(f"*Workers*\n{NONE_YET}")]),
        *bullets("Waiting for a worker", waiting, most=5),
        *bullets("Talking", talking, most=8),
        divider(),
        *(context(f"`{COMMAND} {usage}`  {escaped(summary)}") for usage, summary in commands),
    ]
    return {"type": "home", "blocks": blocks[:BLOCKS_PER_VIEW]}
