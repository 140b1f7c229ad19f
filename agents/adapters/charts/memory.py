"""Memory against GPU sizes: what each way of training needs on one to eight GPUs, and on which it fits."""

from collections.abc import Sequence
from dataclasses import replace

from agents.adapters.charts import style
from agents.adapters.charts.frame import (
    AXIS_PEN,
    FOOT,
    MARGIN,
    Panel,
    draw_ticks,
    tick_room,
    write_note,
    write_title,
)
from agents.adapters.charts.names import shown
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale
from agents.adapters.charts.sheet import Pen, Sheet
from agents.costs.curves.memory import COUNTS, CardSize, MemorySizes, MethodMemory, StudentMemory
from agents.costs.training import Method

COLOURS: dict[Method, str] = {"full": style.BLUE, "lora": style.VERMILION, "qlora": style.GREEN}
NAMES: dict[Method, str] = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}
FACTORS: dict[Method, str] = {"full": "8", "lora": "1.5", "qlora": "0.5"}
GB = 1e9
# Between the two panels, and for the sizes of GPUs on the right.
GUTTER, SIZES = 40.0, 178.0
# Where the rule of thumb stands, left of one GPU.
RULE_PLACE = -0.55
# An amount stands close to its mark or not at all.
NEAR = 34.0
HEADING_PEN = Pen(style.LABEL_POINTS, style.INK, is_bold=True)


def draw_memory(sizes: MemorySizes) -> Sheet:
    """Return the chart."""
    sheet = Sheet()
    top = write_title(sheet, memory_finding(sizes)) - 40
    low, high = _range(sizes)
    ticks = {value: f"{value:,.0f} GB" for value in (1.0, 10.0, 100.0, 1e3, 1e4) if low <= value <= high}
    left = tick_room(sheet, list(ticks.values()))
    width = (style.WIDTH_PX - MARGIN - SIZES - left - GUTTER) / 2
    first = Box(left, FOOT, left + width, top)
    for index, student in enumerate(sizes.students):
        start = left + index * (width + GUTTER)
        area = replace(first, left=start, right=start + width)
        x = Scale(-0.85, len(COUNTS) - 0.72, area.left, area.right)
        panel = Panel.on(sheet, area, x, Scale(low, high, area.bottom, area.top, is_log=True))
        counts = {RULE_PLACE: "rule", **{float(place): str(count) for place, count in enumerate(COUNTS)}}
        draw_ticks(panel, counts, ticks if index == 0 else dict.fromkeys(ticks, ""), x_title="GPUs")
        name = sheet.text(shown(student.student), area.left, area.top + 10, HEADING_PEN)
        sheet.text("GB on each GPU", name.right + 14, area.top + 12, AXIS_PEN)
        _draw_sizes(panel, sizes.sizes)
        _draw_methods(panel, student)
    _write_sizes(panel, sizes.sizes)
    write_note(sheet, _note(sizes))
    return sheet


def describe_memory(sizes: MemorySizes) -> str:
    """Return the chart's finding and its figures in words."""
    cards = "; ".join(f"{size.gigabytes} GB ({', '.join(size.names)})" for size in sizes.sizes)
    sentences = [
        f"{memory_finding(sizes)}.",
        f"Line chart, logarithmic: GB on each of {', '.join(map(str, COUNTS[:-1]))} and {COUNTS[-1]} GPUs.",
    ]
    sentences += [
        f"{shown(student.student)}, {NAMES[need.method]}: "
        f"{', '.join(_gigabytes(amount) for amount in need.bytes_per_gpu)} GB; "
        f"by the rule of thumb {_gigabytes(need.guide_bytes)} GB in all."
        for student in sizes.students
        for need in student.methods
    ]
    sentences.append(f"Sizes of GPUs, of which a run may fill {sizes.settings.limit:.0%}: {cards}.")
    return " ".join(sentences)


def memory_finding(sizes: MemorySizes) -> str:
    """Return what the chart shows: how many of the GPU chosen each method takes."""
    by_count: dict[int | None, list[str]] = {}
    for need in reversed(sizes.chosen.methods):
        by_count.setdefault(need.gpus, []).append(NAMES[need.method].replace("full", "full training"))
    parts = [f"{' and '.join(names)} {_gpus(count)}" for count, names in by_count.items()]
    return f"Training {shown(sizes.student)} on {sizes.gpu}: {'; '.join(parts)}"


def _gpus(count: int | None) -> str:
    return "more than 128 GPUs" if count is None else f"{count} GPU{'' if count == 1 else 's'}"


def _range(sizes: MemorySizes) -> tuple[float, float]:
    """Return the least and the highest GB of the scale."""
    needs = [need for student in sizes.students for need in student.methods]
    amounts = [amount / GB for need in needs for amount in (*need.bytes_per_gpu, need.guide_bytes)]
    cards = [size.usable_bytes / GB for size in sizes.sizes]
    return min(amounts + cards) / 1.7, max(amounts + cards) * 1.5


def _draw_sizes(panel: Panel, sizes: Sequence[CardSize]) -> None:
    for size in sizes:
        height = panel.y.pixel(size.usable_bytes / GB)
        path = [(panel.area.left, height), (panel.area.right, height)]
        panel.sheet.line(path, style.FAINT, width=1.3, dash=(0, (4, 2)))


def _write_sizes(panel: Panel, sizes: Sequence[CardSize]) -> None:
    """Write the sizes of GPUs right of the last panel."""
    pen = Pen(style.SMALL_POINTS, style.SOFT_INK, is_bold=True)
    last = float("-inf")
    for size in sizes:
        height = panel.y.pixel(size.usable_bytes / GB)
        _, text_height = panel.sheet.size("0", pen)
        if height - text_height / 2 > last:
            box = panel.sheet.text(f"{size.gigabytes} GB card", panel.area.right + 12, height, pen, up="center")
            last = box.top


def _draw_methods(panel: Panel, student: StudentMemory) -> None:
    places = [float(place) for place in range(len(COUNTS))]
    for need in student.methods:
        amounts = [amount / GB for amount in need.bytes_per_gpu]
        panel.draw_line(places, amounts, COLOURS[need.method], width=3.0)
        for place, amount in zip(places, amounts, strict=True):
            panel.sheet.mark(panel.x.pixel(place), panel.y.pixel(amount), COLOURS[need.method], size=8)
    for need in student.methods:
        guide = panel.x.pixel(RULE_PLACE), panel.y.pixel(need.guide_bytes / GB)
        panel.sheet.mark(*guide, style.darker(COLOURS[need.method]), size=8, is_hollow=True, shape="D")
        panel.floor.take(Box(guide[0] - 10, guide[1] - 10, guide[0] + 10, guide[1] + 10))
    for need in student.methods:
        _name(panel, need)
    for need in student.methods:
        guide = panel.x.pixel(RULE_PLACE), panel.y.pixel(need.guide_bytes / GB)
        pen = Pen(11.0, style.darker(COLOURS[need.method]))
        panel.write_beside(guide, (_gigabytes(need.guide_bytes),), pen, reach=NEAR)


def _name(panel: Panel, need: MethodMemory) -> None:
    """Name a method's line at its first point, and what it needs on the last number of GPUs."""
    colour = style.darker(COLOURS[need.method])
    points = [(panel.x.pixel(place), panel.y.pixel(amount / GB)) for place, amount in enumerate(need.bytes_per_gpu)]
    name, first = NAMES[need.method], _gigabytes(need.bytes_per_gpu[0])
    bold = Pen(style.SMALL_POINTS, colour, is_bold=True)
    panel.write_beside(points[0], (f"{name} {first}",), bold, is_needed=True)
    panel.write_beside(points[-1], (_gigabytes(need.bytes_per_gpu[-1]),), Pen(11.0, colour), reach=NEAR)


def _gigabytes(amount: float) -> str:
    return f"{float(f'{amount / GB:.3g}'):,g}"


def _note(sizes: MemorySizes) -> str:
    used = sizes.settings
    rule = ", ".join(f"{NAMES[need.method]} {FACTORS[need.method]}" for need in sizes.chosen.methods)
    return (
        f"below a dashed line it fits, filling {used.limit:.0%} of a card at most; rank {used.rank}, "
        f"{used.micro_batch} x {used.sequence:,} tokens; "
        f"diamonds: rule of thumb for all GPUs together, times the 16-bit weights: {rule}"
    )
