"""Words that a model quotes are found where a person wrote them, and nowhere else."""

import pytest

from agents.conversation.state import Message, Turn
from agents.conversation.tools.said import said_in, where_said
from agents.conversation.tools.stated_figures import has_foreign_figures

ANA, BOB = "U0ANA", "U0BOB"
TURN: Turn = {
    "id": "E9",
    "team_id": "T1",
    "conversation_id": "c",
    "channel": "C1",
    "thread_ts": "1.1",
    "who": BOB,
    "text": "And it's also too slow.",
    "source": "ts-E9",
    "calls": [],
}


def wrote(key: str, text: str, who: str = ANA) -> Message:
    return {"id": key, "role": "human", "text": text, "who": who, "source": f"ts-{key}"}


def source_of(quote: str, *history: Message) -> str | None:
    found = where_said(quote, said_in(history, TURN))
    return found.source if found is not None else None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("40k tickets a day", "We answer 40k tickets a day."),
        ("the bill hurts", "and  The bill\nHURTS"),
        ("don't measure", "we don\N{RIGHT SINGLE QUOTATION MARK}t measure"),
        ("R&D budget", "our R&amp;D budget is fixed"),
        ("<10k tokens", "it is &lt;10k tokens"),
        ("“too slow”.", "it is too slow"),
        ("20-30k", "20\N{EN DASH}30k a day"),
        ("每天四万", "我们每天四万个请求"),
        ("ja", "Ja."),
    ],
)
def test_a_quote_is_found_whatever_its_blanks_case_and_signs(quote: str, text: str) -> None:
    assert source_of(quote, wrote("E1", text)) == "ts-E1"


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("no", "I know what I want"),
        ("20k", "it is 120k a day"),
        ("20", "it is 20.5k a day"),
        ("5k", "it is 20.5k a day"),
        ("40k tickets per day", "We answer 40k tickets a day."),
        ("too slow too expensive", "too slow"),
        ("", "anything"),
        ("...", "anything..."),
        ("\ue000", "> somebody\nelse"),
    ],
)
def test_a_quote_that_nobody_wrote_is_not_found(quote: str, text: str) -> None:
    assert source_of(quote, wrote("E1", text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "look at this:\n> we do 9M requests a day\nwhat now?",
        "look at this:\n&gt; we do 9M requests a day",
        "&gt;&gt;&gt; from the mail\nwe do 9M requests a day",
    ],
)
def test_a_quoted_line_is_nobodys_words(text: str) -> None:
    assert source_of("we do 9M requests a day", wrote("E1", text)) is None


def test_a_quote_does_not_reach_across_a_quoted_line() -> None:
    assert source_of("it is too slow", wrote("E1", "it is\n> quoted\ntoo slow")) is None


def test_the_newest_of_several_messages_is_the_one_that_is_meant() -> None:
    history = [wrote("E1", "too expensive"), wrote("E2", "yes, too expensive", BOB), wrote("E3", "ok")]

    found = where_said("too expensive", said_in(history, TURN))

    assert found is not None
    assert (found.who, found.source, found.followed_by) == (BOB, "ts-E2", frozenset({"ts-E3"}))


def test_neither_cairn_nor_code_nor_a_press_is_quoted() -> None:
    history: list[Message] = [
        {"id": "digest:4", "role": "human", "text": "What people wrote: 9M a day"},
        wrote("E1", "Requests per day: 9M a day"),
        {"id": "E1:press", "role": "assistant", "text": "", "calls": []},
        {"id": "E1:0", "role": "assistant", "text": "9M a day, then", "by": "claude"},
        {"id": "E1:0:0:result", "role": "tool", "text": "9M a day", "call_id": "E1:0:0"},
    ]

    assert source_of("9M a day", *history) is None


def test_the_message_in_hand_is_the_newest_and_has_the_turns_source() -> None:
    found = where_said("too slow", said_in([wrote("E1", "hello"), {**wrote("E9", TURN["text"], BOB)}], TURN))

    assert found is not None
    assert found.is_newest
    assert found.source == "ts-E9"


def test_a_message_of_an_older_version_is_named_by_its_event() -> None:
    old: Message = {"id": "E1", "role": "human", "text": "too slow", "who": ANA}

    assert source_of("too slow", old) == "E1"


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("40k a day", "40k tickets a day"),
        ("40000 a day", "40.000 Tickets am Tag"),
        ("1.2M a month", "1,2 Mio pro Monat"),
        ("78 / 87", "we score 78 now and need 87"),
        ("78 / 87", "0.78, should be 0.87"),
        ("800 / 200 / 300", "800 200 300"),
        ("20 000", "20 000 requests"),
        ("500000 tokens", "half a million tokens"),
        ("golden", "we have a test set of 200"),
        ("40000", "vierzigtausend am Tag"),
        ("1 x H100", "one H100"),
        ("2", "double at peak"),
        ("40000", "quarante mille par jour"),
        ("40000", "每天四万"),
        ("40000", "٤٠٠٠٠ طلب"),
        ("0", "we have no labelled data"),
    ],
)
def test_the_figures_of_a_value_stand_in_its_quote(value: str, quote: str) -> None:
    assert not has_foreign_figures(value, quote)


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("50k a day", "40k tickets a day"),
        ("40k a day, 3x at peak", "40k tickets a day"),
        ("9 pp", "78 now, 87 needed"),
        ("1300 a day", "40k a month"),
        ("7000000 a day", "a lot of traffic"),
        ("7000000 a day", "hello"),
        ("7000 ms", "this one is a trend in the medium term"),
        ("7000 ms", "due to sein military once tenant"),
    ],
)
def test_a_figure_that_was_worked_out_or_made_up_is_found(value: str, quote: str) -> None:
    assert has_foreign_figures(value, quote)
