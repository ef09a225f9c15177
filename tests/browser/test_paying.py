"""Every way to pay, in Chinese and in English: the wallet is filled, a link is paid, and the money goes back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import expect

from portal.demo import cast
from tests.browser.conftest import Lets, Opens
from tests.browser.portal import Portal
from tests.browser.visitors import PHONE, Visitor
from tests.browser.wechat import INSIDE_WECHAT, WeChat

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAYMENT = re.compile(r"/agent/wallet/top-ups/[0-9a-f-]{36}(\?|$)")
RENEWAL = re.compile(r"/agent/renewals/[0-9a-f-]{36}$")
TRANSACTION = re.compile(r"/admin/transactions/[0-9a-f-]{36}$")
REFUND = re.compile(r"/admin/refunds/[0-9a-f-]{36}$")
LINK = re.compile(r"/pay/[^/?]+")
ORDERED = re.compile(r"/pay/[^/?]+/payments/[0-9a-f-]{36}$")


@dataclass(frozen=True)
class Way:
    """A way to pay, what its stand-in calls itself, and what is bought with it."""

    method: str
    provider: str
    name: str
    name_zh: str
    given_back: str
    """How the stand-in says that a refund is done."""
    currency: str = "CNY"
    plan: str = "JP-3G-15D"
    total: str = "58.80"
    is_scanned: bool = False
    """Whether it is paid by scanning a code where the payer sits at a computer."""


WAYS = [
    Way("card", "stripe", "Credit or debit card", "银行卡", "succeeded"),
    Way("paypal", "paypal", "PayPal", "PayPal", "COMPLETED", "USD", "SG-1G-7D", "4.19"),
    Way("alipay", "alipay", "Alipay", "支付宝", "done"),
    Way("wechat_pay", "wechat_pay", "WeChat Pay", "微信支付", "done", is_scanned=True),
]


@dataclass(frozen=True)
class Words:
    """What the pages must say."""

    in_wallet: str
    pay: str
    pay_here: str
    renewed: str
    delivered: str
    paid_by_customer: str
    paid_back: str
    went_back: str
    refunded: str
    declined: str
    order: str
    shut_out: str


WORDS = {
    "en": Words(
        in_wallet="{sum} is in your wallet.",
        pay="Pay {sum}",
        pay_here="The customer pays here",
        renewed="Your card is renewed",
        delivered="Delivered",
        paid_by_customer="Paid by the customer",
        paid_back="paid back",
        went_back="{sum} went back to you",
        refunded="Refunded",
        declined="The last payment was declined; nothing was taken.",
        order="Order and pay {sum}",
        shut_out="Inside WeChat, Alipay cannot be opened.",
    ),
    "zh": Words(
        in_wallet="{sum} 已到您的钱包。",
        pay="支付 {sum}",
        pay_here="客户付款链接",
        renewed="您的卡已续费成功",
        delivered="已到账",
        paid_by_customer="客户已付款",
        paid_back="已退款",
        went_back="{sum} 已按原支付方式退还给您",
        refunded="已退款",
        declined="上一次付款被拒绝，没有扣款。",
        order="下单并支付 {sum}",
        shut_out="在微信内无法打开支付宝。",
    ),
}

SCAN = """
async () => {
  const picture = document.querySelector("img.scan-code");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 480;
  canvas.getContext("2d").drawImage(picture, 0, 0, 480, 480);
  const drawn = await new Promise((done) => canvas.toBlob(done));
  const place = Object.assign(document.createElement("div"), { id: "scanner", hidden: true });
  document.body.append(place);
  const text = await new Html5Qrcode("scanner").scanFile(new File([drawn], "code.png"), false);
  place.remove();
  return text;
}
"""


@pytest.fixture(scope="module", autouse=True)
def books_balance(portal: Portal) -> Iterator[None]:
    """Whatever was paid here, and given back, every law of the ledger holds afterwards."""
    yield
    books = portal.run("flask", "ledger", "verify")
    assert books.returncode == 0, books.stdout + books.stderr


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("way", WAYS, ids=[way.method for way in WAYS])
def test_the_wallet_is_filled_a_link_is_paid_and_the_money_goes_back(
    way: Way, language: str, portal: Portal, visitor: Opens, member: Lets
) -> None:
    words, total = WORDS[language], f"{way.currency} {way.total}"
    alice = member(cast.ALICE, language)
    customer = visitor(language, **PHONE)

    _top_up(alice, visitor, way, words, language)
    link = _offer_link(alice, way, words)
    _pay_link(customer, link, way, words)
    expect(alice.page.locator("#progress")).to_contain_text(words.paid_by_customer)
    expect(alice.page.locator("#progress .timeline")).to_contain_text(words.delivered)
    reference = alice.page.locator("h1").inner_text()
    _refund(member(cast.DANA, language), reference, way, words)

    customer.go(link)
    customer.sees(words.went_back.format(sum=total))
    alice.page.reload()
    alice.sees(words.refunded)
    assert _given_back_by(portal, way) == f"{way.total} {way.currency}"


def test_inside_wechat_the_page_itself_hands_the_payment_over(
    language: str, portal: Portal, visitor: Opens, member: Lets
) -> None:
    way = next(way for way in WAYS if way.method == "wechat_pay")
    words, button = WORDS[language], WORDS[language].pay.format(sum="CNY 58.80")
    wechat = WeChat(portal.carrier)
    agent, customer = visitor(language, **INSIDE_WECHAT), visitor(language, **INSIDE_WECHAT)
    wechat.show(agent)
    wechat.show(customer)

    agent.sign_in(cast.ALICE)
    agent.go("/agent/wallet/top-up?currency=CNY&amount=50000")
    agent.page.locator('input[name=method][value="wechat_pay"]').check()
    agent.send("#top-up")
    agent.sees(words.in_wallet.format(sum="CNY 500.00"))

    alice = member(cast.ALICE, language)
    link = _offer_link(alice, way, words)
    customer.go(link)
    customer.sees(words.shut_out)
    wechat.choice = "abandon"
    _choose(customer, "wechat_pay", button)
    customer.page.wait_for_url(ORDERED)
    wechat.wait_until_opened(2, customer)
    wechat.choice = "decline"
    customer.page.get_by_role("button", name=button).click()
    customer.sees(words.declined)
    wechat.choice = "pay"
    _choose(customer, "wechat_pay", button)
    customer.sees(words.renewed)

    assert wechat.opened == 4, "the sheet opens once by itself, and again when it is asked for"
    reference = alice.page.locator("h1").inner_text()
    _refund(member(cast.DANA, language), reference, way, words)
    customer.go(link)
    customer.sees(words.went_back.format(sum="CNY 58.80"))
    assert _given_back_by(portal, way) == "58.80 CNY"


def test_a_customer_renews_by_themselves_after_a_declined_card(language: str, portal: Portal, visitor: Opens) -> None:
    words = WORDS[language]
    carol = visitor(language, **PHONE).enter(cast.CAROL, code_for=portal.code_for)

    iphone = carol.page.locator(".face, .card-rows li").filter(has_text="iPhone")
    iphone.locator("a[href^='/my/cards/']").first.click()
    carol.page.locator('main a[href$="/renew"]').click()
    carol.page.locator('nav:not(.is-terms) a.chip[href*="region=JP"]:not([href*="region=JP."])').click()
    carol.page.locator('input[value="JP-3G-15D"]').check()
    order = carol.page.get_by_role("button", name=words.order.format(sum="CNY 58.80"))
    order.click()
    carol.page.wait_for_url(LINK)
    _choose(carol, "card", words.pay.format(sum="CNY 58.80"))
    _at_the_provider(carol, "decline")
    expect(carol.page.get_by_role("alert")).to_be_visible()
    _at_the_provider(carol, "abandon")
    carol.page.wait_for_url(LINK)
    carol.sees(words.declined)
    _choose(carol, "alipay", words.pay.format(sum="CNY 58.80"))
    _at_the_provider(carol, "pay")

    carol.page.wait_for_url(LINK)
    carol.sees(words.renewed)


def _top_up(alice: Visitor, visitor: Opens, way: Way, words: Words, language: str) -> None:
    """Pay 500.00 into the wallet; the page says so by itself, and the balance has grown by exactly that."""
    wallet = f"/agent/wallet?currency={way.currency}"
    alice.go(wallet)
    held = _balance(alice)

    alice.follow(f"/agent/wallet/top-up?currency={way.currency}")
    alice.fill(amount="500.00")
    alice.page.locator(f'input[name=method][value="{way.method}"]').check()
    alice.send("#top-up")
    if way.is_scanned:
        alice.page.wait_for_url(PAYMENT)
        phone = visitor(language, **PHONE)
        phone.go(_scan(alice))
        _at_the_provider(phone, "pay")
    else:
        _at_the_provider(alice, "pay")
        alice.page.wait_for_url(PAYMENT)

    alice.sees(words.in_wallet.format(sum=f"{way.currency} 500.00"))
    alice.sees(way.name if language == "en" else way.name_zh)
    alice.go(wallet)
    assert _balance(alice) - held == 500_00


def _offer_link(alice: Visitor, way: Way, words: Words) -> str:
    """Renew Carol's card so that she pays; gives the address to send her, and stays on the renewal's page."""
    alice.go(f"/agent/cards/?q={cast.CAROL}")
    card = alice.page.locator(".table tr").filter(has_text="iPhone").locator("a[href^='/agent/cards/']").first
    alice.go(f"{card.get_attribute('href')}/renew?plan={way.plan}")
    alice.page.locator("button[name=way][value=link]").click()
    alice.page.wait_for_url(RENEWAL)
    alice.sees(words.pay_here, f"{way.currency} {way.total}")
    address = alice.page.locator('main a[href*="/pay/"]').get_attribute("href")
    assert address
    return address


def _pay_link(customer: Visitor, link: str, way: Way, words: Words) -> None:
    """Pay on a phone without signing in; the page tells by itself when the card is renewed."""
    customer.go(link)
    customer.sees(f"{way.currency} {way.total}")
    _choose(customer, way.method, words.pay.format(sum=f"{way.currency} {way.total}"))
    _at_the_provider(customer, "pay")
    customer.page.wait_for_url(LINK)
    customer.sees(words.renewed)


def _refund(dana: Visitor, reference: str, way: Way, words: Words) -> None:
    """Pay all of it back the way it was paid; the page tells by itself when the provider has done it."""
    dana.go(f"/admin/transactions?reference={reference}")
    dana.page.locator("#list a.row-link").click()
    dana.page.wait_for_url(TRANSACTION)
    dana.page.locator('main a[href$="/refund"]').click()
    dana.fill(amount=way.total, reason="not_needed", destination="source")
    dana.send()
    dana.page.wait_for_url(REFUND)
    expect(dana.page.locator("h1")).to_contain_text(words.paid_back)
    dana.sees(f"{way.currency} {way.total}")
    credit_note = dana.page.locator('main a[href$="/credit-note.pdf"]')
    expect(credit_note).to_be_visible()
    assert dana.download(str(credit_note.get_attribute("href"))).startswith(b"%PDF-")


def _choose(customer: Visitor, method: str, button: str) -> None:
    """Choose a way to pay by the button that names the exact sum."""
    customer.page.locator(f'input[name=method][value="{method}"]').check()
    customer.page.get_by_role("button", name=button).click()


def _at_the_provider(payer: Visitor, choice: str) -> None:
    """Press a button on the stand-in's own page."""
    payer.page.locator(f"button[name=choice][value={choice}]").click()


def _scan(window: Visitor) -> str:
    """Read the code on the page as a phone's camera would."""
    window.page.add_script_tag(url="/static/vendor/html5-qrcode/html5-qrcode.min.js")
    return str(window.page.evaluate(SCAN))


def _balance(alice: Visitor) -> int:
    """Read the wallet's balance, in minor units."""
    return int(re.sub(r"[^0-9]", "", alice.page.locator(".stat-value").first.inner_text()))


def _given_back_by(portal: Portal, way: Way) -> str | None:
    """Give the amount of the newest refund that the stand-in carried out."""
    answer = httpx.get(f"{portal.carrier.url}/control/payments/{way.provider}", trust_env=False)
    refunds = [row for row in answer.json()["rows"] if row["kind"] == "refund" and row["state"] == way.given_back]
    return refunds[0]["amount"] if refunds else None
