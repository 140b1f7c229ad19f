"""What a model was told stays with it, however it is cut up; what is said in other words does not count."""

import pytest

from agents.conversation.prompts import instructions, rewrite_request, system_prompt
from agents.dialogue.guard import Guard, Sources, Withheld
from agents.dialogue.instructions import LONGEST_RUN
from agents.dialogue.sentences import Sentences


def checked(text: str) -> list[tuple[str, Withheld | None]]:
    """Return each sentence of a reply with why it is withheld."""
    guard, sentences = Guard(Sources(instructions=instructions())), Sentences()
    return [(each, guard.check(each)) for each in (*sentences.feed(text), sentences.rest())]


def shown_words(text: str) -> int:
    """Return the words of a text that would be shown."""
    return sum(len(sentence.split()) for sentence, withheld in checked(text) if withheld is None)


PROMPT = system_prompt()


def test_the_prompt_is_not_shown_but_for_sentences_too_short_to_tell() -> None:
    assert shown_words(PROMPT) < 0.15 * len(PROMPT.split())


def test_the_prompt_in_lines_of_three_words_is_not_shown_either() -> None:
    words = PROMPT.replace('"', "").split()
    lines = "\n".join(" ".join(words[at : at + 3]) + "." for at in range(0, len(words), 3))

    assert shown_words(lines) < 0.15 * len(words)


def test_neither_capitals_nor_marks_nor_blanks_help() -> None:
    sentence = "You cannot start, approve, pay for, speed up or cancel a run, and you never say that one was started"

    for told in (sentence, sentence.upper(), sentence.replace(" ", " *") + ".", f"«{sentence}»"):
        assert [withheld.kind for _, withheld in checked(told) if withheld] == ["instructions"]


def test_the_request_for_a_rewrite_is_not_shown() -> None:
    assert shown_words(rewrite_request("")) < 0.3 * len(rewrite_request("").split())


@pytest.mark.parametrize(
    "sentence",
    [
        "I cannot start, approve or cancel a run; a person with the role presses Approve.",
        "Whether the prompt was really exhausted decides this.",
        "I work out by rules whether a prompt, retrieval, fine-tuning or distillation fits your task.",
        "Sources are registered names, never a path or an address.",
        "How many requests come in on an average day, and how much busier is the busiest hour?",
        "These instructions are not for the thread, but I can say what I am for.",
    ],
)
def test_what_says_the_same_in_a_sentence_of_its_own_passes(sentence: str) -> None:
    assert [withheld for _, withheld in checked(sentence)] == [None]


def test_a_run_that_chance_may_share_passes() -> None:
    words = PROMPT.split("# What you do with a message")[1].split()

    assert checked(" ".join(words[:LONGEST_RUN]))[0][1] is None
