"""The answer of an index: quotes, each with where it stands; or, politely, that nothing there answers."""

from collections.abc import Sequence

from agents.dialogue.claims import without_secrets
from agents.knowledge.answers import Answer, Passage
from agents.knowledge.citations import Citation
from bot.blocks.elements import context, cut, escaped, link, message, person, section
from bot.blocks.message import Block, Message

_QUOTE = 900
_PASSAGES_SHOWN = 3


def answer_message(index: str, question: str, asked_by: str, answer: Answer) -> Message:
    """Return an answer with its citations; keys that stand in documents are not for a channel."""
    asked = f"*{escaped(cut(question, 500))}*"
    who = f"{person(asked_by)} asked `{escaped(index)}`"
    if answer.abstained or not answer.citations:
        return message(f"{index} does not answer: {question}", _abstained(asked, who, answer.passages))
    blocks = [section(asked)]
    for number, citation in enumerate(answer.citations, 1):
        blocks.append(section(_quoted(citation.quote)))
        blocks.append(context(f"[{number}] {_source(citation, answer.passages)}"))
    more = _others(answer)
    blocks.append(context(f"{who} · every quote was checked against its document", *([more] if more else [])))
    return message(f"{question} {without_secrets(answer.text)}", blocks)


def _abstained(asked: str, who: str, passages: Sequence[Passage]) -> list[Block]:
    blocks = [
        section(asked),
        section("I found nothing there that answers this, so I would rather say so. Try the documents' own words."),
    ]
    if passages:
        near = ", ".join(_named(passage.document, passage.link) for passage in passages[:_PASSAGES_SHOWN])
        blocks.append(context(f"Closest, though not close enough: {near}"))
    return [*blocks, context(who)]


def _quoted(quote: str) -> str:
    """Return the words as a quotation, line by line; a quote that is too long ends in an ellipsis."""
    return "\n".join(f"> {escaped(line)}" for line in cut(without_secrets(quote), _QUOTE).splitlines() if line.strip())


def _source(citation: Citation, passages: Sequence[Passage]) -> str:
    """Return the document, linked where it can be, with heading and page of the passage that holds the quote."""
    parts = [_named(citation.document, citation.link)]
    holder = next(
        (
            each
            for each in passages
            if each.document == citation.document and each.start <= citation.start and citation.end <= each.end
        ),
        None,
    )
    if holder is not None and holder.page is not None:
        parts.append(f"page {holder.page}")
    if holder is not None and holder.heading:
        parts.append(escaped(cut(holder.heading, 120)))
    return " · ".join(parts)


def _others(answer: Answer) -> str:
    """Return the documents that were found as well and are not quoted."""
    quoted = {citation.document for citation in answer.citations}
    others = {passage.document: passage.link for passage in answer.passages if passage.document not in quoted}
    named = [_named(document, address) for document, address in list(others.items())[:_PASSAGES_SHOWN]]
    return f"See also {', '.join(named)}" if named else ""


def _named(document: str, address: str | None) -> str:
    name = cut(document, 120)
    return link(address, name) if address else f"`{escaped(name)}`"
