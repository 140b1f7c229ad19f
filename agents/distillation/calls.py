"""How a student is called, as a command for those who have not called it yet."""

import json

from agents.distillation.serving import served_name


def first_call(team_id: str, alias: str, *, name: str, kind: str, is_whole: bool, instructions: str) -> str:
    """Return the command that asks a student its first question.

    Args:
        team_id: Whose it is.
        alias: By which it is called.
        name: The student's own, without a version.
        kind: `causal` or `encoder`.
        is_whole: Whether its weights are its own, so that it has an address of its own.
        instructions: Those that it was trained with.
    """
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": "YOUR INPUT"}]
    place = f"students/{alias}/" if is_whole else ""
    if kind == "encoder":
        # Cut where it ends, as in training, rather than refused.
        return _command(f"{place}classify", {"input": "YOUR INPUT", "truncate_prompt_tokens": -1})
    model = served_name(team_id, name if is_whole else alias)
    return _command(f"{place}v1/chat/completions", {"model": model, "messages": messages, "temperature": 0})


def _command(route: str, body: object) -> str:
    quoted = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return (
        f'curl "$STUDENTS_URL/{route}" -H "authorization: Bearer $STUDENTS_KEY" '
        f"-H 'content-type: application/json' -d '{quoted}'"
    )
