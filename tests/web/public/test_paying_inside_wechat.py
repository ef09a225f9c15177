"""A customer opens a pay link inside WeChat: it is learned once who reads, and the page hands the payment over."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.db import transaction
from portal.payments import offers, registry
from portal.payments.models import PaymentChannel
from portal.payments.providers.base import Method, Retry, Surface
from tests import browsing, make
from tests.payments.providers import in_wechat
from tests.payments.stub import StubInsideApp, StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting
from tests.renewals.test_pay_links import NOW

INSIDE = {"User-Agent": in_wechat.USER_AGENT}
AT_A_COMPUTER = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 WindowsWechat MicroMessenger/7.0"}
OUTSIDE = {"User-Agent": "Mozilla/5.0 (iPhone) Mobile Safari/604.1"}


@pytest.fixture(autouse=True)
def _now() -> object:
    with clock.fixed(NOW):
        yield


@pytest.fixture
def waiting(client: FlaskClient, stub_inside_app: StubInsideApp) -> Waiting:
    counter = open_counter()
    offer(Method.ALIPAY, Method.WECHAT_PAY)
    client.set_cookie("language", "en")
    return Waiting(counter, online.order(counter), stub_inside_app)


@pytest.fixture
def address(waiting: Waiting) -> str:
    return f"/pay/{waiting.ordered.code}"


def offer(*methods: Method) -> None:
    with transaction():
        chosen = dict.fromkeys(methods, "stripe")
        offers.offer(currency="CNY", channel=PaymentChannel.WEBSITE, chosen=chosen, actor=make.actor())


def come_back(client: FlaskClient, sent: TestResponse, code: str = "carols-code", state: str = "") -> TestResponse:
    """Come back from the app as it sends its reader."""
    asked = parse_qs(urlsplit(sent.location).query)
    back = urlsplit(asked["back"][0])
    assert f"{back.scheme}://{back.netloc}" == "https://portal.example"
    return client.get(f"{back.path}?{back.query}&code={code}&state={state or asked['state'][0]}", headers=INSIDE)


def known(client: FlaskClient, address: str) -> None:
    """Have the app tell who reads."""
    assert come_back(client, client.get(address, headers=INSIDE)).location == address


def pay(client: FlaskClient, address: str, headers: dict[str, str] = INSIDE) -> TestResponse:
    token = browsing.csrf_token(client.get(address, headers=headers).text)
    return client.post(address, data={"csrf_token": token, "method": "wechat_pay"}, headers=headers)


def test_asks_the_app_who_reads_before_it_shows_the_ways_to_pay(
    client: FlaskClient,
    waiting: Waiting,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    sent = client.get(address, headers=INSIDE)
    assert sent.status_code == 302
    assert sent.location.startswith("https://app.example/who?")

    back = come_back(client, sent)

    assert (back.status_code, back.location) == (303, address)
    page = client.get(address, headers=INSIDE)
    assert page.status_code == 200
    assert stub_inside_app.signed_in == ["carols-code"], "it is asked once"
    assert stub_inside_app.begun == [], "looking begins nothing"


def test_hands_over_what_is_signed_for_that_reader(
    client: FlaskClient,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    known(client, address)

    sent = pay(client, address)

    (asking,) = stub_inside_app.asked_for
    assert (asking.surface, asking.payer_id, asking.amount.minor) == (Surface.IN_APP, "o-carol", 10_500)
    assert sent.location.startswith(f"{address}/payments/")
    page = client.get(sent.location, headers=INSIDE)
    handed = re.search(r'data-hand-over="([^"]*)"', page.text)
    assert handed is not None
    assert json.loads(unescape(handed[1])) == {"package": f"prepay_id={asking.reference}", "paySign": 'a"b'}
    assert "Pay CNY 105.00" in browsing.words(page.text)
    assert "js/wechat" in page.text
    assert "frame-src weixin:" in page.headers["Content-Security-Policy"]
    assert "frame-src" not in client.get(address, headers=INSIDE).headers["Content-Security-Policy"]


def test_another_reader_gets_a_payment_of_their_own(
    client: FlaskClient,
    waiting: Waiting,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    stub_inside_app.readers["erins-code"] = "o-erin"
    known(client, address)
    pay(client, address)
    pay(client, address)
    erin = client.application.test_client()
    come_back(erin, erin.get(address, headers=INSIDE), "erins-code")

    pay(erin, address)

    first, second = stub_inside_app.asked_for
    assert (first.payer_id, second.payer_id) == ("o-carol", "o-erin"), "pressing twice is one payment"
    assert first.reference != second.reference


def test_outside_of_wechat_says_to_go_back_there(client: FlaskClient, address: str) -> None:
    known(client, address)
    payment_page = pay(client, address).location

    page = client.get(payment_page, headers=OUTSIDE).text

    assert "This payment was begun inside WeChat." in browsing.words(page)
    assert "data-hand-over" not in page


@pytest.mark.parametrize("headers", [OUTSIDE, AT_A_COMPUTER], ids=["outside", "at a computer"])
def test_asks_nobody_elsewhere(client: FlaskClient, address: str, headers: dict[str, str]) -> None:
    assert client.get(address, headers=headers).status_code == 200


def test_at_a_computer_a_code_is_scanned_though_it_is_inside_wechat(
    client: FlaskClient,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    pay(client, address, AT_A_COMPUTER)

    assert [asking.surface for asking in stub_inside_app.asked_for] == [Surface.QR]


def test_puts_wechat_pay_first_and_names_what_cannot_be_opened(client: FlaskClient, address: str) -> None:
    known(client, address)

    page = client.get(address, headers=INSIDE).text

    assert re.findall(r'name="method"\s+value="(\w+)"', page) == ["wechat_pay", "alipay"]
    assert "Inside WeChat, Alipay cannot be opened." in browsing.words(page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_both_where_wechat_does_not_tell_who_reads(client: FlaskClient, address: str, language: str) -> None:
    client.set_cookie("language", language)
    back = come_back(client, client.get(address, headers=INSIDE), "nobodys-code")
    assert back.location == f"{address}?payer=unknown"

    words = browsing.words(client.get(back.location, headers=INSIDE).text)

    names = {"en": "Inside WeChat, Alipay or WeChat Pay cannot be opened.", "zh": "在微信内无法打开支付宝或微信支付。"}
    assert names[language] in words


def test_a_wechat_that_is_not_reached_keeps_nobody_from_the_page(
    client: FlaskClient,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    sent = client.get(address, headers=INSIDE)
    stub_inside_app.failure = Retry("not_reached")

    back = come_back(client, sent)

    assert client.get(back.location, headers=INSIDE).status_code == 200


@pytest.mark.parametrize("state", ["another", "x" * 200])
def test_takes_no_code_that_this_browser_was_not_sent_for(
    client: FlaskClient,
    address: str,
    stub_inside_app: StubInsideApp,
    state: str,
) -> None:
    back = come_back(client, client.get(address, headers=INSIDE), state=state)

    assert back.location == f"{address}?payer=unknown"
    assert stub_inside_app.signed_in == []


def test_takes_no_code_of_somebody_elses_browser(
    client: FlaskClient,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    sent = client.get(address, headers=INSIDE)

    come_back(client.application.test_client(), sent)

    assert stub_inside_app.signed_in == []


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "%0d%0aX: y"])
def test_leads_nowhere_else(client: FlaskClient, address: str, wanted: str) -> None:
    sent = client.get(address, headers=INSIDE)
    state = parse_qs(urlsplit(sent.location).query)["state"][0]

    back = client.get(f"/pay/as/stripe?next={wanted}&code=carols-code&state={state}", headers=INSIDE)

    assert back.location == "/"


def test_knows_no_app_of_other_providers(client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = client.get(address, headers=INSIDE)
    monkeypatch.setattr(registry, "get", lambda _name: StubProvider())

    assert come_back(client, sent).status_code == 404


def test_a_page_for_phones_that_has_closed_is_asked_for_anew(
    client: FlaskClient,
    waiting: Waiting,
    address: str,
    stub_inside_app: StubInsideApp,
) -> None:
    stub_inside_app.opens_for = timedelta()
    shut = pay(client, address, OUTSIDE).location

    assert client.get(shut, headers=OUTSIDE).location == address
    assert pay(client, address, OUTSIDE).location == shut
    assert len({asking.reference for asking in stub_inside_app.asked_for}) == 1
    assert len(stub_inside_app.asked_for) == 2
