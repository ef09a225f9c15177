"""An operator's accounts at providers: enter their credentials, try them, switch them on and off."""

from dataclasses import fields
from urllib.parse import urlsplit

from portal.audit import log
from portal.core import clock, settings
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from portal.payments import announcing, registry
from portal.payments.errors import UnknownProvider
from portal.payments.models import PaymentAccount

SECRET = frozenset(
    {
        "secret_key",
        "webhook_secret",
        "client_secret",
        "app_secret",
        "app_private_key",
        "merchant_private_key",
        "api_v3_key",
    }
)
"""What is never shown again once it was entered."""

OF_SEVERAL_LINES = frozenset({"app_private_key", "alipay_public_key", "merchant_private_key", "platform_public_key"})
"""Keys in PEM."""

MAY_BE_EMPTY = frozenset({"webhook_secret", "webhook_id", "seller_id", "app_secret"})
"""What the provider gives when the connection is tested, and what not every operator has."""

ADDRESSES = frozenset({"api_base", "sign_in_page", "sign_in_api"})
"""Where secrets are sent to, or payers."""

LONGEST = 10_000


def shown(provider: str) -> dict[str, str]:
    """Give what was entered for a provider, without its secrets; its defaults where nothing was.

    Raises:
        UnknownProvider: there is none of that name.
    """
    kind = registry.kind(provider)
    defaults = {field.name: field.default for field in fields(kind.credentials) if isinstance(field.default, str)}
    account = db.session.get(PaymentAccount, provider, populate_existing=True)
    entered = _entered(account)
    values = {name: str(defaults.get(name, "")) for name in kind.fields} | entered
    return {name: "" if name in SECRET else value for name, value in values.items()}


def enter(provider: str, entered: dict[str, str], *, actor: Actor) -> None:
    """Keep a provider's credentials, encrypted; an empty secret keeps the one entered before.

    Raises:
        InvalidInput: one is missing, or the address is none to trust.
        UnknownProvider: there is no provider of that name.
    """
    kind = registry.kind(provider)
    account = _locked(provider)
    before = _entered(account)
    kept = {}
    for name in kind.fields:
        value = entered.get(name, "").strip().replace("\r\n", "\n")
        kept[name] = value or (before.get(name, "") if name in SECRET else "")
        if not kept[name] and name not in MAY_BE_EMPTY:
            raise InvalidInput(field=name, reason="missing")
        if len(kept[name]) > LONGEST:
            raise InvalidInput(field=name, reason="too_long", length=LONGEST)
    for name in sorted(ADDRESSES & kept.keys()):
        _check_address(name, kept[name])
    if account is None:
        account = PaymentAccount(provider=provider, is_on=True)
        db.session.add(account)
    account.credentials, account.changed_at = registry.pack(kept), clock.now()
    account.connected_as = account.tested_at = None
    db.session.flush()
    _check_readable(provider)
    log.record(
        actor=actor,
        act="payments.enter_credentials",
        subject=("payment_account", None),
        after={"provider": provider, "fields": sorted(name for name in kept if kept[name] != before.get(name, ""))},
    )


def switch(provider: str, *, is_on: bool, actor: Actor) -> None:
    """Take new payments through a provider, or none any more; what is open is finished either way.

    Raises:
        UnknownProvider: there is no provider of that name.
    """
    registry.kind(provider)
    account = _locked(provider)
    if account is None:
        account = PaymentAccount(provider=provider, is_on=is_on)
        db.session.add(account)
    before = account.is_on
    account.is_on, account.changed_at = is_on, clock.now()
    db.session.flush()
    log.record(
        actor=actor,
        act="payments.switch",
        subject=("payment_account", None),
        before={"provider": provider, "is_on": before},
        after={"provider": provider, "is_on": is_on},
    )


def test(provider: str, *, actor: Actor) -> str:
    """Try a provider's credentials, and have it tell this portal of what happens; gives whose they are.

    It calls out: no transaction around it.

    Raises:
        ProviderError: the credentials are refused, or it was not reached.
        UnknownProvider: nobody entered credentials for it.
    """
    known = in_transaction(lambda: registry.get(provider))
    word = known.test_connection()
    changed = announcing.ensure(known)
    in_transaction(lambda: _write_down(provider, word, changed, actor))
    return word


def _locked(provider: str) -> PaymentAccount | None:
    return db.session.get(PaymentAccount, provider, with_for_update=True, populate_existing=True)


def _entered(account: PaymentAccount | None) -> dict[str, str]:
    return registry.unpack(bytes(account.credentials)) if account and account.credentials else {}


def _write_down(provider: str, word: str, changed: dict[str, str], actor: Actor) -> None:
    account = _locked(provider)
    if account is not None:
        account.connected_as, account.tested_at = word[:200], clock.now()
        if changed and account.credentials:
            account.credentials = registry.pack(_entered(account) | changed)
        db.session.flush()
    log.record(
        actor=actor,
        act="payments.test_connection",
        subject=("payment_account", None),
        after={"provider": provider, "connected_as": word[:200], "fields": sorted(changed)},
    )


def _check_address(name: str, entered: str) -> None:
    address = urlsplit(entered)
    is_sandbox = entered.startswith(settings.current().sandbox_url) and settings.current().sandbox_payments
    if not is_sandbox and (address.scheme != "https" or not address.hostname or address.username):
        raise InvalidInput(field=name, reason="address_not_https")


def _check_readable(provider: str) -> None:
    try:
        registry.get(provider)
    except UnknownProvider:
        raise
    except (ValueError, TypeError) as error:
        raise InvalidInput(field="form", reason="credentials_unreadable") from error
