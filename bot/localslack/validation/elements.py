"""Block elements and composition objects: what each may hold and how long it may be.

Limits: https://docs.slack.dev/reference/block-kit/block-elements and .../composition-objects.
"""

from collections.abc import Mapping
from typing import Any

from bot.localslack.validation.shapes import (
    Check,
    Problems,
    by_type,
    decimal_text,
    each,
    flag,
    integer,
    items,
    one_of,
    problem,
    record,
    text,
)

ID = text(255)
URL = text(3000, at_least=1)


def plain(at_most: int) -> Check:
    """Return a check for a plain_text object."""
    return record({"type": one_of("plain_text"), "text": text(at_most, 1)}, {"emoji": flag})


def mrkdwn(at_most: int) -> Check:
    """Return a check for a mrkdwn object."""
    return record({"type": one_of("mrkdwn"), "text": text(at_most, 1)}, {"verbatim": flag})


def any_text(at_most: int) -> Check:
    """Return a check for a plain_text or mrkdwn object."""
    return by_type({"plain_text": plain(at_most), "mrkdwn": mrkdwn(at_most)})


CONFIRM = record(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = record({"text": plain(75), "value": text(150, 1)}, {"description": plain(75), "url": URL})
RICH_OPTION = record({"text": any_text(75), "value": text(150, 1)}, {"description": any_text(75)})
OPTION_GROUP = record({"label": plain(75), "options": items(OPTION, 1, 100)})
DISPATCH = record({"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 1, 2)})
SLACK_FILE = record({}, {"id": text(255, 1), "url": URL})


def element(required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check for an interactive element, which has a type and may have an action_id."""
    kind: Check = text(255, 1)
    return record({"type": kind, **(required or {})}, {"action_id": ID, **(optional or {})})


def _options_or_groups(value: Any, at: str, problems: Problems) -> None:
    if ("options" in value) == ("option_groups" in value):
        problems.append(problem("must define either `options` or `option_groups`", at))


def _initial_options_exist(value: Any, at: str, problems: Problems) -> None:
    if problems:
        # The lists below may have any shape then.
        return
    offered = list(value.get("options") or [])
    for group in value.get("option_groups") or []:
        offered += group["options"]
    for name in ("initial_option", "initial_options"):
        chosen = value.get(name)
        for one in chosen if isinstance(chosen, list) else [chosen]:
            if one is not None and one not in offered:
                problems.append(problem(f"`{name}` must exactly match one of the options", f"{at}/{name}"))


def _one_image_source(value: Any, at: str, problems: Problems) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        problems.append(problem("must define either `image_url` or `slack_file`", at))


PLACEHOLDER: dict[str, Check] = {"placeholder": plain(150), "confirm": CONFIRM, "focus_on_load": flag}
LIST_OF_OPTIONS: dict[str, Check] = {"options": items(OPTION, 1, 100), "option_groups": items(OPTION_GROUP, 1, 100)}
EXTERNAL: dict[str, Check] = {"min_query_length": integer(0, 100)}
COUNT: dict[str, Check] = {"max_selected_items": integer(1, 100)}
LINE: dict[str, Check] = {
    "placeholder": plain(150),
    "dispatch_action_config": DISPATCH,
    "focus_on_load": flag,
}


def _static(optional: Mapping[str, Check]) -> Check:
    return each(
        element(optional={**LIST_OF_OPTIONS, **PLACEHOLDER, **optional}), _options_or_groups, _initial_options_exist
    )


def _choice(optional: Mapping[str, Check]) -> Check:
    ten_options = {"options": items(RICH_OPTION, 1, 10)}
    return each(element(ten_options, {"confirm": CONFIRM, "focus_on_load": flag, **optional}), _initial_options_exist)


IMAGE = each(
    record(
        {"type": one_of("image"), "alt_text": text(2000, 1)},
        {"image_url": URL, "slack_file": SLACK_FILE},
    ),
    _one_image_source,
)
BUTTON = element(
    {"text": plain(75)},
    {
        "url": URL,
        "value": text(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": text(75),
    },
)
PICKERS: dict[str, Check] = {
    "static_select": _static({"initial_option": OPTION}),
    "multi_static_select": _static({"initial_options": items(OPTION, 1, 100), **COUNT}),
    "external_select": element(optional={"initial_option": OPTION, **PLACEHOLDER, **EXTERNAL}),
    "multi_external_select": element(
        optional={"initial_options": items(OPTION, 1, 100), **PLACEHOLDER, **EXTERNAL, **COUNT}
    ),
    "users_select": element(optional={"initial_user": ID, **PLACEHOLDER}),
    "multi_users_select": element(optional={"initial_users": items(ID, 1, 100), **PLACEHOLDER, **COUNT}),
    "channels_select": element(optional={"initial_channel": ID, "response_url_enabled": flag, **PLACEHOLDER}),
    "multi_channels_select": element(optional={"initial_channels": items(ID, 1, 100), **PLACEHOLDER, **COUNT}),
    "checkboxes": _choice({"initial_options": items(RICH_OPTION, 1, 10)}),
    "radio_buttons": _choice({"initial_option": RICH_OPTION}),
    "datepicker": element(optional={"initial_date": text(10, 10), **PLACEHOLDER}),
    "timepicker": element(optional={"initial_time": text(5, 5), "timezone": text(100), **PLACEHOLDER}),
}
OVERFLOW = element({"options": items(OPTION, 1, 5)}, {"confirm": CONFIRM})
LINES: dict[str, Check] = {
    "plain_text_input": element(
        optional={
            "initial_value": text(3000),
            "multiline": flag,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
            **LINE,
        }
    ),
    "number_input": element(
        {"is_decimal_allowed": flag},
        {"initial_value": decimal_text, "min_value": decimal_text, "max_value": decimal_text, **LINE},
    ),
    "email_text_input": element(optional={"initial_value": text(3000), **LINE}),
    "url_text_input": element(optional={"initial_value": text(3000), **LINE}),
}
IN_ACTIONS = by_type({"button": BUTTON, "overflow": OVERFLOW, **PICKERS})
IN_SECTION = by_type({"button": BUTTON, "overflow": OVERFLOW, "image": IMAGE, **PICKERS})
IN_INPUT = by_type({**PICKERS, **LINES})
