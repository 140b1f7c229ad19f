"""Prices as people type them: read where they can only mean one thing, else refused with what is wrong."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.costs.inputs import GpuInput, ModelRatesInput
from agents.costs.prices.book import ModelPrice, Rates
from agents.costs.prices.typed import PriceTypoError, completed, price_text, read_price, stored
from tests.integration.prices.shelf import SHIPPED_ON, make_gpu, make_model


@pytest.mark.parametrize(
    ("text", "name", "tokens_in", "tokens_out"),
    [
        ("claude-sonnet-5-5 in=1.80 out=9", "claude-sonnet-5-5", "1.8", "9"),
        ("  house   model  IN=$2/M  out=10USD/Mtok ", "house model", "2", "10"),
        ("x input=0,10 output=,5", "x", "0.1", "0.5"),
        ("x i=1,250.50 o=0", "x", "1250.5", "0"),
        ("meta-llama/Llama-3.1:8b in=.02 out=.02", "meta-llama/Llama-3.1:8b", "0.02", "0.02"),
    ],
)
def test_a_models_price_is_read_as_people_write_it(text: str, name: str, tokens_in: str, tokens_out: str) -> None:
    read, price = read_price(text)
    assert isinstance(price, ModelRatesInput)
    assert (read, price.i, price.o) == (name, Decimal(tokens_in), Decimal(tokens_out))


def test_every_part_of_a_models_price_can_be_typed() -> None:
    _, price = read_price("x in=2 out=10 cache_read=0.2 cache_write=2.5 tier=200000 in_long=4 out_long=15")
    assert price == ModelRatesInput(
        i=Decimal(2),
        o=Decimal(10),
        cr=Decimal("0.2"),
        cw=Decimal("2.5"),
        tier=200_000,
        i_hi=Decimal(4),
        o_hi=Decimal(15),
    )


def test_a_gpus_price_is_read_with_its_range_and_its_size() -> None:
    name, price = read_price("B200 NVL hour=$5.10/h low=4 high=6 memory_gb=192 tflops=2250 gb_per_s=8000")
    assert name == "B200 NVL"
    assert isinstance(price, GpuInput)
    assert (price.usd, price.lo, price.hi) == (Decimal("5.1"), Decimal(4), Decimal(6))
    assert (price.mem, price.flops, price.bw) == (192e9, 2250e12, 8e12)
    _, gib = read_price("A100 hour=1 memory_gib=80")
    assert isinstance(gib, GpuInput)
    assert gib.mem == 80 * 2**30


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Name a model or a GPU."),
        ("in=2 out=3", "Name a model or a GPU."),
        ("x", "No price is given for 'x'."),
        ("<!channel> in=2 out=3", "cannot be the name"),
        (f"{'x' * 81} in=2 out=3", "cannot be the name"),
        ("x in=2", "out is missing"),
        ("x out=2", "in is missing"),
        ("x cache_read=2", "in and out is missing"),
        ("x in=2 out=3 price=4", "A price has no 'price'."),
        ("x in=2 hour=3", "'in' belongs to a model and 'hour' to a GPU"),
        ("x in=2 in=3 out=4", "'in' is given twice."),
        ("x in=2 USD out=3", "'USD' cannot be read"),
        ("x in= out=3", "'in=' cannot be read"),
        ("x in=0 out=3", "in=0 cannot be a price"),
        ("x in=-2 out=3", "in=-2 is no amount above zero"),
        ("x in=free out=3", "in=free is no amount above zero"),
        ("x in=nan out=3", "in=nan is no amount"),
        ("x in=inf out=3", "in=inf is no amount"),
        ("x in=1e9 out=3", "in=1e9 is in another unit"),
        ("x in=2 out=99999", "between 0.0001 and 10,000"),
        ("x in=0.000002 out=0.00001", "Per token it would be a millionth of that."),
        ("x in=2/1k out=3", "in=2/1k is in another unit: give USD per million tokens."),
        ("x in=2EUR out=3", "in=2EUR is in another unit"),
        ("x in=2/h out=3", "is in another unit"),
        ("x in=2,500 out=3", "in=2,500 can be read in two ways"),
        ("x in=1.2.3 out=3", "can be read in two ways"),
        ("x in=2 out=3 cache_read=4", "cache_read=4 is above in=2"),
        ("x in=2 out=3 tier=1000", "belong together"),
        ("x in=2 out=3 tier=0 in_long=3 out_long=4", "tier=0 cannot be"),
        ("x in=2 out=3 tier=1.5 in_long=3 out_long=4", "tier=1.5 cannot be"),
        ("g hour=0", "hour=0 cannot be a price"),
        ("g hour=-1", "hour=-1 is no amount above zero"),
        ("g hour=2900/month", "is in another unit: give USD per GPU hour."),
        ("g hour=2900", "A month has 730 hours."),
        ("g low=1", "The price of an hour is missing."),
        ("g hour=2 low=3", "low=3 is above hour=2."),
        ("g hour=2 high=1", "high=1 is below hour=2."),
        ("g hour=2 memory_gb=0", "memory_gb=0 cannot be"),
        ("g hour=2 tflops=1e12", "is in another unit"),
    ],
)
def test_what_cannot_be_meant_says_what_is_wrong_with_which_part(text: str, reason: str) -> None:
    with pytest.raises(PriceTypoError) as refused:
        read_price(text)
    assert reason in refused.value.reason
    if refused.value.key is not None:
        assert refused.value.reason.startswith(refused.value.key)


@given(text=st.text(max_size=60))
@example("x in=² out=3")
@example("x in=٣ out=3")
@example("x hour=1\x00")
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    try:
        read_price(text)
    except PriceTypoError as refused:
        assert refused.reason  # noqa: PT017  # either outcome is right


amounts = st.decimals(min_value="0.0001", max_value="10000", places=4)


@given(tokens_in=amounts, tokens_out=amounts)
def test_what_is_stored_is_what_was_typed(tokens_in: Decimal, tokens_out: Decimal) -> None:
    _, price = read_price(f"x in={tokens_in:f} out={tokens_out:f}")
    assert ModelRatesInput.model_validate(stored(price)) == price


def test_what_was_not_typed_keeps_the_lists_share() -> None:
    listed = Rates(Decimal(2), Decimal(10), Decimal("0.2"), Decimal("2.5"))
    long = Rates(Decimal(4), Decimal(15), Decimal("0.4"), Decimal(5))
    known = ModelPrice("x", "anthropic", listed, "s", SHIPPED_ON, tier_tokens=200_000, long_standard=long)
    _, typed = read_price("x in=1 out=4")
    assert isinstance(typed, ModelRatesInput)
    filled, remarks = completed(typed, known)
    assert (filled.cr, filled.cw) == (Decimal("0.1"), Decimal("1.25"))
    assert (filled.tier, filled.i_hi, filled.o_hi) == (200_000, Decimal(2), Decimal(6))
    assert remarks == ("cache_read=0.1", "cache_write=1.25", "tier=200000 in_long=2 out_long=6")
    assert completed(typed, None) == (typed, ())


def test_a_price_reads_with_its_unit() -> None:
    assert price_text(make_gpu("g", "4")) == "$4.00 ($2.00 to $8.00) per GPU hour"
    assert price_text(make_model("m", "0.075", "0.5")) == "in $0.075, out $0.50, cache read $0.0075 per M tokens"
