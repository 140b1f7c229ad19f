"""Whole sentences of a text that arrives in pieces, so that each can be checked before anybody sees it.

A sentence is whole only when what follows shows it: "40" may still become "40,000", and "3." a decimal. Where that
stays unclear two sentences are given as one; a sentence is never given as two. What is in code or in quotation marks
stays together, and so do the sentences of a quoted line.
"""

import re
from dataclasses import dataclass, field
from typing import Final

LONGEST: Final = 600
"""Characters after which a sentence without an end is let go at a blank between two plain words."""

_PATIENCE: Final = 4
_TOKEN: Final = re.compile(r"`+|[\"“”„«»‹›「」『』]|\n|[.!?…]+|[。！？｡।؟۔]+")  # noqa: RUF001  # marks of other scripts
_CLOSERS: Final = re.compile(r"[\"”’')\]*_»›」』]*")  # noqa: RUF001  # as above
_CLOSED_BY: Final = {"“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "›": "‹", "「": "」", "『": "』", '"': '"'}  # noqa: RUF001
_OPENS_ANYWHERE: Final = frozenset("“„「『")
WIDE_ENDS: Final = frozenset("。！？｡")  # noqa: RUF001  # these need no blank behind them
_ENDS: Final = frozenset(".!?…。！？｡।؟۔")  # noqa: RUF001  # as above
_BLANKS: Final = re.compile(r"\s*")
# The start of a line that ends what stood before it: an item, a heading, a quoted line, a row, code.
_BLOCK: Final = re.compile(r"[ \t]*(?:[-*+•–]\s|#{1,6}\s|>|&gt;|\||```|\d{1,2}[.)]\s)")  # noqa: RUF001  # a dash
_MAYBE_BLOCK: Final = re.compile(r"[ \t]*(?:[-*+•–]|#{1,6}|&(?:g(?:t;?)?)?|`{1,2}|\d{1,2}[.)]?)?")  # noqa: RUF001
_QUOTED_LINE: Final = re.compile(r"[ \t]*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+)*(?:>|&gt;)")
_ABBREVIATION: Final = re.compile(
    # Of figures only those of days: "on the 3. May" is one sentence, "it scores 88. Then" two.
    r"(?:(?<!\w)[^\W\d]|(?<!\w)(?:0?[1-9]|[12]\d|3[01])|"
    r"\b(?:e\.g|i\.e|u\.s|a\.m|p\.m|z\.b|d\.h|u\.a|o\.ä|p\.ex|etc|vs|cf|approx|appr|ca|"
    r"circa|dept|est|fig|figs|inc|ltd|co|corp|jr|sr|mr|mrs|ms|dr|st|prof|sec|min|max|avg|no|nos|nr|num|vol|ver|pp|"
    r"incl|excl|resp|evtl|ggf|bzw|usw|usf|vgl|inkl|exkl|mio|mrd|tsd|mln|bn|env|ej|art|abs|"
    r"jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|okt|nov|dec|dez))\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION: Final = 12
# Around a blank at which a text without an end may be cut: nothing of a figure, a currency or a name.
_PLAIN_CUT: Final = re.compile(r"(?<=[a-zà-ž]{2}[,;:])[ ](?=[a-zà-ž]{2})|(?<=[^\W\d_]{3})[ ](?=[^\W\d_]{3})")
_NUMBER_WORD: Final = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w*ty|hundred|half|quarter|"
    r"thousand|tsd|tausend|mille|mil|mio|mln|mi?lli\w+|bi?lli\w+|mrd|dozen|lakh|crore|percent|per|cent|prozent|pour|"
    r"por|usd|eur|euros?|gbp|chf|jpy|inr|dollars?|bucks|pounds?|about|and)s?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Open:
    """What has begun in the sentence and not ended: a fence of code, code in a line, or a quote."""

    kind: str = ""
    since: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)

    def begin(self, kind: str, at: int) -> None:
        self.kind, self.since = kind, at

    def end(self, at: int) -> None:
        self.spans.append((self.since, at))
        self.kind = ""

    def holds(self, at: int) -> bool:
        return bool(self.kind and at >= self.since) or any(start <= at < end for start, end in self.spans)


class Sentences:
    """Takes a text piece by piece and gives its whole sentences; together with the rest they are the text."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._open = _Open()
        self._begins_line = True

    def feed(self, text: str) -> list[str]:
        """Take the next piece; return the sentences that are whole now, each with the blanks behind it."""
        self._text += text
        found: list[str] = []
        while (end := self._next_end()) is not None:
            found.append(self._taken(end))
        return found

    def rest(self) -> str:
        """Return what is left once the text is over; nothing is left behind."""
        return self._taken(len(self._text))

    def _taken(self, end: int) -> str:
        sentence, self._text = self._text[:end], self._text[end:]
        # Code may be let go in parts; it stays code.
        is_code = self._open.kind == "```" and bool(self._text)
        self._open = _Open("```") if is_code else _Open()
        self._at = 0
        self._begins_line = sentence.endswith("\n") or (self._begins_line and not sentence)
        return sentence

    def _next_end(self) -> int | None:
        """Return where the first sentence ends, or None where that cannot be told yet."""
        for token in _TOKEN.finditer(self._text, self._at):
            if token.end() == len(self._text):
                break
            verdict = self._judged(token)
            if verdict is None:
                break
            self._at = token.end()
            if verdict:
                return verdict if verdict <= LONGEST else self._cut() or verdict
        return self._cut() if len(self._text) > LONGEST + _LONGEST_ABBREVIATION else None

    def _judged(self, token: re.Match[str]) -> int | None:
        """Return where a sentence ends at this mark, 0 where none does, None where what follows must show it."""
        mark = token.group()
        if mark[0] == "`":
            return self._at_backticks(token)
        if self._open.kind == "```":
            return 0
        if mark == "\n":
            return self._at_line_end(token)
        if self._open.kind == "`":
            return 0
        if mark in _CLOSED_BY or mark == "”":
            return self._at_quote(token)
        return 0 if self._open.kind else self._at_end_mark(token.start(), token.end())

    def _at_backticks(self, token: re.Match[str]) -> int:
        mark = token.group()
        if len(mark) >= 3 and self._is_line_start(token.start()):
            if self._open.kind == "```":
                self._open.end(token.end())
            else:
                self._open.begin("```", token.start())
        elif self._open.kind == "`":
            self._open.end(token.end())
        elif not self._open.kind:
            self._open.begin("`", token.start())
        return 0

    def _at_quote(self, token: re.Match[str]) -> int | None:
        mark, at = token.group(), token.start()
        if self._open.kind:
            if mark not in _CLOSED_BY[self._open.kind]:
                return 0
            is_end = self._text[at - 1] in _ENDS
            if not is_end:
                self._open.end(token.end())
                return 0
            end = self._at_end_mark(at, token.end())
            if end is not None:
                self._open.end(token.end())
            return end
        is_after_blank = at == 0 or self._text[at - 1].isspace() or self._text[at - 1] in "([*_—-–/:"  # noqa: RUF001
        follows = self._text[token.end()]
        if mark in _OPENS_ANYWHERE or (mark in _CLOSED_BY and is_after_blank and not follows.isspace()):
            self._open.begin(mark, at)
        return 0

    def _at_line_end(self, token: re.Match[str]) -> int | None:
        blanks = _BLANKS.match(self._text, token.end())
        end = blanks.end() if blanks else token.end()
        if end == len(self._text):
            return None
        line = self._text.rfind("\n", token.end(), end) + 1 or token.end()
        is_paragraph = line > token.end()
        is_block = _BLOCK.match(self._text, line)
        if not is_block and len(self._text) - line < 6 and _MAYBE_BLOCK.fullmatch(self._text, line):
            return None
        if self._open.kind == "`" or (self._open.kind and (is_paragraph or is_block)):
            self._open.end(token.end())
        if self._open.kind:
            return 0
        if is_block or is_paragraph:
            return line if is_block else end
        before, after = self._text[: token.start()].rstrip()[-1:], self._text[end]
        is_figure = before.isdigit() or before in "$€£¥₹,.-–~/"  # noqa: RUF001  # a dash
        ends_here = before in _ENDS and not _abbreviates(self._text, token.start())
        goes_on = after.islower() or (not after.isalnum() and after not in '*_`(<["“„«「:')
        return 0 if not ends_here and (is_figure or goes_on) else end

    def _at_end_mark(self, start: int, end: int) -> int | None:
        """Return where the sentence ends after the mark or the closed quote at [start, end)."""
        closers = _CLOSERS.match(self._text, end)
        closed = closers.end() if closers else end
        blanks = _BLANKS.match(self._text, closed)
        begin = blanks.end() if blanks else closed
        if begin == len(self._text):
            return None
        last = self._text[start] if self._text[start] in _ENDS else self._text[start - 1]
        if last in WIDE_ENDS and not self._is_quoted_line(start):
            return begin
        is_ellipsis = last == "…" or self._text[start:end].endswith("..")
        # At a line's end that decides, which knows what begins behind it.
        if begin == closed or is_ellipsis or "\n" in self._text[closed:begin] or self._is_quoted_line(start):
            return 0
        follows = self._text[begin]
        is_single = end - start == 1 and self._text[start] == "."
        if follows.islower() or follows.isdigit() or (is_single and _abbreviates(self._text, end)):
            return 0
        return begin

    def _is_line_start(self, at: int) -> bool:
        line = self._text.rfind("\n", 0, at) + 1
        return not self._text[line:at].strip() and (line > 0 or self._begins_line)

    def _is_quoted_line(self, at: int) -> bool:
        line = self._text.rfind("\n", 0, at) + 1
        return (line > 0 or self._begins_line) and _QUOTED_LINE.match(self._text, line) is not None

    def _cut(self) -> int | None:
        """Return where to let go of a text that has no end for long, if there is such a place."""
        if self._open.kind == "```":
            return self._text.rfind("\n", 0, LONGEST) + 1 or None
        must = len(self._text) > _PATIENCE * LONGEST
        places = [each.end() for each in _PLAIN_CUT.finditer(self._text, 0, LONGEST)]
        for at in reversed(places):
            around = self._text[:at].split()[-1], self._text[at : at + 40].split()[0]
            is_figure = any(_NUMBER_WORD.fullmatch(word.strip(",;:.")) for word in around)
            if not is_figure and (must or not (self._open.holds(at) or self._is_quoted_line(at))):
                return at
        return None


def _abbreviates(text: str, end: int) -> bool:
    return _ABBREVIATION.search(text, max(0, end - _LONGEST_ABBREVIATION), end) is not None
