"""Which ways to pay are offered, and the accounts behind them: entered once, encrypted, never shown."""

from dataclasses import asdict

import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core.db import db, in_transaction
from portal.payments import offers, registry
from portal.payments.models import PaymentAccount, PaymentChannel
from portal.payments.providers.base import Declined, Method, Surface
from portal.payments.providers.wechat_pay import credentials as wechat_pay
from tests.payments.stub import StubProvider
from tests.web.admin.conftest import House, Person

METHODS = "/admin/payments/methods"
WECHAT_PAY = "/admin/payments/accounts/wechat_pay"
STRIPE = "/admin/payments/accounts/stripe"
KEYS = {"secret_key": "sk_live_very_secret", "webhook_secret": "", "api_base": "https://api.stripe.com"}


def offered(channel: PaymentChannel, currency: str = "CNY") -> dict[Method, str]:
    return {found.method: found.provider for found in in_transaction(lambda: offers.methods(currency, channel))}


def account(name: str = "stripe") -> PaymentAccount | None:
    return in_transaction(lambda: db.session.get(PaymentAccount, name, populate_existing=True))


def test_offers_a_method_in_one_channel(house: House, dana: Person) -> None:
    dana.post(f"{METHODS}/agent", currency="CNY", card="stripe", alipay="alipay", wechat_pay="stripe", paypal="")

    assert offered(PaymentChannel.AGENT) == {
        Method.CARD: "stripe",
        Method.ALIPAY: "alipay",
        Method.WECHAT_PAY: "stripe",
    }
    assert offered(PaymentChannel.WEBSITE) == {}
    assert "through Alipay" in dana.words(f"{METHODS}?currency=CNY")


def test_a_provider_is_not_offered_for_a_currency_that_it_does_not_take(house: House, dana: Person) -> None:
    answer = dana.post(f"{METHODS}/agent", currency="USD", alipay="alipay")

    assert answer.status_code == 422
    assert offered(PaymentChannel.AGENT, "USD") == {}


@pytest.mark.parametrize(("channel", "currency"), [("street", "CNY"), ("agent", "XXZ")])
def test_refuses_what_is_none(house: House, dana: Person, channel: str, currency: str) -> None:
    assert dana.post(f"{METHODS}/{channel}", currency=currency, card="stripe").status_code == 422


def test_credentials_are_kept_encrypted_and_never_shown(house: House, dana: Person) -> None:
    dana.post(STRIPE, **KEYS)

    kept = account()
    assert kept is not None
    assert kept.credentials is not None
    assert b"sk_live" not in bytes(kept.credentials)
    assert registry.unpack(bytes(kept.credentials))["secret_key"] == "sk_live_very_secret"
    assert "sk_live" not in dana.page(STRIPE)
    audited = in_transaction(lambda: db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first())
    assert audited is not None
    assert "sk_live" not in str(audited.after)


def test_an_empty_secret_keeps_the_one_entered_before(house: House, dana: Person) -> None:
    dana.post(STRIPE, **KEYS)
    dana.post(STRIPE, **(KEYS | {"secret_key": ""}))

    kept = account()
    assert kept is not None
    assert kept.credentials is not None
    assert registry.unpack(bytes(kept.credentials))["secret_key"] == "sk_live_very_secret"


@pytest.mark.parametrize(
    "changed", [{"secret_key": ""}, {"api_base": "http://api.stripe.com"}, {"api_base": "https://u:p@evil.example"}]
)
def test_refuses_missing_keys_and_addresses_nobody_should_trust(
    house: House, dana: Person, changed: dict[str, str]
) -> None:
    assert dana.post(STRIPE, **(KEYS | changed)).status_code == 422
    assert account() is None


def test_keys_that_cannot_be_read_are_refused(house: House, dana: Person) -> None:
    answer = dana.post(
        "/admin/payments/accounts/alipay",
        app_id="2021",
        app_private_key="nonsense",
        alipay_public_key="nonsense",
        seller_id="",
        api_base="https://openapi.alipay.com",
    )

    assert answer.status_code == 422
    assert account("alipay") is None


def wechat_keys(**changes: str) -> dict[str, str]:
    """Give good keys of a merchant at WeChat Pay itself, some of them changed."""
    own = {"api_base": wechat_pay.API, "sign_in_page": wechat_pay.SIGN_IN_PAGE, "sign_in_api": wechat_pay.SIGN_IN_API}
    return asdict(wechat_pay.of_sandbox("http://127.0.0.1:9")) | own | changes


def test_a_merchant_without_the_apps_secret_is_paid_outside_of_wechat(house: House, dana: Person) -> None:
    surfaces = []
    for secret in ("", "a-secret"):
        assert dana.post(WECHAT_PAY, **wechat_keys(app_secret=secret)).status_code == 303
        known = in_transaction(lambda: registry.get("wechat_pay"))
        surfaces.append(Surface.IN_APP in known.methods[Method.WECHAT_PAY])

    assert surfaces == [False, True]
    assert "a-secret" not in dana.get(WECHAT_PAY).text


@pytest.mark.parametrize("name", ["sign_in_page", "sign_in_api"])
def test_sends_neither_the_apps_secret_nor_payers_to_an_address_nobody_should_trust(
    house: House, dana: Person, name: str
) -> None:
    answer = dana.post(WECHAT_PAY, **wechat_keys(**{name: "http://open.weixin.qq.com/"}))

    assert answer.status_code == 422
    assert account("wechat_pay") is None


def test_says_what_need_not_be_entered(house: House, dana: Person) -> None:
    before = dana.words(WECHAT_PAY)
    dana.post(WECHAT_PAY, **wechat_keys())

    assert "optional" in before
    assert "then nobody can pay with WeChat Pay inside WeChat itself" in before
    assert 'name="app_id" required' in " ".join(dana.get(WECHAT_PAY).text.split())
    assert dana.words(WECHAT_PAY).count("Kept. Leave empty to keep it.") == 3


def test_tests_the_connection(house: House, dana: Person, stub: StubProvider) -> None:
    dana.post(STRIPE, **KEYS)

    dana.post(f"{STRIPE}/test")

    kept = account()
    assert kept is not None
    assert kept.connected_as == "Stub account"


def test_says_when_the_connection_does_not_work(house: House, dana: Person, stub: StubProvider) -> None:
    stub.failure = Declined("credentials_refused", "Invalid API Key")

    dana.post(f"{STRIPE}/test")

    assert "credentials_refused" in dana.words(STRIPE)


def test_a_provider_that_is_switched_off_is_not_offered(house: House, dana: Person) -> None:
    dana.post(f"{METHODS}/agent", currency="CNY", card="stripe")
    dana.post(f"{STRIPE}/off")
    assert offered(PaymentChannel.AGENT) == {}

    dana.post(f"{STRIPE}/on")
    assert offered(PaymentChannel.AGENT) == {Method.CARD: "stripe"}


def test_finance_looks_and_configures_nothing(house: House, fiona: Person) -> None:
    assert fiona.get(METHODS).status_code == 200
    assert fiona.get(STRIPE).status_code == 403
    assert fiona.post(f"{METHODS}/agent", currency="CNY", card="stripe").status_code == 403


def test_a_provider_that_is_none_is_not_found(house: House, dana: Person) -> None:
    assert dana.get("/admin/payments/accounts/gold").status_code == 404
