"""Every act works without scripts: a card is registered and renewed, and its receipt arrives."""

import re

import pytest
from playwright.sync_api import expect

from portal.demo import cast
from tests.browser.conftest import Opens

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_card_is_registered_and_renewed_without_scripts(visitor: Opens) -> None:
    alice = visitor(java_script_enabled=False).sign_in(cast.ALICE)
    page = alice.page

    alice.go("/agent/cards/new")
    alice.fill(iccid="8943 1081 7000 0828 413", carrier="sandbox-west", customer_name="佐藤 健", label="no scripts")
    alice.send()
    expect(page.locator(".field-error").first).to_be_visible()
    expect(page.locator("[name=customer_name]")).to_have_value("佐藤 健")
    alice.fill(customer_email="ken@travellers.example")
    alice.send()
    page.wait_for_url(re.compile(r"/agent/cards/[0-9a-f-]{36}$"))

    alice.go(f"{page.url}/renew?region=JP")
    page.locator('input[value="JP-3G-15D"]').check()
    page.locator("noscript button, form[hx-get] button").first.click()
    expect(page.locator(".btn-pay")).to_have_text("Pay CNY 58.80 from wallet")
    page.locator(".btn-pay").click()
    page.wait_for_url(re.compile(r"/agent/renewals/[0-9a-f-]{36}$"))

    for _look in range(40):
        if page.locator('#progress a[href$="/receipt.pdf"]').count():
            break
        page.wait_for_timeout(250)
        page.reload()
    alice.sees("Receipt ready")
