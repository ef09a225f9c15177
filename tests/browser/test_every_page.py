"""What holds on every page: it fits a phone, can be read aloud and walked by keyboard, and is dark where asked."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.demo import cast
from tests.browser.conftest import LOCALES, Opens
from tests.browser.portal import Portal
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SMALL_PHONE = {"width": 360, "height": 740}

PUBLIC = [
    "/",
    "/sign-in",
    "/forgotten-password",
    "/my/sign-in",
    "/verify/",
    "/verify/LEB-2026-0000001",
    "/nothing-here",
]

AGENT = [
    "/agent/",
    "/agent/cards/",
    "/agent/cards/?q=nobody",
    "/agent/cards/ ./agent/cards/",
    "/agent/cards/ ./agent/cards/ renew",
    "/agent/cards/new",
    "/agent/customers/",
    "/agent/customers/ ./agent/customers/",
    "/agent/customers/ ./agent/customers/ edit",
    "/agent/renewals/",
    "/agent/renewals/ ./agent/renewals/",
    "/agent/wallet",
    "/agent/wallet/top-up",
    "/agent/wallet/low-balance",
    "/agent/wallet/automatic?currency=CNY",
    "/agent/earnings",
    "/agent/terms",
    "/agent/payouts/",
    "/agent/payouts/account?currency=CNY",
    "/agent/clerks/",
    "/password",
    "/admin/",
]
"""`list .start` is the page of the first link in the list that starts so; a word behind goes below it."""

ADMIN = [
    "/admin/",
    "/admin/transactions",
    "/admin/transactions ./admin/transactions/",
    "/admin/transactions?amount_from=x",
    "/admin/ledger",
    "/admin/ledger ./admin/ledger/",
    "/admin/agents/",
    "/admin/agents/new",
    "/admin/agents/ ./admin/agents/",
    "/admin/agents/ ./admin/agents/ edit",
    "/admin/agents/ ./admin/agents/ terms",
    "/admin/agents/ ./admin/agents/ terms/CNY",
    "/admin/agents/ ./admin/agents/ terms/CNY/rules/import",
    "/admin/payments/",
    "/admin/payments/methods",
    "/admin/payments/accounts/stripe",
    "/admin/refunds/",
    "/admin/disputes/",
    "/admin/payouts/",
    "/admin/payouts/conditions?currency=CNY",
    "/admin/payouts/statements",
    "/admin/reconciliation/",
    "/admin/reconciliation/bank",
    "/admin/promotions/",
    "/admin/promotions/new",
    "/admin/catalogue/",
    "/admin/catalogue/JP-10G-30D",
    "/admin/catalogue/JP-10G-30D/edit",
    "/admin/catalogue/import",
    "/admin/wallets/top-up",
    "/admin/exports/",
    "/admin/jobs",
    "/admin/audit",
    "/admin/mails",
    "/admin/mails ./admin/mails/",
    "/admin/users/",
    "/admin/users/ ./admin/users/",
]

CUSTOMER = ["/my/", "/my/ ./my/cards/", "/my/ ./my/cards/ renew?region=JP"]

LOOK = """
() => {
  const shown = (element) => element.checkVisibility();
  const named = (control) => control.labels?.length || control.ariaLabel || control.getAttribute("aria-labelledby")
    || control.title;
  const controls = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(shown);
  const pressed = [...document.querySelectorAll("a[href], button, summary")].filter(shown);
  const places = [...document.querySelectorAll(".place span")].map((word) => word.getBoundingClientRect());
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return {
    sideways: document.scrollingElement.scrollWidth - innerWidth,
    headings: document.querySelectorAll("h1").length,
    language: document.documentElement.lang,
    title: document.title,
    nameless: controls.filter((control) => !named(control)).map((control) => control.outerHTML),
    wordless: pressed.filter((one) => !one.textContent.trim() && !one.ariaLabel).map((one) => one.outerHTML),
    crowded: places.some((one, place) => place && one.left < places[place - 1].right && one.right > 0),
    twice: ids.filter((id, place) => ids.indexOf(id) !== place),
    pictures: [...document.querySelectorAll("img:not([alt])")].map((picture) => picture.outerHTML),
  };
}
"""


def addresses(window: Visitor, listed: list[str]) -> list[str]:
    """Turn a list of pages into addresses, looking up the ones that are found by a link."""
    found = []
    links: dict[str, list[str]] = {}
    for one in listed:
        place, _, rest = one.partition(" .")
        start, _, below = rest.partition(" ")
        if start:
            if place not in links:
                window.go(place)
                links[place] = window.page.locator("main a").evaluate_all(
                    "(links) => links.map((link) => link.getAttribute('href'))"
                )
            link = next(link for link in links[place] if re.fullmatch(rf"{start}(?!new$)[^/?#]+", link or ""))
            place = f"{link}/{below}" if below else link
        found.append(place)
    return found


def faults_of(seen: dict[str, Any], language: str) -> list[str]:
    """Name what is wrong with a page."""
    wanted = {"en": "en", "zh": "zh-Hans"}[language]
    said = {
        f"{seen['sideways']} px wider than the phone": seen["sideways"] > 0,
        f"{seen['headings']} main headings": seen["headings"] != 1,
        f"written in {seen['language']}": seen["language"] != wanted,
        "no title": len(seen["title"]) < 8,
        f"controls without a name: {seen['nameless']}": seen["nameless"],
        f"buttons without words: {seen['wordless']}": seen["wordless"],
        "places that overlap in the head": seen["crowded"],
        f"ids used twice: {seen['twice']}": seen["twice"],
        f"pictures without words: {seen['pictures']}": seen["pictures"],
    }
    return [words for words, is_so in said.items() if is_so]


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize("audience", ["public", "agent", "admin", "customer"])
def test_every_page_fits_a_small_phone_and_can_be_read_aloud(
    portal: Portal, visitor: Opens, audience: str, language: str
) -> None:
    window = visitor(language, viewport=SMALL_PHONE, color_scheme="dark")
    match audience:
        case "agent":
            window.sign_in(cast.ALICE)
        case "admin":
            window.sign_in(cast.DANA)
        case "customer":
            window.enter(cast.CAROL, code_for=portal.code_for)
    listed = {"public": PUBLIC, "agent": AGENT, "admin": ADMIN, "customer": CUSTOMER}[audience]

    faults = {}
    for address in addresses(window, listed):
        window.go(address)
        if found := faults_of(window.page.evaluate(LOOK), language):
            faults[address] = found

    assert faults == {}


def test_focus_is_seen_wherever_the_tab_key_leads(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    alice.go("/agent/cards/new")
    unseen = []

    for _press in range(25):
        alice.page.keyboard.press("Tab")
        unseen += alice.page.evaluate(
            """() => {
              const one = document.activeElement;
              const style = getComputedStyle(one);
              const isSeen = style.outlineStyle !== "none" || style.boxShadow !== "none";
              return one === document.body || isSeen ? [] : [one.outerHTML];
            }"""
        )

    assert unseen == []


def test_a_slash_leads_to_the_search_and_escape_closes_the_menu(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    alice.go("/agent/renewals/")

    alice.page.keyboard.press("/")
    expect(alice.page.locator("main [data-search]")).to_be_focused()
    alice.page.locator(".menu summary").click()
    expect(alice.page.locator(".menu-list")).to_be_visible()
    alice.page.keyboard.press("Escape")
    expect(alice.page.locator(".menu-list")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_has_the_colours_of_the_system_from_the_first_paint(visitor: Opens, scheme: str) -> None:
    window = visitor(color_scheme=scheme)

    # Only the head has been read when the body begins: what is set by then is there before anything is painted.
    window.context.add_init_script(
        """new MutationObserver((_, watch) => {
          if (!document.body) return;
          watch.disconnect();
          window.atTheFirstPaint = document.documentElement.dataset.bsTheme;
        }).observe(document, { childList: true, subtree: true });"""
    )
    window.go("/sign-in")

    assert window.page.evaluate("window.atTheFirstPaint") == scheme
    assert window.page.locator("meta[name=color-scheme]").get_attribute("content") == "light dark"
    assert _is_dark(window.page) == (scheme == "dark")


def test_the_language_is_switched_on_the_spot_and_remembered(visitor: Opens) -> None:
    window = visitor("en")
    window.go("/verify/")

    window.page.locator("a.language").click()
    window.page.wait_for_url(re.compile("/verify/$"))
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    window.go("/sign-in")

    expect(window.page.locator("html")).to_have_attribute("lang", "zh-Hans")


def _is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128
