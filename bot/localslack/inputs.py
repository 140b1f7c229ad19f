"""What Slack's own client checks before a modal is submitted, and the state it then sends."""

from bot.localslack.interact import CHOSEN, offered_options
from bot.localslack.settings import JsonObject
from bot.localslack.validation.blocks import elements_of


def input_state(blocks: list[JsonObject], values: JsonObject) -> JsonObject:
    """Return `state.values` with every input of the blocks in it, untouched ones with what they started with."""
    state: JsonObject = {}
    for block in blocks:
        for element in elements_of(block):
            name = CHOSEN[element["type"]]
            if element["type"] in {"button", "overflow"}:
                continue
            given = values.get(block["block_id"], {}).get(element["action_id"], {})
            value = given.get(name) if name in given else _initial(element, name)
            state.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], name: value}
    return state


def input_errors(blocks: list[JsonObject], state: JsonObject) -> dict[str, str]:
    """Return what is wrong with a submission, by block id: missing, not offered, too short, too long, no number."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = state[block["block_id"]][element["action_id"]][CHOSEN[element["type"]]]
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
            continue
        found = _value_error(element, value)
        if found is not None:
            errors[block["block_id"]] = found
    return errors


def _initial(element: JsonObject, name: str) -> object:
    initial = element.get(name.replace("selected", "initial") if name != "value" else "initial_value")
    return [] if initial is None and name.endswith("s") else initial


def _value_error(element: JsonObject, value: object) -> str | None:
    match element["type"]:
        case "number_input":
            return _number_error(element, str(value))
        case "plain_text_input":
            if len(str(value)) < element.get("min_length", 0):
                return f"Must be at least {element['min_length']} characters."
            if len(str(value)) > element.get("max_length", 3000):
                return f"Must be at most {element.get('max_length', 3000)} characters."
        case "static_select" | "radio_buttons" | "multi_static_select" | "checkboxes":
            offered = [option["value"] for option in offered_options(element)]
            chosen = value if isinstance(value, list) else [value]
            if any(not isinstance(one, dict) or one.get("value") not in offered for one in chosen):
                return "Pick one of the options."
            if len(chosen) > element.get("max_selected_items", 100):
                return f"Pick at most {element['max_selected_items']}."
    return None


def _number_error(element: JsonObject, text: str) -> str | None:
    try:
        number = float(text) if element["is_decimal_allowed"] else int(text)
    except ValueError:
        return "Enter a number." if element["is_decimal_allowed"] else "Enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Must be at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Must be at most {element['max_value']}."
    return None
