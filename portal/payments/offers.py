"""Which methods of payment are offered, in which currency, before whom, and through which provider."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select

from portal.audit import log
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.payments import registry
from portal.payments.errors import MethodNotOffered
from portal.payments.models import PaymentChannel, PaymentOffer, PaymentPurpose, SavedMethod
from portal.payments.providers.base import Method, Surface

CHANNEL_OF = {
    PaymentPurpose.TOP_UP: PaymentChannel.AGENT,
    PaymentPurpose.RENEWAL: PaymentChannel.WEBSITE,
}
"""Who pays for what: agents fill their wallet, customers pay for renewals."""


@dataclass(frozen=True, slots=True)
class OfferedMethod:
    """A method that a payer may choose, the provider it goes through, and where the payer may stand."""

    method: Method
    provider: str
    surfaces: frozenset[Surface]
    can_be_saved: bool
    """Whether it can be kept for later charges while its owner is away."""


def methods(currency: str, channel: PaymentChannel) -> list[OfferedMethod]:
    """List the methods that are offered in a currency and channel, in the order of `Method`."""
    usable = registry.usable()
    offers = db.session.scalars(
        select(PaymentOffer).where(PaymentOffer.currency == currency, PaymentOffer.channel == channel)
    )
    chosen = {offer.method: offer.provider for offer in offers if offer.provider in usable}
    return [
        OfferedMethod(
            method, chosen[method], usable[chosen[method]].methods[method], usable[chosen[method]].can_charge_saved
        )
        for method in Method
        if method in chosen and method in usable[chosen[method]].methods
    ]


def chargeable(kept: Iterable[SavedMethod], currency: str, channel: PaymentChannel) -> list[SavedMethod]:
    """Choose of saved cards and accounts those whose method is offered in a currency through the same provider."""
    offered = {(one.method, one.provider) for one in methods(currency, channel) if one.can_be_saved}
    return [one for one in kept if (one.method, one.provider) in offered]


def one(*, method: Method, surface: Surface, currency: str, channel: PaymentChannel) -> OfferedMethod:
    """Give the offer of a method.

    Raises:
        MethodNotOffered: it is not offered so.
    """
    for offered in methods(currency, channel):
        if offered.method is method and surface in offered.surfaces:
            return offered
    raise MethodNotOffered(field="method", method=method, currency=currency)


def currencies(channel: PaymentChannel) -> list[str]:
    """List the currencies in which anything is offered in a channel."""
    found = db.session.scalars(
        select(PaymentOffer.currency).where(PaymentOffer.channel == channel).distinct().order_by(PaymentOffer.currency)
    )
    return list(found)


def choices(currency: str) -> dict[Method, list[str]]:
    """List for every method the providers that could take it in a currency."""
    usable = registry.usable()
    return {
        method: [
            name
            for name, provider in usable.items()
            if method in provider.methods and _takes(provider.currencies(method), currency)
        ]
        for method in Method
    }


def all_offers() -> list[PaymentOffer]:
    """List every offer by currency and channel."""
    return list(
        db.session.scalars(
            select(PaymentOffer).order_by(PaymentOffer.currency, PaymentOffer.channel, PaymentOffer.method)
        )
    )


def offer(*, currency: str, channel: PaymentChannel, chosen: dict[Method, str], actor: Actor) -> None:
    """Settle what is offered in a currency and channel: each method with its provider, the rest not at all.

    Raises:
        InvalidInput: a provider does not take the method in the currency.
    """
    possible = choices(currency)
    for method, provider in chosen.items():
        if provider not in possible[method]:
            raise InvalidInput(field=method.value, reason="provider_takes_it_not", provider=provider)
    before = {found.method.value: found.provider for found in all_offers() if _is_of(found, currency, channel)}
    db.session.execute(delete(PaymentOffer).where(PaymentOffer.currency == currency, PaymentOffer.channel == channel))
    db.session.add_all(
        PaymentOffer(currency=currency, channel=channel, method=method, provider=provider)
        for method, provider in chosen.items()
    )
    db.session.flush()  # a reader in this transaction must see the new ones
    log.record(
        actor=actor,
        act="payments.offer",
        subject=("payment_offer", None),
        before={"currency": currency, "channel": channel, "methods": before},
        after={
            "currency": currency,
            "channel": channel,
            "methods": {method.value: provider for method, provider in chosen.items()},
        },
    )


def _takes(listed: Collection[str] | None, currency: str) -> bool:
    return listed is None or currency in listed


def _is_of(found: PaymentOffer, currency: str, channel: PaymentChannel) -> bool:
    return found.currency == currency and found.channel is channel
