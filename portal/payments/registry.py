"""The providers that this portal can be paid through, each with the operator's credentials or the sandbox's."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import select

from portal.core import crypto, settings
from portal.core.db import db
from portal.payments.errors import UnknownProvider
from portal.payments.models import PaymentAccount
from portal.payments.providers.alipay import credentials as alipay
from portal.payments.providers.base import Provider
from portal.payments.providers.paypal import credentials as paypal
from portal.payments.providers.stripe import credentials as stripe
from portal.payments.providers.wechat_pay import credentials as wechat_pay


@dataclass(frozen=True, slots=True)
class Kind:
    """A provider as a settings page knows it; its library is loaded when it is first called."""

    name: str
    title: str
    credentials: type[Any]
    of_sandbox: Callable[[str], Any]
    module: str
    provider: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what an operator enters."""
        return tuple(field.name for field in fields(self.credentials))

    def load(self) -> Callable[[Any], Provider]:
        """Load its library and give what makes a provider of credentials."""
        made: Callable[[Any], Provider] = getattr(import_module(self.module), self.provider)
        return made


_PROVIDERS = "portal.payments.providers"

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "stripe",
            "Stripe",
            stripe.StripeCredentials,
            stripe.of_sandbox,
            f"{_PROVIDERS}.stripe.provider",
            "StripeProvider",
        ),
        Kind(
            "paypal",
            "PayPal",
            paypal.PayPalCredentials,
            paypal.of_sandbox,
            f"{_PROVIDERS}.paypal.provider",
            "PayPalProvider",
        ),
        Kind(
            "alipay",
            "Alipay",
            alipay.AlipayCredentials,
            alipay.of_sandbox,
            f"{_PROVIDERS}.alipay.provider",
            "AlipayProvider",
        ),
        Kind(
            "wechat_pay",
            "WeChat Pay",
            wechat_pay.WechatPayCredentials,
            wechat_pay.of_sandbox,
            f"{_PROVIDERS}.wechat_pay.provider",
            "WechatPayProvider",
        ),
    )
}
"""Every provider there is, by its name in the books; add a sibling here."""


def kind(name: str) -> Kind:
    """Give the kind of a name.

    Raises:
        UnknownProvider: there is none.
    """
    if name not in KINDS:
        raise UnknownProvider(provider=name)
    return KINDS[name]


def get(name: str) -> Provider:
    """Give a provider with the operator's credentials; ask for it within a transaction, and call it after.

    One that is switched off is given too: what was paid through it is still asked about and given back.

    Raises:
        UnknownProvider: there is no such provider, or nobody entered credentials for it.
    """
    entered = db.session.scalar(select(PaymentAccount.credentials).where(PaymentAccount.provider == kind(name).name))
    provider = _with(name, entered)
    if provider is None:
        raise UnknownProvider(provider=name)
    return provider


def usable() -> dict[str, Provider]:
    """Give every provider that may take new payments, by name."""
    rows = db.session.execute(select(PaymentAccount.provider, PaymentAccount.credentials, PaymentAccount.is_on))
    accounts = {row.provider: row for row in rows}
    entered = {name: accounts[name].credentials if name in accounts else None for name in KINDS}
    off = {name for name, account in accounts.items() if not account.is_on}
    found = {name: _with(name, credentials) for name, credentials in entered.items() if name not in off}
    return {name: provider for name, provider in found.items() if provider is not None}


def notify_url(name: str) -> str:
    """Give the address that a provider tells of what happens."""
    return f"{settings.current().address}/hooks/{name}"


def pack(entered: dict[str, str]) -> bytes:
    """Encrypt credentials for their row."""
    return crypto.vault(settings.current().encryption_key).encrypt(json.dumps(entered, sort_keys=True))


def unpack(kept: bytes) -> dict[str, str]:
    """Decrypt the credentials of a row."""
    entered: dict[str, str] = json.loads(crypto.vault(settings.current().encryption_key).decrypt(kept))
    return entered


def _with(name: str, entered: bytes | None) -> Provider | None:
    """Give a provider with the credentials that were entered, else the sandbox's; None where there are neither."""
    here = settings.current()
    if entered is not None:
        return _with_credentials(name, bytes(entered), here.encryption_key)
    return of_sandbox(name, here.sandbox_url) if here.sandbox_payments else None


# A provider costs milliseconds to make (keys are parsed, clients built), and holds no state between calls.
@lru_cache(maxsize=16)
def _with_credentials(name: str, kept: bytes, key: str) -> Provider:
    entered = json.loads(crypto.vault(key).decrypt(kept))
    return KINDS[name].load()(KINDS[name].credentials(**entered))


@lru_cache(maxsize=16)
def of_sandbox(name: str, sandbox_url: str) -> Provider:
    """Give the stand-in of a provider."""
    return KINDS[name].load()(KINDS[name].of_sandbox(sandbox_url))
