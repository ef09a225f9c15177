"""The main job from an empty desk to the audit, by everybody who has a part in it, in Chinese and in English."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import FilePayload, expect

from portal.demo import cast
from portal.receipts import verification
from tests.browser.conftest import Opens
from tests.browser.portal import Portal
from tests.browser.visitors import PHONE, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ACTIVATION_CODE = "LPA:1$smdp.carrier.example$8F3K-22QX-71ZP"


@dataclass(frozen=True)
class Story:
    """Who takes part, and what the pages must say to them."""

    language: str
    agent_zh: str
    agent_en: str
    licence: str
    owner: str
    owner_email: str
    customer: str
    customer_email: str
    iccid: str
    bank_reference: str
    wrong_digit: str
    reference_used: str
    pay: str
    delivered: str
    receipt_ready: str
    roll_ready: str
    genuine: str
    altered: str
    same: str
    balances: str
    nets_to_zero: str


STORIES = {
    "en": Story(
        language="en",
        agent_zh="晨星旅行",
        agent_en="Morning Star Travel",
        licence="3101-9901",
        owner="Grace",
        owner_email="grace@morning-star.example",
        customer="Nguyễn Văn An",
        customer_email="an@travellers.example",
        iccid="8985200026331880701",
        bank_reference="ICBC-9001-EN",
        wrong_digit="does not fit the others",
        reference_used="recorded already",
        pay="Pay CNY 145.95 from wallet",
        delivered="Delivered",
        receipt_ready="Receipt ready",
        roll_ready="Your receipt is ready to print",
        genuine="Genuine",
        altered="This file was altered",
        same="to the last byte",
        balances="balances",
        nets_to_zero="escrow nets to zero",
    ),
    "zh": Story(
        language="zh",
        agent_zh="启明旅行",
        agent_en="Daybreak Travel",
        licence="3101-9902",
        owner="何雨",
        owner_email="heyu@daybreak.example",
        customer="王芳婳",
        customer_email="fanghua@travellers.example",
        iccid="8985200026331880702",
        bank_reference="ICBC-9002-ZH",
        wrong_digit="末位校验不符",
        reference_used="已入账",
        pay="从钱包支付 CNY 145.95",
        delivered="已到账",
        receipt_ready="收据已开具",
        roll_ready="收据已可打印",
        genuine="真实有效",
        altered="文件已被改动",
        same="逐字节一致",
        balances="平衡",
        nets_to_zero="待结转款归零",
    ),
}


@pytest.fixture(params=["en", "zh"])
def story(request: pytest.FixtureRequest) -> Story:
    return STORIES[request.param]


def test_a_new_agent_renews_a_travellers_card_and_every_cent_is_traced(
    story: Story, portal: Portal, visitor: Opens
) -> None:
    dana = visitor(story.language).sign_in(cast.DANA)
    agent_page = _take_on_agent(dana, story)
    owner = _accept_invitation(visitor(story.language), portal, story)
    _verify_agent(dana, agent_page)
    _top_up_twice(visitor(story.language).sign_in(cast.FINANCE), story)

    _register_card(owner, story)
    portal.carrier.set_fault("slow", seconds=1.5, iccid=story.iccid)
    reference = _renew(owner, story)
    pdf = _open_receipt(owner)
    roll = _print_on_roll(owner, story)

    number = _look_as_customer(visitor(story.language, **PHONE), portal, story, pdf)
    _verify_receipt(visitor(story.language), story, pdf, number)
    _verify_receipt(visitor(story.language), story, roll, number)
    _trace(dana, story, reference, number)
    books = portal.run("flask", "ledger", "verify")
    assert books.returncode == 0, books.stdout


def _take_on_agent(dana: Visitor, story: Story) -> str:
    """Create the agent with terms, put other terms in force, and invite the owner; gives the agent's address."""
    dana.go("/admin/agents/")
    dana.follow("/admin/agents/new")
    dana.fill(
        name_zh=story.agent_zh,
        name_en=story.agent_en,
        licence_number=story.licence,
        contact_name=story.owner,
        contact_email=story.owner_email,
        currency="CNY",
        fee_bps="4",
    )
    dana.send()
    dana.page.wait_for_url(re.compile(r"/admin/agents/[0-9a-f-]{36}"))
    agent_page = dana.page.url.partition("#")[0]
    dana.sees(story.agent_zh, story.agent_en)

    dana.go(f"{agent_page}/terms")
    dana.fill(fee_bps="5", share_bps="3")
    dana.send()
    dana.page.wait_for_url(re.compile(r"/admin/agents/[0-9a-f-]{36}"))
    dana.go(agent_page)
    dana.sees("v2", "5%", "3%")

    dana.fill(name=story.owner, email=story.owner_email, role="agent_owner", language=story.language)
    dana.send("#people form")
    dana.sees(story.owner_email)
    return agent_page


def _accept_invitation(owner: Visitor, portal: Portal, story: Story) -> Visitor:
    """Follow the mailed link, choose a password, sign in with it; the agent sells nothing yet."""
    owner.go(portal.link_for(story.owner_email, path="/invitation/"))
    owner.sees(story.owner)
    owner.fill(password="a calm green river", repeated="a calm green river")
    owner.send()
    owner.page.wait_for_url("**/sign-in")
    owner.sign_in_with(story.owner_email, "a calm green river")
    expect(owner.page.locator('main a[href="/agent/cards/new"]')).to_have_count(0)
    return owner


def _verify_agent(dana: Visitor, agent_page: str) -> None:
    dana.go(agent_page)
    dana.page.locator('button[name=state][value="verified"]').click()
    expect(dana.page.locator('button[name=state][value="suspended"]')).to_be_visible()


def _top_up_twice(finance: Visitor, story: Story) -> None:
    """Credit a transfer to the wallet once its sum was confirmed; the same transfer is refused the second time."""
    for _attempt in ("first", "again"):
        finance.go("/admin/wallets/top-up")
        finance.fill(agent=story.agent_en, amount="1,000.00", currency="CNY", bank_reference=story.bank_reference)
        finance.send()
        if _attempt == "first":
            finance.sees("CNY 1,000.00")
            finance.send()
            finance.page.wait_for_url(re.compile(r"/admin/transactions/[0-9a-f-]{36}"))
            finance.sees(story.bank_reference)
    expect(finance.page.locator(".field-error")).to_contain_text(story.reference_used)
    expect(finance.page.locator("[name=amount]")).to_have_value("1,000.00")


def _register_card(owner: Visitor, story: Story) -> None:
    """Register a card whose last digit looks wrong, with an activation code; its state arrives by itself."""
    owner.go("/agent/")
    owner.follow("/agent/cards/new")
    owner.page.locator("details.more summary").click()
    owner.fill(
        iccid=story.iccid,
        carrier="sandbox-west",
        activation_code=ACTIVATION_CODE,
        customer_name=story.customer,
        customer_email=story.customer_email,
        locale=story.language,
        label="Tokyo",
    )
    owner.send()
    owner.sees(story.wrong_digit)
    expect(owner.page.locator("[name=iccid]")).to_have_value(story.iccid)
    owner.page.locator("input[name=confirmed]").check()
    owner.send()

    owner.page.wait_for_url(re.compile(r"/agent/cards/[0-9a-f-]{36}$"))
    expect(owner.page.locator("#card-state .data-bar, #card-state .until").first).to_be_visible()
    assert ACTIVATION_CODE not in owner.page.content()


def _renew(owner: Visitor, story: Story) -> str:
    """Choose a plan while the price follows, pay with one button, and watch it arrive; gives the reference."""
    page = owner.page
    owner.follow(f"{page.url.removeprefix(_root(page.url))}/renew")
    chip = page.locator('a.chip[href*="region=JP"]:not([href*="region=JP."])').first
    if not chip.is_visible():
        page.locator("details.further summary").click()
    chip.click()
    page.locator('input[value="JP-3G-15D"]').check()
    expect(page.locator("#quote")).to_contain_text("58.80")
    page.locator('input[value="JP-10G-30D"]').check()
    expect(page.locator("#quote")).to_contain_text("6.95")
    expect(page.locator(".btn-pay")).to_have_text(story.pay)
    page.locator(".btn-pay").click()

    page.wait_for_url(re.compile(r"/agent/renewals/[0-9a-f-]{36}$"))
    page.evaluate("window.isTheSamePage = true")
    expect(page.locator("#progress")).to_contain_text(story.receipt_ready)
    expect(page.locator("#progress")).to_contain_text(story.delivered)
    assert page.evaluate("window.isTheSamePage"), "the timeline was to move by itself"
    return page.locator("h1").inner_text()


def _open_receipt(owner: Visitor) -> bytes:
    address = owner.page.locator('#progress a[href$="/receipt.pdf"]').get_attribute("href")
    assert address
    pdf = owner.download(address)
    assert pdf.startswith(b"%PDF-")
    return pdf


def _print_on_roll(owner: Visitor, story: Story) -> bytes:
    """Ask for the receipt on a thermal roll, and wait where the worker prints it; gives the file."""
    owner.go(str(owner.page.locator('#progress a[href$="paper=thermal"]').get_attribute("href")))
    expect(owner.page.locator("h1")).to_have_text(story.roll_ready)
    pdf = owner.download(str(owner.page.locator("#roll a.btn-primary").get_attribute("href")))
    assert pdf.startswith(b"%PDF-")
    return pdf


def _look_as_customer(customer: Visitor, portal: Portal, story: Story, pdf: bytes) -> str:
    """Follow the mailed link on a phone, find the card, and keep the same file; gives the receipt's number."""
    customer.go(portal.link_for(story.customer_email, path="/my/enter/"))
    customer.send()
    customer.page.wait_for_url("**/my/")
    customer.sees("8985 2000 2633", "CNY 145.95")
    with customer.page.expect_download() as kept:
        customer.page.locator('a[href^="/my/receipts/"][href$=".pdf"]').click()
    assert kept.value.path().read_bytes() == pdf
    found = re.search(r"LEB-\d{4}-\d{7}", customer.page.locator("main").inner_text())
    assert found
    assert found[0] in kept.value.suggested_filename
    return found[0]


def _verify_receipt(anyone: Visitor, story: Story, pdf: bytes, number: str) -> None:
    """Look a receipt up by its code, then compare a file that was altered, and the real one."""
    (code,) = verification.codes_in(pdf)
    for file, said in ((pdf, story.same), (pdf + b"% one more line\n", story.altered)):
        anyone.go(f"/verify/{code}")
        anyone.sees(story.genuine, number, "CNY 145.95")
        sent = FilePayload(name="receipt.pdf", mimeType="application/pdf", buffer=file)
        anyone.page.locator("input[type=file]").set_input_files(sent)
        anyone.page.locator(".file-form button").click()
        anyone.sees(said, number)


def _trace(dana: Visitor, story: Story, reference: str, number: str) -> None:
    """Find the renewal by its reference; one page tells everything, and the books balance."""
    dana.go("/admin/transactions")
    dana.page.keyboard.press("/")
    dana.page.keyboard.type(reference)
    expect(dana.page.locator("#list tbody tr")).to_have_count(1)
    dana.page.wait_for_load_state("networkidle")  # the list follows each key: a row may still be replaced by itself
    # A slow press: leaving the search for the row must not fetch the list anew beneath it.
    dana.page.locator("#list a.row-link").click(delay=1000)

    dana.sees(reference, story.nets_to_zero, "145.95", "131.13", "7.87", "6.95", "4.17", "95.76", number)
    dana.sees(story.customer_email, "sandbox-west", story.owner)
    dana.page.locator("details.more summary").first.click()
    expect(dana.page.locator("pre.raw").first).to_contain_text("confirmation")

    dana.go("/admin/ledger")
    expect(dana.page.locator(".marks").first).to_contain_text(story.balances)
    expect(dana.page.locator(".marks .bad")).to_have_count(0)


def _root(address: str) -> str:
    return "/".join(address.split("/")[:3])
