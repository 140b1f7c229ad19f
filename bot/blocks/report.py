"""What a distillation run found, as the reply that ends it: scores, costs, tests, a picture and one next step."""

from collections.abc import Iterator

from agents.distillation.comparisons import comparison_words
from agents.distillation.report import Report, Row, cost_words, headline, latency_words, pays_words, quality_words
from agents.runs.money import spend_words
from agents.runs.views import RunView
from agents.services.reports import Drawn, ReportView
from bot.blocks.elements import Align, bullets, context, cut, escaped, image, message, person, section, table
from bot.blocks.message import Attachment, Block, Message, Picture
from bot.blocks.run import run_end_line, run_title

_HEADER = ("Candidate", "Quality", "$ per 1M requests", "p50 / p95", "How the cost is known")
_ALIGN: tuple[Align, ...] = ("left", "right", "right", "right", "left")
_LONGEST_CALL = 1_800


def report_message(view: ReportView, report: Report) -> Message:
    """Return the reply that tells how a distillation run ended, with all that it found."""
    blocks: list[Block] = [section(f"{run_end_line(view.run)}\n*{escaped(headline(report))}*")]
    blocks += bullets("Gate: passed" if _passes(view.run) else "Gate: not passed", _reasons(view.run))
    blocks.append(table([_HEADER, *(_cells(row, report) for row in report.rows)], _ALIGN))
    blocks += bullets("It pays", [escaped(pays_words(each)) for each in report.pays])
    blocks += bullets(f"{report.student} on the same examples", [escaped(comparison_words(t)) for t in report.tests])
    pictures = []
    if view.png:
        picture = Picture(content=view.png, filename="quality.png", alt=view.alt, title="Quality against cost")
        pictures.append(picture)
        blocks.append(image(picture))
    blocks += _next_step(report)
    blocks.append(context("\n".join(_small_print(view.run, report))))
    return message(_plain(view.run, report), blocks, pictures)


def loss_message(drawn: Drawn) -> Message:
    """Return the picture of a training that has ended."""
    title = f"Training of {drawn.run.params.get('name', '')}"
    if not drawn.png:
        return message(title, [section(f"{escaped(title)} has left no curve.")])
    picture = Picture(content=drawn.png, filename="loss.png", alt=drawn.alt, title=title)
    return message(drawn.alt, [section(f"*{escaped(title)}* has ended."), image(picture)], [picture])


def model_card_message(run: RunView, card: str) -> Message:
    """Return the model card as a file for the thread."""
    label = str((run.result or {}).get("student", run.params.get("name", "")))
    title = f"Model card of {label}"
    file = Attachment(content=card.encode(), filename=f"{label}.md", title=title, comment=f"{title}, run `{run.id}`")
    return Message(text=title, attachment=file)


def row_name(row: Row, report: Report) -> str:
    """Return what a candidate is called in a table."""
    return {
        "teacher": f"{row.what} (teacher)",
        "api": f"{row.what} (small API model)",
        "base": "base, prompted",
        "student": f"{report.student} (student)",
        "baseline": f"{row.name} (free)",
    }[row.kind]


def _cells(row: Row, report: Report) -> tuple[str, ...]:
    return row_name(row, report), quality_words(row), cost_words(row), latency_words(row), cut(row.basis, 280)


def _passes(run: RunView) -> bool:
    return bool((run.result or {})["gate"]["passes"])


def _reasons(run: RunView) -> list[str]:
    gate = (run.result or {})["gate"]
    by = [f"{person(gate['overridden_by'])} let it pass all the same"] if gate["overridden_by"] else []
    return [escaped(reason) for reason in gate["reasons"]] + by


def _next_step(report: Report) -> list[Block]:
    blocks = [section(f"*Next step:* {escaped(report.step['text'])}")]
    call = report.step["call"]
    if call is not None:
        # Backticks would end the block of code.
        shown = escaped(cut(call.replace("```", "'''"), _LONGEST_CALL))
        blocks.append(section(f"```{shown}```"))
    return blocks


def _small_print(run: RunView, report: Report) -> Iterator[str]:
    yield (
        f"{report.metric.replace('_', ' ')} on {report.examples:,} golden examples; in brackets the {report.level:.0%} "
        f"interval. Prices and measurements as of {report.made_on:%d %B %Y}."
    )
    if run.spend is not None and not run.spend.is_free:
        yield escaped(spend_words(run.spend))
    yield f"`{run.id}`"


def _plain(run: RunView, report: Report) -> str:
    """Return the report as lines, for where blocks are not shown."""
    lines = [f"{run_title(run)}: done. {headline(report)}"]
    lines += [
        f"{row_name(row, report)}: {quality_words(row)}, {cost_words(row)} per 1M requests" for row in report.rows
    ]
    return "\n".join([*lines, f"Next step: {report.step['text']}"])
