"""A second opinion on how we speak to Stripe: localstripe, which others wrote, instead of our own stand-in.

Asked of it: a saved card charged while its owner is away, one that the bank refuses, a refund, and a signed webhook.
It can not be asked about the rest, which it lacks (1.15.10): Checkout pages and so all that a payer does, idempotency
keys (the same one charges twice), disputes, fees of a charge, webhook endpoints, whose key it is; and the number that
Stripe keeps for a refused card (...0002) is paid there.
"""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from portal.core import clock
from portal.core.money import Money
from portal.payments.providers.base import (
    Asking,
    Declined,
    Forged,
    Method,
    NoticeKind,
    PaymentState,
    RefundState,
    SavedMethod,
    Surface,
)
from portal.payments.providers.stripe.credentials import StripeCredentials
from portal.payments.providers.stripe.provider import StripeProvider
from tests.payments.providers.conftest import receiver
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stripe.localstripe_process import client_of, running_localstripe

__all__ = ["receiver"]

pytestmark = pytest.mark.slow

SECRET = "whsec_of_the_second_opinion"
PAID, REFUSED_WHEN_CHARGED = "4242424242424242", "4000000000000341"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


@pytest.fixture
def other_side(address: str) -> Iterator[httpx.Client]:
    with client_of(address) as client:
        yield client


@pytest.fixture
def provider(address: str) -> StripeProvider:
    return StripeProvider(StripeCredentials("sk_test_12345", SECRET, address))


def saved(other_side: httpx.Client, number: str = PAID) -> SavedMethod:
    """Keep a card for a customer there."""
    customer = other_side.post("/v1/customers", data={"email": "alice@global-link.example"}).json()
    card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"}
    method = other_side.post("/v1/payment_methods", data={"type": "card", **card}).json()
    kept = other_side.post(f"/v1/payment_methods/{method['id']}/attach", data={"customer": customer["id"]})
    assert kept.status_code == 200, kept.text
    return SavedMethod(method["id"], customer["id"], "Visa ...4242", "2030-12")


def asking(reference: str, minor: int = 10_000, currency: str = "USD") -> Asking:
    return Asking(
        reference=reference,
        amount=Money(minor, currency),
        method=Method.CARD,
        surface=Surface.PAGE,
        description="Automatic top-up",
        return_url="https://portal.example/",
        cancel_url="https://portal.example/",
        notify_url="https://portal.example/hooks/stripe",
        expires_at=clock.now() + timedelta(hours=1),
        language="en",
    )


@pytest.mark.parametrize(("minor", "currency"), [(10_000, "USD"), (980, "JPY")])
def test_a_saved_card_is_charged_and_found_again(
    provider: StripeProvider, other_side: httpx.Client, minor: int, currency: str
) -> None:
    reference = f"P-{currency}"

    charged = provider.charge(saved(other_side), asking(reference, minor, currency))
    found = provider.standing(reference=reference, provider_id=charged.provider_id)

    assert found is not None
    assert (charged.state, found.state) == (PaymentState.SETTLED, PaymentState.SETTLED)
    assert (charged.amount, found.amount) == (Money(minor, currency), Money(minor, currency))


def test_a_card_that_the_bank_refuses_is_declined(provider: StripeProvider, other_side: httpx.Client) -> None:
    with pytest.raises(Declined) as refused:
        provider.charge(saved(other_side, REFUSED_WHEN_CHARGED), asking("P-REFUSED"))

    assert refused.value.reason_code == "card_declined"


def test_a_part_is_given_back_and_found_by_our_reference(provider: StripeProvider, other_side: httpx.Client) -> None:
    charged = provider.charge(saved(other_side), asking("P-BACK"))

    given = provider.refund(
        reference="C-BACK",
        payment_reference="P-BACK",
        payment_id=charged.provider_id,
        amount=Money(4_000, "USD"),
        paid=Money(10_000, "USD"),
        reason="not_working",
    )
    # As after an answer that was lost: nothing but our own reference is known.
    found = provider.refund_standing(
        reference="C-BACK", provider_id=None, payment_reference="P-BACK", payment_id=charged.provider_id
    )

    assert found is not None
    assert (given.state, given.amount) == (RefundState.SUCCEEDED, Money(4_000, "USD"))
    assert (found.state, found.provider_id) == (RefundState.SUCCEEDED, given.provider_id)
    standing = provider.standing(reference="P-BACK", provider_id=charged.provider_id)
    assert standing is not None
    assert standing.refunded_minor == 4_000


def test_a_webhook_that_others_signed_is_read(
    provider: StripeProvider, other_side: httpx.Client, receiver: Receiver
) -> None:
    told = {"url": receiver.url, "secret": SECRET, "events": ["payment_intent.succeeded"]}
    assert other_side.post("/_config/webhooks/portal", json=told).status_code == 200

    charged = provider.charge(saved(other_side), asking("P-TOLD"))
    post = receiver.wait_for(lambda post: b"P-TOLD" in post.body)
    notice = provider.notice(headers=post.headers, body=post.body, now=clock.now())

    assert (notice.kind, notice.reference, notice.provider_id) == (NoticeKind.PAYMENT, "P-TOLD", charged.provider_id)
    with pytest.raises(Forged):
        provider.notice(headers=post.headers, body=post.body.replace(b"P-TOLD", b"P-FAKE"), now=clock.now())
