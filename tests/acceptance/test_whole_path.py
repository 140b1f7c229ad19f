"""The whole path in a browser: talked to a verdict, shown the costs, an approved run watched, answers with quotes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.conftest import Cairn

pytestmark = pytest.mark.acceptance

CHANNEL = "ml-costs"
# A laptop's two cores embed the handbook of 246 documents in one to three minutes.
RUN_MS = 360_000
CARD_MS = 30_000


class Person:
    """Somebody at the page, with one thread open."""

    def __init__(
        self, browser: Browser, url: str, name: str, *, at: str = "", width: int = 1280, height: int = 1000
    ) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/?as={name}{at}")
        self.thread = self.page.get_by_test_id("thread-pane")

    def write(self, text: str) -> None:
        """Start a thread in the channel and open it when it is answered."""
        self.page.get_by_test_id(f"channel-{CHANNEL}").click()
        self.page.get_by_test_id("composer").fill(text)
        self.page.get_by_test_id("composer").press("Enter")
        self.open_thread()

    def open_thread(self) -> None:
        """Open the channel's newest thread."""
        self.page.get_by_test_id(f"channel-{CHANNEL}").click()
        self.page.get_by_test_id("thread-summary").last.click(timeout=CARD_MS)

    def reply(self, text: str) -> None:
        """Write in the open thread."""
        self.page.get_by_test_id("thread-composer").fill(text)
        self.page.get_by_test_id("thread-composer").press("Enter")

    def press(self, button: str) -> None:
        """Press the newest button of that name in the open thread."""
        self.thread.get_by_role("button", name=button, exact=True).last.click(timeout=CARD_MS)

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """Return the newest message of the thread that says `text`, once it is there."""
        found = self.thread.get_by_test_id("message").filter(has_text=text).last
        expect(found).to_be_visible(timeout=CARD_MS)
        return found

    def shoot(self, folder: Path, name: str) -> None:
        """Leave a screenshot."""
        self.page.screenshot(path=folder / f"{name}.png")


@pytest.fixture
def alice(browser: Browser, cairn: Cairn) -> Iterator[Person]:
    """The person who asks."""
    person = Person(browser, cairn.url, "alice")
    yield person
    person.page.close()


@pytest.fixture
def bob(browser: Browser, cairn: Cairn) -> Iterator[Person]:
    """The person who may approve."""
    person = Person(browser, cairn.url, "bob")
    yield person
    person.page.close()


@pytest.mark.timeout(900)
def test_from_a_question_to_a_verified_quote(  # noqa: PLR0917 - fixtures come by name
    alice: Person, bob: Person, browser: Browser, cairn: Cairn, documents: Path, screenshots: Path
) -> None:
    _talk_to_a_verdict(alice, screenshots)
    _compare_costs(alice, screenshots)
    _propose(alice, screenshots)
    bob.open_thread()
    _approve_and_watch(bob, alice, screenshots)
    _ask(alice, browser, documents, screenshots)
    _export(alice)
    alice.shoot(screenshots, "09-thread")
    phone = Person(browser, cairn.url, "alice", at=f"#{alice.page.url.partition('#')[2]}", width=390, height=844)
    phone.message("every quote was checked").scroll_into_view_if_needed()
    phone.shoot(screenshots, "10-phone")
    phone.page.close()
    assert alice.errors + bob.errors + phone.errors == []


def _talk_to_a_verdict(alice: Person, screenshots: Path) -> None:
    alice.shoot(screenshots, "01-welcome")
    alice.write("@cairn should we fine-tune?")
    alice.message("What goes wrong today?")
    alice.thread.get_by_label("It lacks our knowledge").check()
    alice.press("Submit")
    alice.message("How much text")
    alice.press("Why do you ask?")
    alice.message("O1")
    alice.press("More than 200K tokens")
    verdict = alice.message(re.compile("Verdict: .*RAG"))
    expect(verdict).to_contain_text("high confidence")
    alice.shoot(screenshots, "02-verdict")


def _compare_costs(alice: Person, screenshots: Path) -> None:
    alice.press("Compare costs")
    alice.message("How many requests")
    alice.reply("2M a month")
    alice.message("How large is one request")
    alice.reply("800 / 200 / 300")
    costs = alice.message(re.compile("Claude Sonnet|claude-sonnet"))
    expect(costs.get_by_role("table")).to_be_visible(timeout=CARD_MS)
    chart = costs.locator("img").last
    expect(chart).to_have_attribute("alt", re.compile("requests"), timeout=CARD_MS)
    assert chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    alice.shoot(screenshots, "03-costs")


def _propose(alice: Person, screenshots: Path) -> None:
    alice.press("Index documents")
    modal = alice.page.get_by_test_id("modal")
    modal.get_by_label("Name").fill("Handbook!")
    alice.page.get_by_test_id("modal-submit").click()
    expect(modal).to_contain_text("cannot be a name")
    modal.get_by_label("Name").fill("handbook")
    alice.shoot(screenshots, "04-modal")
    alice.page.get_by_test_id("modal-submit").click()
    alice.message("Index handbook?")
    alice.press("Approve")
    alice.page.get_by_test_id("confirm-yes").click()
    alice.message(re.compile("may not approve .*takes the role approver.*Ask one of the approvers"))


def _approve_and_watch(bob: Person, alice: Person, screenshots: Path) -> None:
    bob.message("Index handbook?")
    bob.shoot(screenshots, "05-proposal")
    bob.press("Approve")
    bob.page.get_by_test_id("confirm-yes").click()
    running = alice.message("Index handbook")
    expect(running).to_contain_text(re.compile(r"\d+ of \d+ documents"), timeout=CARD_MS)
    alice.shoot(screenshots, "06-running")
    expect(alice.message("Index handbook")).to_contain_text("· done", timeout=RUN_MS)
    alice.shoot(screenshots, "07-done")


def _ask(alice: Person, browser: Browser, documents: Path, screenshots: Path) -> None:
    is_sample = (documents / "working-here.md").exists()
    question = "How many days of paid leave a year?" if is_sample else "How much sick leave do employees accrue?"
    alice.reply(f"ask {question}")
    answer = alice.message("every quote was checked")
    link = answer.get_by_role("link").first
    expect(link).to_be_visible()
    alice.shoot(screenshots, "08-answer")
    quote = " ".join(answer.locator("blockquote, .quote").first.inner_text().split())
    address = link.get_attribute("href")
    assert address is not None
    document = browser.new_page()
    document.goto(address)
    marked = " ".join(document.locator("mark").inner_text().split())
    document.screenshot(path=screenshots / "08-document.png")
    document.close()
    assert quote[:40] in marked or marked[:40] in quote
    alice.reply("ask Who won the 1998 football world cup?")
    alice.message("found nothing there that answers this")


def _export(alice: Person) -> None:
    alice.press("Export")
    alice.message("Decision record")
