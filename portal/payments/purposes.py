"""What follows when a payment is settled or given back: registered by those who sell."""

from collections.abc import Callable
from typing import TypeVar

from portal.payments.models import Payment, PaymentPurpose, ProviderRefund

Act = Callable[[Payment], None]
"""Runs in the transaction that moves the payment, whose row is locked."""

RefundAct = Callable[[ProviderRefund], None]
"""Runs in the transaction in which a refund succeeded or failed; its `state` tells which."""

DisputeAct = Callable[[str, str], None]
"""Told the provider's name and its id of a dispute that something happened to; outside of any transaction."""

Key = TypeVar("Key")
AnyAct = TypeVar("AnyAct", Act, RefundAct)

SETTLES: dict[PaymentPurpose, Act] = {}
KNOWN_TO_THE_DATABASE: set[Act] = set()
REFUNDED: dict[str, RefundAct] = {}
DISPUTES: list[DisputeAct] = []


def settles(purpose: PaymentPurpose) -> Callable[[Act], Act]:
    """Name the act that books a settled payment and moves what it paid for.

    It is called once a payment. It raises `errors.TooLate` before it changed anything where what was paid for can not
    be had any more: the money then goes back to the payer. What was paid is `payment.settled`.
    """
    return _registering(SETTLES, purpose)


def known_to_the_database(act: Act) -> Act:
    """Say that `settle_payment` books the same as this act where all is as it was asked for; see docs/adr/0019."""
    KNOWN_TO_THE_DATABASE.add(act)
    return act


def refunded(kind: str) -> Callable[[RefundAct], RefundAct]:
    """Name the act that follows when a refund of a kind (see `refunding.give_back`) succeeded or failed.

    It is called again when a failed one that was tried again succeeds, and when the payer's bank sends back what had
    succeeded: that one has failed then.
    """
    return _registering(REFUNDED, kind)


def disputes(act: DisputeAct) -> DisputeAct:
    """Have an act told of every notice about a chargeback."""
    DISPUTES.append(act)
    return act


def _registering(acts: dict[Key, AnyAct], key: Key) -> Callable[[AnyAct], AnyAct]:
    def register(act: AnyAct) -> AnyAct:
        if key in acts:
            raise ValueError(f"two acts for {key}")
        acts[key] = act
        return act

    return register
