"""An owner keeps a card with a top-up, agrees to automatic ones, and the next shortage is met by itself."""

import re

import pytest
from playwright.sync_api import expect

from portal.demo import cast
from tests.browser.conftest import Lets
from tests.browser.portal import Portal
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAYMENT = re.compile(r"/agent/wallet/top-ups/[0-9a-f-]{36}(\?|$)")
SETTLED = re.compile(r"/agent/wallet/low-balance\?currency=CNY$")


def _keep_a_card(alice: Visitor) -> None:
    alice.go("/agent/wallet/top-up?currency=CNY&save=yes&amount=50000")
    page = alice.page
    expect(page.locator("[name=amount]")).to_have_value("500.00")
    expect(page.locator("[name=save]")).to_be_checked()
    page.locator("[name=method][value=card]").check()
    page.locator("#top-up button[type=submit]").click()
    page.locator("button[value=pay]").click()
    expect(page).to_have_url(PAYMENT)
    expect(page.locator("#payment .notice.is-good")).to_be_visible()


def test_a_shortage_is_met_from_the_card_that_was_kept(portal: Portal, member: Lets) -> None:
    alice = member(cast.ALICE)
    page = alice.page
    _keep_a_card(alice)

    alice.go("/agent/wallet/low-balance?currency=CNY")
    page.locator("#warning [name=threshold]").fill("900,000")
    page.locator("#warning button[type=submit]").first.click()
    expect(page.locator("#warning .notice")).to_contain_text("The wallet is below it now.")
    alice.go("/agent/")
    expect(page.locator(".notice", has_text="The CNY wallet runs low")).to_be_visible()

    alice.go("/agent/wallet/automatic?currency=CNY")
    for name, value in {"threshold": "900000", "amount": "900000", "most_a_day": "1", "most": "900000"}.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main form button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("may charge Visa ...4242 with CNY 900,000.00 whenever less than")
    page.locator("main form .btn-pay").click()
    expect(page).to_have_url(SETTLED)

    assert portal.run("flask", "clock", "--once").returncode == 0
    expect(page.locator("main")).to_be_visible()
    for _ in range(50):
        page.reload()
        if page.locator("main td", has_text="paid").count():
            break
        page.wait_for_timeout(200)
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator("main tbody tr")).to_contain_text("900,000.00")
    expect(page.locator(".notice", has_text="below it now")).to_have_count(0)

    page.locator("#automatic .btn-outline-danger").click()
    expect(page.locator("#automatic")).to_contain_text("off")
