"""How every chart looks: its size, its type, and colours that hold for any colour vision.

The hues are Okabe and Ito's, the light ones a shade darker, so that a thin line still stands out from white. Kinds
differ by dash and weight as well, and every line carries its name: no reading rests on a hue alone.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from matplotlib.colors import to_hex, to_rgb

# Large type on a small canvas: Slack shows the picture about 360 pixels wide before it is opened.
WIDTH_PX, HEIGHT_PX, DOTS_PER_INCH = 1200, 896, 160
TITLE_POINTS = 15.0
LABEL_POINTS = 13.0
TICK_POINTS = 12.5
SMALL_POINTS = 11.5
NOTE_POINTS = 9.5

# White, not transparent: in Slack's dark mode the picture is a light card, and dark ink stays legible.
PAPER: Final = "#ffffff"
INK, SOFT_INK, FAINT, RULE, GRID = "#1d1d1d", "#444444", "#666666", "#b4b4b4", "#e6e6e6"

BLUE, GREEN, SKY, PURPLE = "#0072b2", "#009e73", "#3fa3dd", "#c46a9d"
VERMILION, ORANGE = "#d55e00", "#d99400"
OTHERS = "#8c8c8c"
# API models take these in the order of the comparison; those after them are drawn thin and grey.
SERIES = (BLUE, GREEN, SKY, PURPLE)
# What is trained has one colour, what others host another.
TRAINED = frozenset({"fine_tune", "distil"})

Dash = tuple[float, tuple[float, ...]] | Literal["solid"]
SOLID: Final = "solid"
DASHES: Mapping[str, Dash] = MappingProxyType(
    {
        "rag": (0, (6, 2)),
        "long_context": (0, (2, 1.2)),
        "fine_tune": (0, (5, 1.5)),
        "open_prompt": (0, (7, 1.5)),
        "open_rag": (0, (3, 1.5)),
    }
)


def row_colours(row_ids: Iterable[str], ruled_out: Collection[str]) -> Mapping[str, str]:
    """Return the colour of each row of a comparison, by its order there: the same in each of its charts."""
    free = iter(SERIES)
    colours: dict[str, str] = {}
    for row_id in row_ids:
        kind = row_id.partition(":")[0]
        if row_id in ruled_out:
            colours[row_id] = OTHERS
        elif kind in TRAINED:
            colours[row_id] = VERMILION
        elif kind == "serverless":
            colours[row_id] = ORANGE
        else:
            colours[row_id] = next(free, OTHERS)
    return MappingProxyType(colours)


def darker(colour: str) -> str:
    """Return a colour for text, which needs more contrast to white than a thick line does."""
    red, green, blue = (part * 0.7 for part in to_rgb(colour))
    return to_hex((red, green, blue))
