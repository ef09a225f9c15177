"""What happens around the pay button: impatient fingers, several tabs, new prices, and a carrier that refuses."""

import re

import pytest
from playwright.sync_api import expect

from portal.demo import cast
from tests.browser.conftest import Opens
from tests.browser.portal import Portal
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RENEWAL = re.compile(r"/agent/renewals/[0-9a-f-]{36}$")


def open_card(alice: Visitor, customer: str) -> str:
    """Open the one card of a customer; gives its address."""
    alice.go(f"/agent/cards/?q={customer}")
    alice.page.locator(".table a[href^='/agent/cards/']").first.click()
    expect(alice.page.locator("#card-state")).to_be_visible()
    return alice.page.url


def renewals_of(alice: Visitor, card: str) -> int:
    """Count the renewals that a card's page lists."""
    alice.go(card)
    return alice.page.locator('.rows a[href^="/agent/renewals/"]').count()


def iccid_on(alice: Visitor) -> str:
    """Read the number of the card whose page is open."""
    return "".join(alice.page.locator(".long-number .mono").first.inner_text().split())


def test_a_double_click_on_pay_makes_one_renewal(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    card = open_card(alice, "zhang.zhe@customers.example")
    before = renewals_of(alice, card)

    alice.go(f"{card}/renew?plan=JP-5G-30D")
    alice.page.locator(".btn-pay").dblclick()
    alice.page.wait_for_url(RENEWAL)

    assert renewals_of(alice, card) == before + 1


def test_two_tabs_make_one_renewal(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    card = open_card(alice, "zhao.kun@customers.example")
    before = renewals_of(alice, card)
    other_tab = alice.context.new_page()
    for tab in (alice.page, other_tab):
        tab.goto(f"{card}/renew?plan=JP-5G-30D")

    for tab in (alice.page, other_tab):
        tab.locator(".btn-pay").click()
        tab.wait_for_url(RENEWAL)

    assert alice.page.url == other_tab.url
    assert renewals_of(alice, card) == before + 1


def test_a_price_that_changed_while_the_page_was_open_is_shown_again_before_anything_is_paid(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    card = open_card(alice, "ma.xuan@customers.example")
    before = renewals_of(alice, card)
    alice.go(f"{card}/renew?plan=AE-1G-7D")
    expect(alice.page.locator(".btn-pay")).to_have_text("Pay CNY 45.15 from wallet")
    dana = visitor().sign_in(cast.DANA)
    dana.go("/admin/catalogue/AE-1G-7D/edit")
    dana.page.get_by_label("Price, tax included").fill("44.00")
    dana.send()
    expect(dana.page.locator("h1")).to_contain_text("United Arab Emirates 1 GB")

    alice.page.locator(".btn-pay").click()

    expect(alice.page.locator("main .notice")).to_contain_text("Nothing was paid.")
    expect(alice.page.locator(".btn-pay")).to_have_text("Pay CNY 46.20 from wallet")
    assert renewals_of(alice, card) == before


def test_a_refused_renewal_gives_the_reason_and_says_that_no_money_was_kept(portal: Portal, visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    card = open_card(alice, "sun.min@customers.example")
    portal.carrier.set_fault("refuse", reason="card_suspended", iccid=iccid_on(alice))
    alice.go("/agent/wallet")
    held = alice.page.locator(".stat-value").first.inner_text()

    alice.go(f"{card}/renew?plan=TH-3G-15D")
    alice.page.locator(".btn-pay").click()

    expect(alice.page.locator("#progress .notice")).to_contain_text("The carrier has suspended this card.")
    expect(alice.page.locator("#progress .notice")).to_contain_text("is back in your wallet; no money was kept.")
    alice.go("/agent/wallet")
    expect(alice.page.locator(".stat-value").first).to_have_text(held)


def test_the_page_says_when_the_portal_cannot_be_reached(visitor: Opens) -> None:
    alice = visitor().sign_in(cast.ALICE)
    card = open_card(alice, "li.na@customers.example")
    alice.go(f"{card}/renew")
    alice.context.set_offline(True)

    alice.page.locator("input[name=plan]:not(:checked)").first.check()

    expect(alice.told()).to_contain_text("The portal cannot be reached.")
    alice.complaints.clear()  # the browser itself complains of a lost connection
