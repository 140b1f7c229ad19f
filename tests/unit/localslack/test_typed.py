"""What a person types, as Slack stores it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localslack.typed import escaped, stored_text

USERS = {"cairn": "UCAIRN0BOT", "bob": "UBOB000001", "j.doe": "UJDOE00001", "approvers": "S0APPROVE"}
CHANNELS = {"general": "CGENERAL01"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@cairn help", "<@UCAIRN0BOT> help"),
        ("@Cairn, hello", "<@UCAIRN0BOT>, hello"),
        ("ask @bob.", "ask <@UBOB000001>."),
        ("@approvers, please", "<!subteam^S0APPROVE>, please"),
        ("<!subteam^S0APPROVE> please", "<!subteam^S0APPROVE> please"),
        ("<!subteam^x>", "&lt;!subteam^x&gt;"),
        ("ask @j.doe.", "ask <@UJDOE00001>."),
        ("<@UCAIRN0BOT> help", "<@UCAIRN0BOT> help"),
        ("mail a@cairn.org", "mail a@cairn.org"),
        ("@nobody", "@nobody"),
        ("see #general and #none", "see <#CGENERAL01> and #none"),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("<script>", "&lt;script&gt;"),
        ("read https://a.b/c?d=1&e=2.", "read <https://a.b/c?d=1&amp;e=2>."),
        ("(https://a.b/c)", "(<https://a.b/c>)"),
        ("&amp;", "&amp;amp;"),
        ("", ""),
    ],
)
def test_typed_text_is_stored_as_slack_stores_it(typed: str, stored: str) -> None:
    assert stored_text(typed, USERS, CHANNELS) == stored


@given(st.text(alphabet=st.characters(exclude_characters="@#<:")))
def test_text_without_marks_is_only_escaped(typed: str) -> None:
    assert stored_text(typed, USERS, CHANNELS) == escaped(typed)


@given(st.text())
def test_nothing_typed_can_bring_a_mark_of_its_own(typed: str) -> None:
    stored = stored_text(typed, {}, {})
    assert stored.count("<") == stored.count(">")
