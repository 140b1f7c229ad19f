"""`cairn cost` on files: what each option prints, and what it refuses with a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.shell.cost import cost

INPUTS = "requests_per_day: 40000\ntokens_in: 1500\nstatic_prefix: 800\ntokens_out: 300\n"
FIGURE = "distil:llama-3.1-8b/usd_per_month"
PNG = b"\x89PNG"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cost, [str(each) for each in arguments])


def printed(*arguments: str | Path) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "inputs.yaml"
    written.write_text(INPUTS)
    return written


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    written = tmp_path / "twice.yaml"
    written.write_text(INPUTS.replace("40000", "80000"))
    return written


def test_a_figure_is_explained_down_to_its_inputs(file: Path) -> None:
    shown = run(file, "--why", FIGURE).output
    assert "M = " in shown
    assert "USD/GPU hour" in shown
    assert "input usd_per_gpu_hour" in shown
    (told,) = printed(file, "--why", FIGURE)["why"]
    assert told["id"] == FIGURE
    assert told["result"]["low"] <= told["result"]["base"] <= told["result"]["high"]
    derived = [term["derived_from"] for term in told["terms"] if term["derived_from"]]
    assert derived
    assert run(file, *(part for each in derived for part in ("--why", each))).exit_code == 0


def test_every_figure_that_is_priced_can_be_asked_for(file: Path) -> None:
    for row in printed(file)["approaches"]:
        assert run(file, "--why", f"{row['id']}/usd_per_month").exit_code == 0


def test_an_unknown_figure_says_which_is_near(file: Path) -> None:
    result = run(file, "--why", "distil:llama-3.1-8b/usd_a_month")
    assert result.exit_code == 2
    assert FIGURE in result.output


def test_two_files_stand_side_by_side_with_what_differs(file: Path, twice: Path) -> None:
    shown = run(file, "--compare", twice).output
    assert "Requests per day: 40,000 a day -> 80,000 a day" in shown
    assert "(+" in shown
    told = printed(file, "--compare", twice)["compared_with"]
    assert (told["left"]["name"], told["right"]["name"]) == ("inputs.yaml", "twice.yaml")
    assert [each["key"] for each in told["inputs"]] == ["requests_per_day"]
    haiku = next(row for row in told["rows"] if row["id"] == "prompt:claude-haiku-5-5")
    assert haiku["usd_per_month_more"] == pytest.approx(
        haiku["right"]["usd_per_month"]["base"] - haiku["left"]["usd_per_month"]["base"]
    )


def test_the_json_of_a_comparison_stays_whole_beside_what_is_added(file: Path, twice: Path) -> None:
    assert set(printed(file)) < set(printed(file, "--why", FIGURE, "--compare", twice))


def test_the_guides_tables_are_printed_alone(file: Path) -> None:
    shown = run(file, "--guide").output
    assert "What each approach costs" in shown
    assert "What it rests on" not in shown


def test_charts_are_written_by_kind(file: Path, tmp_path: Path) -> None:
    plain, named = tmp_path / "volume.png", tmp_path / "memory.png"
    assert run(file, "--chart", plain, "--chart", f"memory={named}", "--json").exit_code == 0
    assert plain.read_bytes().startswith(PNG)
    assert named.read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        ("pie=x.png", "There is no chart 'pie'"),
        ("payback=", "Name the file"),
        ("volume=/nowhere/at/all.png", "cannot be written"),
    ],
)
def test_a_chart_that_cannot_be_drawn_says_why(file: Path, chart: str, words: str) -> None:
    result = run(file, "--chart", chart)
    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("requests_per_day: 0\n", "requests_per_day"),
        ("requests_per_day: -5\n", "requests_per_day"),
        ("requests_per_day: 1e99\n", "requests_per_day"),
        ("requests_per_day: .nan\n", "requests_per_day"),
        ("requests_a_day: 5\n", "Did you mean requests_per_day"),
        ("models: [gpt-17-colossus]\n", "gpt-17-colossus"),
        ("gpu: Abacus\n", "Abacus"),
        ("student: llama-9\n", "llama-9"),
        ("- 1\n- 2\n", ""),
        ("a: [1\n", "YAML"),
        ("requests_per_day: []\n", "at least one value"),
    ],
)
@pytest.mark.parametrize("where", ["file", "--compare"])
def test_a_file_that_cannot_be_priced_is_refused_by_name(
    file: Path, tmp_path: Path, content: str, words: str, where: str
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(content)
    result = run(wrong) if where == "file" else run(file, "--compare", wrong)
    assert result.exit_code == 2, result.output
    assert "wrong.yaml" in result.output
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_file_is_needed_and_one_source_of_inputs_alone(file: Path) -> None:
    assert "Missing argument" in run().output
    assert "not both" in run(file, "--conversation", "0123456789ab").output
    assert run("nowhere.yaml").exit_code == 2
