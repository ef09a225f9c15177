"""The providers that keep the contract, each with what its tests need of the other side.

A provider joins with a subclass of `Stage` and its entry in `STAGES`.
"""

import base64
import hashlib
import hmac
import itertools
import json
import zlib
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from portal.core import clock
from portal.core.money import Money
from portal.payments.providers.base import Asking, Begun, Method, Provider, Standing, Surface
from portal.payments.providers.paypal import credentials as paypal_credentials
from portal.payments.providers.paypal.provider import PayPalProvider
from portal.payments.providers.stripe import credentials as stripe_credentials
from portal.payments.providers.stripe.provider import StripeProvider
from tests.carriers.sandbox_process import BROWSER, RunningSandbox
from tests.payments.providers.receiver import Post, Receiver

RETURN_URL, CANCEL_URL = "https://portal.example/return", "https://portal.example/cancel"

Headers = dict[str, str]

_numbers = itertools.count(1)


class Stage:
    """One provider, its stand-in, and a payer."""

    name: ClassVar[str]
    """As in `Provider.name` and in the fault plan."""
    method: ClassVar[Method]
    currency: ClassVar[str]
    """One with two decimals that it takes."""
    fee_minor: ClassVar[int]
    """What it keeps of 100.00 in that currency, in minor units."""
    surface: ClassVar[Surface] = Surface.PAGE
    tells_of_disputes: ClassVar[bool] = True
    banks_send_refunds_back: ClassVar[bool] = True

    def __init__(self, sandbox: RunningSandbox, receiver: Receiver) -> None:
        self.sandbox = sandbox
        self.receiver = receiver

    def provider(self, *, patience: float = 5.0, sandbox_url: str | None = None) -> Provider:
        """Give a provider that waits so many seconds for an answer."""
        raise NotImplementedError

    def pay(self, begun: Begun, choice: str = "pay") -> httpx.Response:
        """Do on the hosted page what a person does: `pay`, `decline` or `abandon`."""
        assert begun.go_to
        page = BROWSER.get(begun.go_to)
        assert page.status_code == 200
        return BROWSER.post(begun.go_to, data={"choice": choice})

    def signed_at(self, body: bytes, at: datetime) -> Headers:
        """Sign a webhook's body as the provider would have at an instant."""
        raise NotImplementedError

    def signed_by_somebody_else(self, body: bytes) -> Headers:
        """Sign it now with another account's key."""
        raise NotImplementedError

    def open(self, begun: Begun) -> httpx.Response | None:
        """Go to the hosted page, where the provider knows of a payment only then."""

    def unsigned(self, post: Post) -> Post:
        """Take the signature off a webhook."""
        return Post({"Content-Type": "application/json"}, post.body)

    def tampered(self, post: Post, reference: str) -> Post:
        """Change what a webhook says."""
        return Post(post.headers, post.body.replace(reference.encode(), b"P-OF-SOMEBODY"))

    def resigned(self, post: Post, at: datetime) -> Post:
        """Sign a webhook as the provider would have at an instant."""
        return Post(self.signed_at(post.body, at), post.body)

    def by_somebody_else(self, post: Post) -> Post:
        """Sign a webhook now with another account's key."""
        return Post(self.signed_by_somebody_else(post.body), post.body)

    def reference(self, prefix: str = "P") -> str:
        return f"{prefix}-{next(_numbers)}"

    def asking(self, minor: int = 10_000, currency: str | None = None, **changes: Any) -> Asking:
        values: dict[str, Any] = {
            "reference": self.reference(),
            "amount": Money(minor, currency or self.currency),
            "method": self.method,
            "surface": self.surface,
            "description": "Wallet top-up",
            "return_url": RETURN_URL,
            "cancel_url": CANCEL_URL,
            "notify_url": self.receiver.url,
            "expires_at": clock.now() + timedelta(minutes=40),
            "language": "en",
            "payer_address": "127.0.0.1",
        }
        return Asking(**(values | changes))

    def paid(self, provider: Provider, asking: Asking | None = None) -> tuple[Asking, Standing]:
        """Begin a payment, pay it, and ask for its standing."""
        asking = asking or self.asking()
        begun = provider.begin(asking)
        self.pay(begun)
        standing = provider.standing(reference=asking.reference, provider_id=begun.provider_id)
        assert standing is not None
        return asking, standing

    def refund(self, provider: Provider, asking: Asking, standing: Standing, minor: int, reference: str) -> Any:
        assert standing.amount
        return provider.refund(
            reference=reference,
            payment_reference=asking.reference,
            payment_id=standing.capture_id or standing.provider_id,
            amount=Money(minor, asking.amount.currency),
            paid=standing.amount,
            reason="asked for",
        )

    def refund_standing(
        self, provider: Provider, asking: Asking, standing: Standing, reference: str, provider_id: str | None = None
    ) -> Any:
        return provider.refund_standing(
            reference=reference,
            provider_id=provider_id,
            payment_reference=asking.reference,
            payment_id=standing.capture_id or standing.provider_id,
        )

    def break_down(self, kind: str, call: str, reference: str, **fields: Any) -> None:
        """Have the next call of a kind about a reference go wrong."""
        self.sandbox.set_fault(kind, call=call, carrier=self.name, iccid=reference, times=1, **fields)

    def at_the_control_page(self, act: str, thing_id: str) -> dict[str, Any]:
        url = f"{self.sandbox.url}/control/payments/{self.name}/{act}"
        answer = BROWSER.post(url, json={"id": thing_id})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


class StripeStage(Stage):
    name = "stripe"
    method = Method.CARD
    currency = "USD"
    fee_minor = 320

    def provider(self, *, patience: float = 5.0, sandbox_url: str | None = None) -> StripeProvider:
        credentials = stripe_credentials.of_sandbox(sandbox_url or self.sandbox.url)
        made = StripeProvider(credentials, connect_seconds=1, act_seconds=patience, ask_seconds=patience)
        if sandbox_url is None:
            made.ensure_webhook(self.receiver.url)
        return made

    def signed_at(self, body: bytes, at: datetime, secret: str = "whsec_sandbox") -> Headers:
        seconds = int(at.timestamp())
        mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={seconds},v1={mac}"}

    def signed_by_somebody_else(self, body: bytes) -> Headers:
        return self.signed_at(body, clock.now(), "whsec_of_another_account")


class PayPalStage(Stage):
    name = "paypal"
    method = Method.PAYPAL
    currency = "USD"
    fee_minor = 370

    def provider(self, *, patience: float = 5.0, sandbox_url: str | None = None) -> PayPalProvider:
        credentials = paypal_credentials.of_sandbox(sandbox_url or self.sandbox.url)
        made = PayPalProvider(credentials, connect_seconds=1, act_seconds=patience, ask_seconds=patience)
        if sandbox_url is None:
            made.ensure_webhook(self.receiver.url)
        return made

    def signed_at(self, body: bytes, at: datetime, webhook_id: str = "WH-SANDBOX") -> Headers:
        sent_at = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"t-1|{sent_at}|{webhook_id}|{zlib.crc32(body)}"
        mac = hmac.new(b"paypal-sandbox-signing", signed.encode(), hashlib.sha256).digest()
        return {
            "Paypal-Auth-Algo": "SHA256withRSA",
            "Paypal-Cert-Url": "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-SANDBOX",
            "Paypal-Transmission-Id": "t-1",
            "Paypal-Transmission-Time": sent_at,
            "Paypal-Transmission-Sig": base64.b64encode(mac).decode(),
        }

    def signed_by_somebody_else(self, body: bytes) -> Headers:
        return self.signed_at(body, clock.now(), "WH-OF-ANOTHER-APP")


STAGES: dict[str, type[Stage]] = {"stripe": StripeStage, "paypal": PayPalStage}


def shown(raw: dict[str, Any]) -> str:
    """Write what is kept of an answer as one text, to search it."""
    return json.dumps(raw)
