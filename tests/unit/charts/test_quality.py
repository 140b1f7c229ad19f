"""The pictures of a distillation run: quality against cost, and the loss of its training."""

import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agents.adapters.charts import style
from agents.adapters.charts.loss import describe_loss, draw_loss, loss_finding
from agents.adapters.charts.quality import describe_quality, draw_quality, quality_finding
from agents.adapters.charts.sheet import Sheet
from agents.distillation.loss_curve import LossCurve, loss_curve
from tests.unit.distillation.reports import candidate, make_report, results

# Half a pixel is a rounding, not a touch.
TOLERANCE = 0.5


def check_legible(sheet: Sheet) -> None:
    for one, other in itertools.combinations(sheet.written, 2):
        assert not one.box.grown(-TOLERANCE).overlaps(other.box), (one, other)
    for written in sheet.written:
        assert 0 <= written.box.left < written.box.right <= style.WIDTH_PX, written
        assert 0 <= written.box.bottom < written.box.top <= style.HEIGHT_PX, written


shares = st.integers(0, 100).map(lambda hundredths: hundredths / 100)


@settings(deadline=None, max_examples=15)
@given(student=shares, teacher=shares, free=st.lists(shares, max_size=3), is_served=st.booleans())
def test_no_label_covers_another_or_leaves_the_picture(
    student: float, teacher: float, free: list[float], is_served: bool
) -> None:
    given_results = results(passes=is_served)
    given_results["gate"]["candidates"] = [
        candidate("student", "student", student),
        candidate("teacher", "teacher", teacher, "claude-opus-5-5"),
        candidate("base", "base", min(student, teacher) / 2),
        *(candidate(f"baseline-{at}", "baseline", value) for at, value in enumerate(free)),
    ]

    check_legible(draw_quality(make_report(given_results)))


def test_many_free_candidates_stand_and_are_named_on_their_side_of_the_picture() -> None:
    given_results = results()
    names = {"embeddings": 0.94, "nearest": 0.91, "naive-bayes": 0.88}
    given_results["gate"]["candidates"] += [candidate(name, "baseline", value) for name, value in names.items()]

    sheet = draw_quality(make_report(given_results))

    texts = {written.text.partition("\n")[0]: written.box for written in sheet.written}
    assert names.keys() | {"tfidf"} <= texts.keys()
    # The first of the scale's own, which stands right of where the side ends.
    scale = texts["tickets@v1"].left
    assert all(texts[name].right < scale for name in names), texts


def test_the_finding_and_the_words_hold_the_figures() -> None:
    report = make_report()

    assert quality_finding(report) == (
        "tickets@v1 scores 95.0% at $11.11 per million requests; Claude Opus 5.5 96.0% at $9,000 per million requests"
    )
    words = describe_quality(report)
    assert "tfidf: 90.0% (88.0% to 92.0%), no cost a request, p50 / p95 0.4 / 1 ms." in words
    assert "base, prompted: 40.0%" in words


def test_what_is_far_below_is_told_and_does_not_press_the_others_together() -> None:
    told = [written.text for written in draw_quality(make_report()).written]

    assert any("far below: base, prompted 40.0%" in text for text in told)
    assert "90%" in told
    assert "80%" not in told


@pytest.mark.parametrize(
    "sheet", [draw_quality(make_report()), draw_loss(LossCurve(name="t", points=((1, 2.0), (9, 1.0)), eval_loss=None))]
)
def test_a_picture_is_an_opaque_light_png_of_its_size(sheet: Sheet) -> None:
    picture = Image.open(io.BytesIO(sheet.png()))

    assert (picture.format, picture.size) == ("PNG", (1200, 896))
    assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


@settings(deadline=None, max_examples=15)
@given(
    losses=st.lists(st.floats(0, 20), min_size=1, max_size=80),
    eval_loss=st.none() | st.floats(0, 20),
    every=st.integers(1, 500),
)
def test_any_curve_can_be_read(losses: list[float], eval_loss: float | None, every: int) -> None:
    points = tuple((every * (at + 1), loss) for at, loss in enumerate(losses))

    check_legible(draw_loss(LossCurve(name="tickets", points=points, eval_loss=eval_loss)))


def test_the_words_say_how_the_loss_fell() -> None:
    curve = loss_curve("tickets", {"loss_curve": [[10, 2.5], [20, 0.5]], "eval_loss": 0.75})

    assert curve is not None
    assert loss_finding(curve) == "tickets: loss fell from 2.5 to 0.5 in 20 steps, 0.75 on examples kept back"
    assert "0.5 at step 20" in describe_loss(curve)


def test_a_training_without_a_curve_draws_none() -> None:
    assert loss_curve("tickets", {"loss_curve": []}) is None
    assert loss_curve("tickets", {}) is None
