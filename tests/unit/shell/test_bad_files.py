"""What `cairn cost` and `cairn decide` say of files that cannot be meant: one sentence, exit code 2, no traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import cairn

GOOD = "requests_per_day: 20000\ntokens_in: 500\ntokens_out: 10\n"
NINE = ", ".join(["{0}"] * 9)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{NINE.format('*' + before)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)

COSTS: dict[str, tuple[str, str]] = {
    "nothing a day": (GOOD.replace("20000", "0"), "requests_per_day: 0 cannot be used. It must be at least 0.01"),
    "a negative volume": (GOOD.replace("20000", "-5"), "requests_per_day: -5 cannot be used"),
    "an absurd volume": (GOOD.replace("20000", "1.0e+300"), "1e+300 cannot be used. It must be at most 10000000000"),
    "a number of 31 digits": (GOOD.replace("20000", "1" + "0" * 30), "It must be at most"),
    "a number of 5,000 digits": (GOOD.replace("20000", "1" + "0" * 5000), "has more than 100 digits"),
    "not a number": (GOOD.replace("20000", ".nan"), "nan cannot be used. It must be a finite number"),
    "infinity": (GOOD.replace("500", ".inf"), "tokens_in: inf cannot be used"),
    "a number in quotes": (GOOD.replace("20000", "'20000'"), "'20000' cannot be used. It must be a number"),
    "a word for a number": (GOOD.replace("20000", "many"), "'many' cannot be used"),
    "yes for a number": (GOOD.replace("20000", "true"), "True cannot be used"),
    "a date for a number": (GOOD.replace("20000", "2026-01-01"), "the date 2026-01-01 cannot be used"),
    "half a token": (GOOD.replace("500", "5.5"), "tokens_in: 5.5 cannot be used. It must be a whole number"),
    "a list in a list": (GOOD.replace("20000", "[[1]]"), "[1] cannot be used"),
    "an empty list": (GOOD.replace("20000", "[]"), "must hold at least one value"),
    "too many combinations": (GOOD.replace("20000", str(list(range(1, 100)))), "99 combinations; at most 50"),
    "billions of combinations": (
        "".join(f"{key}: {list(range(1, 2000))}\n" for key in ("requests_per_day", "tokens_in", "min_replicas")),
        "7,988,005,999 combinations; at most 50",
    ),
    "an empty file": ("", "is empty; it must hold keys with values"),
    "comments alone": ("# later\n", "is empty"),
    "a list": ("- 1\n", "holds a list, but keys with values are needed"),
    "a text": ("hello\n", "holds a text"),
    "an unknown model": (GOOD + "models: [claude-sonnet-9]\n", "No price for model 'claude-sonnet-9'. Known: claude-"),
    "an unknown model in another script": (GOOD + "models: [日本語]\n", "No price for model '日本語'"),
    "an unknown GPU": (GOOD + "gpu: H900\n", "No price for GPU 'H900'. Known: H100-80"),
    "an unknown student": (GOOD + "student: mistral-7b\n", "No student model 'mistral-7b'. Known: llama-3.1-8b"),
    "an unknown key": (
        GOOD + "requests: 5\n",
        "Unknown key 'requests' in the cost file. Did you mean requests_per_day?",
    ),
    "a number as key": (GOOD + "5: 6\n", "Unknown key 5 in the cost file"),
    "a list as key": (GOOD + "? [1, 2]\n: 6\n", "line 4: found unhashable key"),
    "a model named twice": (GOOD + "models: [gpt-4o, gpt-4o]\n", "models holds 'gpt-4o' twice; keep one"),
    "a model without a name": (GOOD + "models: ['']\n", "A name in the cost file is empty"),
    "a name with a line break": (GOOD + 'models: ["a\\nb"]\n', "holds a character that cannot be printed"),
    "a name of 100,000 letters": (GOOD + f"gpu: {'x' * 100_000}\n", "has 100,000 letters; a name has 100 at most"),
    "a prefix longer than the prompt": (
        GOOD + "static_prefix: 600\n",
        "static_prefix (600) is part of tokens_in (500)",
    ),
    "an overlap longer than its chunk": (GOOD + "chunk: 100\noverlap: 200\n", "overlap (200) must be smaller"),
    "a GPU for nothing": (GOOD + "usd_per_gpu_hour: 0\n", "usd_per_gpu_hour: 0 cannot be used"),
    "a GPU without its size": (GOOD + "gpus: {X: {usd: 1}}\ngpu: X\n", "GPU 'X' is not in the price book. Add mem"),
    "a range upside down": (GOOD + "gpus: {X: {usd: 1, lo: 5}}\n", "Must have lo <= usd <= hi"),
    "a price that is not a number": (
        GOOD + "models: [m]\nprices_usd_per_mtok: {m: {i: .nan}}\n",
        "m.i: nan cannot be used",
    ),
    "half a tier": (GOOD + "models: [m]\nprices_usd_per_mtok: {m: {i: 1, tier: 9}}\n", "belong together"),
    "a key twice": (GOOD + "tokens_in: 5\n", "line 4: the key 'tokens_in' is given twice; keep one"),
    "a key twice within": (GOOD + "gpus: {X: {usd: 1, usd: 2}}\n", "the key 'usd' is given twice"),
    "broken YAML": ("a: [1\n", "it cannot be read as YAML: line 2"),
    "a tag": ("requests_per_day: !foo 5\n", "tags such as !this are not read"),
    "code in a tag": ("a: !!python/object/apply:os.system ['true']\n", "tags such as !this are not read"),
    "a bomb of anchors": (BOMB + GOOD, "it unfolds to more than 50,000 values"),
    "an anchor in itself": ("requests_per_day: &a [*a]\n", "an anchor holds itself"),
    "3,000 lists in each other": (f"a: {'[' * 3000}{']' * 3000}\n", "nested more than 50 deep"),
    "two documents": (GOOD + "---\na: 1\n", "found another document"),
    "10 MB": (GOOD + "#" + "x" * 10_000_000, "1,000,000 are read at most; split it"),
    "a NUL": (GOOD + "gpu: 'a\x00b'\n", "control characters are not allowed"),
}

DECISIONS: dict[str, tuple[str, str]] = {
    "an empty file": ("", "is empty"),
    "a list": ("- 1\n", "holds a list"),
    "no answers": ("facts: {}\n", "has no answers"),
    "answers in a list": ("answers: [1]\n", "answers must be a mapping"),
    "an unknown slot": ("answers: {problems: [cost]}\n", "no answer named 'problems'. Did you mean 'problem'?"),
    "an unknown value": ("answers: {problem: [money]}\n", "problem is 'money'; it must be one of knowledge"),
    "a negative volume": (
        "answers: {requests_per_day: -5}\n",
        "requests_per_day is -5; it must be a number of at least 0",
    ),
    "not a number": ("answers: {requests_per_day: .nan}\n", "requests_per_day is nan"),
    "a number of 31 digits": (f"answers: {{requests_per_day: 1{'0' * 30}}}\n", "requests_per_day is 1"),
    "an unknown fact": ("answers: {problem: [cost]}\nfacts: {payback: 5}\n", "Did you mean 'payback_days'?"),
    "a prefix longer than the prompt": (
        "answers: {tokens: {static_prefix: 500, tokens_in: 10, tokens_out: 3}}\n",
        "the fixed prefix (500) is part of tokens_in (10)",
    ),
    "no scenario": ("scenarios: []\n", "scenarios holds no case"),
    "answers beside scenarios": ("answers: {problem: [cost]}\nscenarios: [{answers: {}}]\n", "stand side by side"),
    "a slot twice": ("answers: {problem: [cost], problem: [latency]}\n", "the key 'problem' is given twice"),
    "a bomb of anchors": (BOMB + "answers: {problem: *h}\n", "it unfolds to more than 50,000 values"),
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cairn, [str(argument) for argument in arguments])


def assert_refused(result: Result, said: str) -> None:
    """Assert a sentence of a sensible length that says it, and the exit code of wrong use."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output) < 1_500
    assert "Traceback" not in result.output


@pytest.mark.parametrize("case", COSTS)
def test_a_cost_file_that_cannot_be_meant_is_refused_in_a_sentence(tmp_path: Path, case: str) -> None:
    text, said = COSTS[case]
    file = tmp_path / "inputs.yaml"
    file.write_text(text, encoding="utf-8")
    assert_refused(run("cost", file, "--chart", tmp_path / "out.png"), said)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("case", DECISIONS)
def test_a_file_of_answers_that_cannot_be_meant_is_refused_in_a_sentence(tmp_path: Path, case: str) -> None:
    text, said = DECISIONS[case]
    file = tmp_path / "answers.yaml"
    file.write_text(text, encoding="utf-8")
    assert_refused(run("decide", file), said)


@pytest.mark.parametrize("command", ["cost", "decide"])
def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path, command: str) -> None:
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    assert_refused(run(command, binary), "it is no text in UTF-8")
    assert_refused(run(command, tmp_path / "missing.yaml"), "does not exist")
    assert_refused(run(command, tmp_path), "is a directory")


@pytest.mark.parametrize("option", ["--chart", "--csv"])
def test_an_output_that_cannot_be_written_is_said(tmp_path: Path, option: str) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text(GOOD)
    assert_refused(
        run("cost", file, option, tmp_path / "nowhere" / "out"), "cannot be written: No such file or directory"
    )


@pytest.mark.parametrize(
    "more",
    [
        "models: [m]\nprices_usd_per_mtok: {m: {i: 0, o: 0}}\n",
        "models: [m]\nprices_usd_per_mtok: {m: {i: 1.0e-300, o: 1.0e-300}}\n",
        "models: ['日本語 🎉']\nprices_usd_per_mtok: {'日本語 🎉': {i: 1, o: 2}}\n",
        "models: [a|b]\nprices_usd_per_mtok: {a|b: {i: 1, o: 2}}\n",
        "examples: 1.0e+9\nepochs: 1000\nruns: 10000\n",
    ],
    ids=["a free model", "next to free", "another script", "a bar in a name", "the most training"],
)
def test_odd_but_possible_inputs_are_priced_and_drawn(tmp_path: Path, more: str) -> None:
    file, charts = tmp_path / "inputs.yaml", [tmp_path / f"{kind}.png" for kind in ("volume", "payback", "memory")]
    file.write_text(GOOD + more, encoding="utf-8")
    result = run("cost", file, *(part for chart in charts for part in ("--chart", f"{chart.stem}={chart}")))
    assert result.exit_code == 0, result.output
    assert all(chart.read_bytes().startswith(b"\x89PNG") for chart in charts)
    rows = [line for line in result.output.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows[:5]}) == 1


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert run("cost", file).exit_code == 0
