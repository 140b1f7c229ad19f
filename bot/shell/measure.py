"""`cairn measure`: load throughput that was measured, which replaces what is assumed."""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from agents.costs.calibrations import Precision
from agents.costs.training import Method
from agents.costs.vllm_bench import BenchRun, read_bench
from agents.errors import UserError
from agents.services.measured import Served, Trained
from agents.services.measurements import Loaded, loaded_text
from agents.store.measurements import MeasurementRow
from bot.shell.session import open_session, take_data

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
# Of the group, and of each of its commands for whoever writes it last.
_data_too = click.option(
    "--data", type=click.Path(path_type=Path), expose_value=False, callback=take_data, help="Data directory."
)
_MOST_BYTES = 50_000_000


@click.group()
@_data
@click.pass_context
def measure(context: click.Context, data: Path | None) -> None:
    """Load measured throughput, and list or forget what was loaded; comparisons are priced anew by it."""
    context.obj = data


@measure.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--student", required=True, help="The model that was served, such as llama-3.1-8b.")
@click.option("--gpu", help="The kind of GPU, such as H100-80; as usual for the student if absent.")
@click.option("--precision", type=click.Choice(["bf16", "fp8"]), help="Of the weights; as usual for the student.")
@click.option("--gpus", type=click.IntRange(1, 1024), help="GPUs of the server that was measured.")
@_json
@_data_too
@click.pass_obj
def load(
    data: Path | None,
    *,
    files: Sequence[Path],
    student: str,
    gpu: str | None,
    precision: Precision | None,
    gpus: int | None,
    as_json: bool,
) -> None:
    """Load results of `vllm bench serve --save-result`.

    Three FILES or more with requests of different shapes give all figures of the throughput; fewer make the one that
    is shipped as fast as was measured.
    """
    runs = [run for file in files for run in read_bench(_text(file), file.name)]
    served = Served(student=student, precision=precision, gpu=gpu, gpus=gpus)
    _print_loaded(asyncio.run(_load(runs, served, data)), as_json=as_json)


@measure.command()
@click.argument("tokens_per_second")
@click.option("--student", required=True, help="The model that was trained, such as llama-3.1-70b.")
@click.option("--method", type=click.Choice(["lora", "qlora", "full"]), default="lora", show_default=True)
@click.option("--gpu", required=True, help="The kind of GPU, such as A100-80.")
@click.option("--gpus", required=True, type=click.IntRange(1, 1024), help="GPUs that shared the work.")
@_json
@_data_too
@click.pass_obj
def training(
    data: Path | None, *, tokens_per_second: str, student: str, method: Method, gpu: str, gpus: int, as_json: bool
) -> None:
    """Load how many tokens a second were trained on, over all GPUs together."""
    trained = Trained(student=student, method=method, gpu=gpu, gpus=gpus, tokens_per_second=_speed(tokens_per_second))
    _print_loaded(asyncio.run(_load_training(trained, data)), as_json=as_json)


@measure.command(name="list")
@_json
@_data_too
@click.pass_obj
def list_(data: Path | None, as_json: bool) -> None:
    """List what was loaded, newest first, also what was replaced since."""
    rows = asyncio.run(_all(data))
    if as_json:
        click.echo(json.dumps({"measurements": [measurement_document(row) for row in rows]}))
        return
    for row in rows:
        until = "in use" if row.ended_at is None else f"until {row.ended_at:%Y-%m-%d %H:%M}"
        what = f"{row.kind} {row.student} {row.variant} on {row.gpus} x {row.gpu}"
        click.echo(f"{row.id}  {row.loaded_at:%Y-%m-%d %H:%M}  {until}  {what}  {row.source}")
    if not rows:
        click.echo("Nothing was measured yet; figures rest on the throughput that is shipped.")


@measure.command()
@click.argument("measurement")
@_data_too
@click.pass_obj
def forget(data: Path | None, measurement: str) -> None:
    """Remove a measurement by its id; what was assumed before it holds again."""
    asyncio.run(_forget(measurement, data))
    click.echo(f"{measurement} is no longer used; comparisons are priced anew.")


async def _load(runs: Sequence[BenchRun], served: Served, data: Path | None) -> Loaded:
    async with open_session(data) as session:
        return await session.services.measurements.load_serving(session.team_id, runs, served, session.who)


async def _load_training(trained: Trained, data: Path | None) -> Loaded:
    async with open_session(data) as session:
        return await session.services.measurements.load_training(session.team_id, trained, session.who)


async def _all(data: Path | None) -> Sequence[MeasurementRow]:
    async with open_session(data) as session:
        return await session.services.measurements.all(session.team_id)


async def _forget(measurement: str, data: Path | None) -> None:
    async with open_session(data) as session:
        await session.services.measurements.forget(session.team_id, measurement, session.who)


def measurement_document(row: MeasurementRow) -> dict[str, Any]:
    """Return a measurement as plain JSON."""
    return {
        "id": row.id,
        "kind": row.kind,
        "student": row.student,
        "variant": row.variant,
        "gpu": row.gpu,
        "gpus": row.gpus,
        "fit": dict(row.fit),
        "points": [dict(point) for point in row.points],
        "source": row.source,
        "measured_on": row.measured_on.isoformat(),
        "loaded_by": row.loaded_by,
        "loaded_at": row.loaded_at.isoformat(),
        "ended_by": row.ended_by,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }


def _print_loaded(loaded: Loaded, *, as_json: bool) -> None:
    if as_json:
        document = {"id": loaded.id, "what": loaded.what, "before": loaded.before, "after": loaded.after}
        click.echo(json.dumps(document))
        return
    click.echo(loaded_text(loaded))


def _text(file: Path) -> str:
    if file.stat().st_size > _MOST_BYTES:
        raise UserError(f"{file} is larger than 50 MB; save the result without --save-detailed.")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as cause:
        raise UserError(f"{file} is no text, so it is no result of `vllm bench serve`.") from cause


def _speed(text: str) -> Decimal:
    try:
        speed = Decimal(text.replace(",", ""))
    except InvalidOperation as cause:
        raise UserError(f"{text!r} is no number of tokens a second; write it like 3497.") from cause
    if not speed.is_finite() or speed <= 0:
        raise UserError(f"{text} tokens a second cannot be: it must be above zero.")
    return speed
