"""What holds for every chart: no label covers another, none leaves the picture, and every eye tells the lines apart."""

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from agents.adapters import charts
from agents.adapters.charts import style
from agents.adapters.charts.places import stacked
from agents.adapters.charts.sheet import Pen, Sheet, printable
from tests.unit.charts.comparisons import compared, make_comparison, workloads

KINDS = ("volume", "payback", "memory", "sensitivity")
# Half a pixel is a rounding, not a touch.
TOLERANCE = 0.5


# Amounts of so many digits that not all of an axis have room.
OF_LITTLE_MONEY = {
    "requests_per_day": 1.0,
    "tokens_in": 1,
    "tokens_out": 1,
    "student": "8B",
    "small_api_meets_bar": "yes",
    "engineering_day_rate": 0,
    "payback_limit_days": 1,
    "air_gapped": False,
    "prices_usd_per_mtok": {"a-long-name-of-a-model": {"i": 0, "o": 0}, "日本語モデル": {"i": 0, "o": 1}},
    "models": ["a-long-name-of-a-model", "日本語モデル"],
}


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=20)
@given(document=workloads())
@example(document=OF_LITTLE_MONEY)
def test_no_label_covers_another_or_leaves_the_picture(kind: str, document: dict[str, Any]) -> None:
    sheet = charts.sheet(kind, compared(document))
    if sheet is None:
        return
    for one, other in itertools.combinations(sheet.written, 2):
        assert not one.box.grown(-TOLERANCE).overlaps(other.box), (one, other)
    for written in sheet.written:
        assert 0 <= written.box.left < written.box.right <= style.WIDTH_PX, written
        assert 0 <= written.box.bottom < written.box.top <= style.HEIGHT_PX, written


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=10)
@given(document=workloads())
def test_a_chart_has_words_that_end_with_what_it_rests_on(kind: str, document: dict[str, Any]) -> None:
    comparison = compared(document)
    words = charts.alt(kind, comparison)
    assert (charts.sheet(kind, comparison) is None) == (words == "")
    assert words == "" or words.endswith(".")
    assert "None" not in words
    assert "Decimal" not in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_an_opaque_light_png_of_its_size(kind: str) -> None:
    picture = Image.open(io.BytesIO(charts.png(kind, make_comparison())))
    assert (picture.format, picture.size) == ("PNG", (1200, 896))
    corners = [picture.convert("RGBA").getpixel(place) for place in ((0, 0), (1199, 895))]
    assert corners == [(255, 255, 255, 255)] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_charts_drawn_at_once_are_those_drawn_alone(kind: str) -> None:
    comparison = make_comparison()
    alone = charts.png(kind, comparison)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: charts.png(kind, comparison), range(4)))
    assert together == [alone] * 4


def test_nothing_is_drawn_while_the_volume_is_unknown_but_the_memory() -> None:
    comparison = make_comparison(requests_per_day=None)
    assert [kind for kind in KINDS if charts.png(kind, comparison)] == ["memory"]
    assert [kind for kind in KINDS if charts.alt(kind, comparison)] == ["memory"]


@given(
    st.lists(st.tuples(st.floats(-500, 1500), st.floats(10, 60)), min_size=1, max_size=14),
)
def test_stacked_labels_never_overlap_and_stay_inside(boxes: list[tuple[float, float]]) -> None:
    wishes, heights = zip(*boxes, strict=True)
    top = sum(heights) + 100
    middles = stacked(wishes, heights, bottom=0, top=top)
    spans = sorted((middle - height / 2, middle + height / 2) for middle, height in zip(middles, heights, strict=True))
    assert all(below[1] <= above[0] + 1e-6 for below, above in itertools.pairwise(spans))
    assert spans[0][0] >= -1e-6
    assert spans[-1][1] <= top + 1e-6


def test_labels_with_room_stand_where_they_ask_to() -> None:
    assert stacked([100, 300], [20, 20], bottom=0, top=500) == [100, 300]


def test_letters_that_the_font_lacks_are_replaced() -> None:
    assert printable("模型 A\tB ±\n5") == "?? A?B ±\n5"


def test_a_text_that_is_too_long_is_cut_to_its_width() -> None:
    sheet, pen = Sheet(), Pen()
    cut = sheet.cut("a name that goes on and on", pen, 200)
    assert cut.endswith("…")
    assert sheet.size(cut, pen)[0] <= 200


@pytest.mark.parametrize("eye", ["all colours", "deuteranopia", "protanopia", "tritanopia"])
def test_every_eye_tells_the_colours_of_lines_apart(eye: str) -> None:
    colours = {name: _lab(_seen(colour, eye)) for name, colour in _LINES.items()}
    for (one, first), (other, second) in itertools.combinations(colours.items(), 2):
        # Some ten just tell two patches apart; lines differ by dash, weight and name as well.
        assert np.linalg.norm(first - second) > 11, (one, other)


@pytest.mark.parametrize("colour", sorted({*style.SERIES, style.VERMILION, style.ORANGE, style.OTHERS}))
def test_lines_stand_out_from_paper_and_their_names_can_be_read(colour: str) -> None:
    assert _contrast(colour) >= 2.4
    assert _contrast(style.darker(colour)) >= 4.5


_LINES = {
    "blue": style.BLUE,
    "green": style.GREEN,
    "sky": style.SKY,
    "purple": style.PURPLE,
    "vermilion": style.VERMILION,
    "orange": style.ORANGE,
}
# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
_EYES = {
    "all colours": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _linear(colour: str) -> np.ndarray:
    parts = np.array(to_rgb(colour))
    return np.asarray(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4))


def _seen(colour: str, eye: str) -> np.ndarray:
    return np.asarray(np.clip(_EYES[eye] @ _linear(colour), 0, 1))


def _lab(linear: np.ndarray) -> np.ndarray:
    xyz = _XYZ @ linear / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _contrast(colour: str) -> float:
    return float(1.05 / (_XYZ[1] @ _linear(colour) + 0.05))
