"""What scripts add to the operator's forms: a button that bears the typed sum, and only the fields that are needed."""

import re

import pytest
from playwright.sync_api import expect

from portal.demo import cast
from tests.browser.conftest import Lets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_button_of_a_refund_bears_the_sum_that_is_typed(member: Lets) -> None:
    dana = member(cast.DANA)
    page = dana.page
    dana.go("/admin/transactions?state=delivered")
    page.locator("#list a.row-link").first.click()
    page.locator("a[href$='/refund']").click()
    button = page.locator("main button[type=submit]")

    expect(button).to_have_text(re.compile(r"^Refund [A-Z]{3}\s[\d,.]+$"))
    page.locator("[name=amount]").fill("1234.5")
    expect(button).to_have_text(re.compile(r"^Refund [A-Z]{3}\s1,234\.50$"))
    for nonsense in ("1.005", "12a", "", "0"):
        page.locator("[name=amount]").fill(nonsense)
        expect(button).to_have_text("Refund")


def test_a_promotion_asks_only_for_what_its_kind_needs(member: Lets) -> None:
    dana = member(cast.DANA)
    page = dana.page
    dana.go("/admin/promotions/new")

    for kind, shown in {"percent": ["bps", "cap"], "fixed": ["amount"], "bonus_data": ["priced_as"]}.items():
        page.locator("[name=kind]").select_option(kind)
        for name in ("bps", "cap", "amount", "priced_as"):
            expect(page.locator(f"[name={name}]")).to_be_visible(visible=name in shown)
