"""The cost comparison as a picture, and in words for those who do not see it.

Drawn with matplotlib's objects and no pyplot, whose global state would leak between threads. Rendering takes
about a second of CPU: call it in a thread.
"""

import io
import textwrap
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from agents.adapters.chart_labels import Label, place_labels
from agents.costs.curve import Curve, Line
from agents.costs.plans import ApproachKind
from agents.costs.wording import dollars, rounded_volume

# Large type on a small canvas: the picture is still read as a thumbnail 360 pixels wide.
SIZE_INCHES = (7.5, 5.6)
DOTS_PER_INCH = 160
TEXT_POINTS = 14
SMALL_POINTS = 12
NOTE_POINTS = 10.5
TITLE_LETTERS = 56
INK, FAINT = "#222222", "#6b6b6b"
# Okabe and Ito's colours, told apart with any colour vision; models of one kind differ by dash as well.
COLOURS = ("#0072B2", "#009E73", "#56B4E9", "#CC79A7", "#E69F00")
STUDENT_COLOUR = "#D55E00"
DASHES: Mapping[ApproachKind, tuple[float, tuple[float, ...]] | str] = MappingProxyType(
    {
        "prompt": "solid",
        "rag": (0, (6, 2)),
        "long_context": (0, (2, 1.5)),
        "fine_tune": "solid",
        "distil": "solid",
    }
)
SHORTFALLS = MappingProxyType({"misses your bar": "misses your bar", "without the documents": "no documents"})
# Below a cent a month a line says nothing, and it would squeeze the others.
LEAST_USD = 0.01


def cost_chart_png(curve: Curve) -> bytes:
    """Return the chart as a PNG."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.115, 0.12, 0.845, 0.70))
    _set_up_axes(axes, curve)
    labels = [_draw_line(axes, line, colour, curve) for line, colour in _coloured(curve)]
    labels += _draw_break_evens(axes, curve)
    labels.append(_draw_here(axes, curve))
    title = textwrap.fill(finding(curve), width=TITLE_LETTERS)
    figure.text(0.02, 0.98, title, fontsize=TEXT_POINTS + 1, weight="bold", color=INK, va="top")
    place_labels(axes, labels)
    png = io.BytesIO()
    canvas.print_figure(png, format="png")
    return png.getvalue()


def cost_chart_alt(curve: Curve) -> str:
    """Return the chart's finding and its figures in words."""
    order = sorted(zip(curve.here_usd_per_month, curve.lines, strict=True), key=lambda pair: pair[0])
    here = "; ".join(f"{_named(line)} {_usd(usd)}" for usd, line in order)
    sentences = [
        f"{finding(curve)}.",
        f"Line chart, both axes logarithmic: USD per month against requests per day. Here: {here}.",
    ]
    sentences += [
        f"Self-hosting is no dearer than {shown(even.model)} from {_volume(even.requests_per_day)}."
        for even in curve.break_evens
    ]
    sentences += [f"Self-hosting is dearer than {shown(model)} at every volume." for model in curve.never]
    sentences.append(f"{_price_note(curve)}.")
    return " ".join(sentences)


def finding(curve: Curve) -> str:
    """Return what the chart shows at the workload's volume: the cheapest line that does the work."""
    whole = [(usd, line) for usd, line in zip(curve.here_usd_per_month, curve.lines, strict=True) if not line.shortfall]
    usd, line = min(whole, key=lambda pair: pair[0])
    place = _volume(curve.here_requests_per_day)
    if len(whole) == len(curve.lines):
        return f"At {place}, {shown(line.label)} costs least to run: {_usd(usd)} a month"
    # Cheaper lines in the same picture, which do not do the work, would otherwise contradict it.
    return f"Doing the whole work, {shown(line.label)} costs least at {place}: {_usd(usd)} a month"


def shown(name: str) -> str:
    """Return a model's or an approach's name as people write it: Claude Sonnet 5.5."""
    words = []
    for word in name.replace("Prompting ", "").split(" "):
        if word.startswith("claude-"):
            family = word.split("-")
            words.append(" ".join([*(part.title() for part in family[:2]), ".".join(family[2:])]).strip())
        elif word.startswith("llama-"):
            words.append("Llama " + word.rpartition("-")[2].upper())
        elif word.startswith("gpt-"):
            words.append("GPT-" + word.removeprefix("gpt-"))
        else:
            words.append(word)
    return " ".join(words)


def _named(line: Line) -> str:
    return f"{shown(line.label)} ({line.shortfall})" if line.shortfall else shown(line.label)


def _volume(requests_per_day: float) -> str:
    amount = rounded_volume(Decimal(str(requests_per_day)))
    return f"{amount} request{'' if amount == '1' else 's'} a day"


def _usd(amount: float) -> str:
    return dollars(Decimal(str(amount)))


def _coloured(curve: Curve) -> list[tuple[Line, str]]:
    colours = iter(COLOURS * 3)
    return [(line, STUDENT_COLOUR if line.has_band else next(colours)) for line in curve.lines]


def _darker(colour: str) -> str:
    """Return a colour for text, which needs more contrast to white than a thick line does."""
    red, green, blue = (part * 0.78 for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _set_up_axes(axes: Axes, curve: Curve) -> None:
    volumes = [point.requests_per_day for point in curve.lines[0].points]
    amounts = [
        max(LEAST_USD, float(amount))
        for line in curve.lines
        for point in line.points
        for amount in (point.usd_per_month.low, point.usd_per_month.high)
    ]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(volumes[0], volumes[-1])
    axes.set_ylim(min(amounts) / 1.5, max(amounts) * 3)
    axes.set_xlabel("Requests per day", fontsize=TEXT_POINTS, color=INK)
    axes.set_ylabel("")
    axes.set_title("USD per month, running", loc="left", fontsize=SMALL_POINTS, color=FAINT, pad=7)
    axes.set_title(_price_note(curve), loc="right", fontsize=NOTE_POINTS, color=FAINT, pad=7)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, numticks=7))
        axis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: "$" + _short(value)))
    axes.tick_params(which="major", labelsize=TEXT_POINTS - 0.5, colors=INK, length=0)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="major", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b0b0b0")


def _draw_line(axes: Axes, line: Line, colour: str, curve: Curve) -> Label:
    volumes = [point.requests_per_day for point in line.points]
    base = [float(point.usd_per_month.base) for point in line.points]
    axes.plot(
        volumes,
        base,
        color=colour,
        linewidth=1.6 if line.shortfall else 3.2,
        linestyle=DASHES[line.kind],
        solid_joinstyle="miter",
        zorder=3,
    )
    text = _label(line)
    if line.has_band:
        low = [float(point.usd_per_month.low) for point in line.points]
        high = [float(point.usd_per_month.high) for point in line.points]
        axes.fill_between(volumes, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2)
        hour = curve.usd_per_gpu_hour
        spread = f"${hour.low} to {hour.high}" if hour.low != hour.high else f"${hour.base}"
        text += f"\n{curve.gpu_label}, {spread}/h"
    return Label(text, tuple(zip(volumes, base, strict=True)), _darker(colour), TEXT_POINTS, is_bold=not line.shortfall)


def _label(line: Line) -> str:
    """Return a line's name, short enough to stand beside it."""
    name = shown(line.label).replace("Claude ", "")
    return f"{name}, {SHORTFALLS[line.shortfall]}" if line.shortfall else name


def _draw_break_evens(axes: Axes, curve: Curve) -> list[Label]:
    labels = []
    for even in curve.break_evens:
        place = (even.requests_per_day, even.usd_per_month)
        axes.plot(
            *place, marker="o", markersize=11, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=2, zorder=6
        )
        text = f"break-even\n{rounded_volume(Decimal(str(even.requests_per_day)))}/day"
        labels.append(Label(text, (place,), INK, SMALL_POINTS))
    return labels


def _draw_here(axes: Axes, curve: Curve) -> Label:
    volume = curve.here_requests_per_day
    axes.axvline(volume, color=INK, linewidth=1.6, linestyle=(0, (4, 3)), zorder=4)
    for usd in curve.here_usd_per_month:
        axes.plot(volume, usd, marker="o", markersize=6.5, color=INK, zorder=5)
    top, bottom = axes.get_ylim()[1], axes.get_ylim()[0]
    steps = [bottom * (top / bottom) ** (part / 20) for part in range(1, 21)]
    text = f"you are here\n{rounded_volume(Decimal(str(volume)))}/day"
    return Label(text, tuple((volume, step) for step in reversed(steps)), INK, SMALL_POINTS)


def _price_note(curve: Curve) -> str:
    return f"API prices {curve.prices_as_of}, GPU prices {curve.gpu_prices_as_of}"


def _short(value: float) -> str:
    """Return a power of ten in few letters: 10K, 1M, 0.1."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= size * 0.999:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
