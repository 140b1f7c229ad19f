"""Prices of whoever runs Cairn, from the file that CAIRN_PRICES names."""

from decimal import Decimal
from pathlib import Path

import pytest

from agents.adapters.prices.own_file import read_own_prices
from agents.costs.prices.overrides import with_own_prices
from agents.errors import UserError
from agents.settings import load_settings
from agents.wiring import prices_offline
from tests.unit.costs.books import make_book

OWN = """
prices_usd_per_mtok:
  claude-sonnet-5-5: {i: 1.6, o: 8}
  our-model: {i: 0.5, o: 1.5}
gpus:
  H100-80: {usd: 2.5}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_the_file_gives_replaces_what_is_shipped_and_the_rest_stays(tmp_path: Path) -> None:
    book = make_book()
    own = with_own_prices(book, read_own_prices(write(tmp_path, OWN), book))
    assert own.model("claude-sonnet-5-5").standard.input == Decimal("1.6")
    assert own.model("our-model").standard.output == Decimal("1.5")
    assert own.model("claude-haiku-5-5") == book.model("claude-haiku-5-5")
    assert own.gpu("H100-80").usd_per_hour.base == Decimal("2.5")
    assert own.gpu("H100-80").memory_bytes == book.gpu("H100-80").memory_bytes
    assert {own.model("our-model").kind, own.gpu("H100-80").kind} == {"your price"}


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_own_prices(write(tmp_path, ""), make_book()) == ()


def test_a_shell_prices_with_the_file(tmp_path: Path) -> None:
    settings = load_settings(prices_file=write(tmp_path, OWN))
    assert prices_offline(settings).model("claude-sonnet-5-5").standard.input == Decimal("1.6")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "cannot be read as YAML: line 2"),
        ("gpus: {H100-80: {usd: 1}}\ngpus: {}", "'gpus' is given twice"),
        ("- 1", "the file cannot be"),
        ("prices: {}", "prices cannot be"),
        ("prices_usd_per_mtok: {claude-sonnet-5-5: {i: -1}}", r"claude-sonnet-5-5\.i cannot be -1"),
        ("prices_usd_per_mtok: {claude-sonnet-5-5: {i: two}}", r"claude-sonnet-5-5\.i cannot be 'two'"),
        ("gpus: {H100-80: {usd: 0}}", r"H100-80\.usd cannot be 0"),
        ("gpus: {Z9: {usd: 1}}", "Z9"),
    ],
)
def test_what_cannot_be_a_price_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as refused:
        read_own_prices(write(tmp_path, text), make_book())
    assert "CAIRN_PRICES=" in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: .*Correct the path"):
        read_own_prices(tmp_path / "none.yaml", make_book())
