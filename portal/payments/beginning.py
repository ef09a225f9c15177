"""Begin a payment: write down what is asked, open it at the provider, write down where the payer goes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock, ids, uniqueness
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import announcing, calls, offers, registry, schedule
from portal.payments.errors import OtherPaymentBegun, PaymentNotBegun, ProviderUnavailable
from portal.payments.models import Payment, PaymentAct, PaymentPurpose, PaymentState
from portal.payments.providers.base import (
    Asking,
    Begun,
    Declined,
    Method,
    Provider,
    ProviderError,
    Surface,
    UnknownOutcome,
)

LASTS = timedelta(minutes=45)
"""How long a payer has: Stripe's pages live for at least 30 minutes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How somebody wants to pay: by what, before which screen, and in which language they read."""

    method: Method
    surface: Surface
    language: str
    payer_id: str | None = None
    """What the provider's app around the page calls them, where they pay inside it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment to be, as its caller asks for it."""

    purpose: PaymentPurpose
    subject_id: UUID
    agent_id: UUID
    customer_id: UUID | None
    amount: Money
    method: Method
    surface: Surface
    description: str
    language: str
    actor: Actor
    idempotency_key: str
    return_url: str = ""
    cancel_url: str = ""
    expires_at: datetime | None = None
    is_to_be_saved: bool = False
    saved_method_id: UUID | None = None

    @property
    def digest(self) -> bytes:
        """Digest what the payer agreed to; the subject of a top-up is made anew at each try."""
        subject = "" if self.purpose is PaymentPurpose.TOP_UP else str(self.subject_id)
        parts = (
            self.purpose,
            subject,
            str(self.amount.minor),
            self.amount.currency,
            self.method,
            str(self.customer_id),
        )
        return hashlib.sha256("|".join(parts).encode()).digest()


def begin(  # noqa: PLR0913 - a payment has so many facts, all named
    *,
    purpose: PaymentPurpose,
    subject_id: UUID,
    agent_id: UUID,
    customer_id: UUID | None,
    amount: Money,
    choice: Choice,
    description: str,
    return_url: str,
    cancel_url: str,
    actor: Actor,
    idempotency_key: str,
    save: bool = False,
    expires_at: datetime | None = None,
) -> Payment:
    """Open a payment for its payer, who goes to `go_to`, scans `qr_text`, or pays in an app that is handed `for_app`.

    Call it outside of any transaction. Amount, currency and purpose are fixed from now on. The same idempotency key of
    the same agent gives the same payment, as it stands now: look at its state first. Where the provider's page has
    closed before the payment, a fresh one is asked for under the same reference. `{payment}` in `return_url` and
    `cancel_url` (absolute addresses) becomes the payment's id. A payment lasts 45 minutes unless `expires_at` says
    otherwise (not before 31 minutes from now).

    Raises:
        MethodNotOffered: the method is not offered in this currency to this payer.
        OtherPaymentBegun: the idempotency key stands for something else.
        PaymentNotBegun: the provider refused it.
        ProviderUnavailable: the provider was not reached; the same key may be tried again.
    """
    wanted = Wanted(
        purpose=purpose,
        subject_id=subject_id,
        agent_id=agent_id,
        customer_id=customer_id,
        amount=amount,
        method=choice.method,
        surface=choice.surface,
        description=description,
        language=choice.language,
        actor=actor,
        idempotency_key=idempotency_key,
        return_url=return_url,
        cancel_url=cancel_url,
        expires_at=expires_at,
        is_to_be_saved=save,
    )
    payment, provider = in_transaction(lambda: _intend_offered(wanted))
    if not payment.is_open or payment.has_way(now=clock.now()):
        return payment
    announcing.before_the_first(provider)
    asking = asking_of(payment, payer_id=choice.payer_id)
    try:
        begun = _opened(provider, asking)
    except Declined as error:
        refusal = error
        in_transaction(lambda: calls.record_refusal(payment.id, PaymentAct.BEGIN, refusal))
        raise PaymentNotBegun(reason_code=error.reason_code) from error
    except ProviderError as error:
        failure = error
        in_transaction(lambda: calls.record(payment.id, PaymentAct.BEGIN, failure.reason_code, failure.raw))
        raise ProviderUnavailable from error
    return in_transaction(lambda: _record(payment.id, begun))


def intend(wanted: Wanted, *, provider: str, lasts: timedelta = LASTS) -> tuple[Payment, bool]:
    """Write down a payment that is about to be asked of a provider; tells whether it is a new one.

    Raises:
        OtherPaymentBegun: the idempotency key stands for something else.
    """
    standing = db.session.scalar(
        select(Payment)
        .where(Payment.agent_id == wanted.agent_id, Payment.idempotency_key == wanted.idempotency_key)
        .execution_options(populate_existing=True)
    )
    if standing is not None:
        if bytes(standing.request_digest) != wanted.digest:
            raise OtherPaymentBegun
        return standing, False
    now = clock.now()
    payment_id = ids.new_id()
    payment = Payment(
        id=payment_id,
        reference=ids.reference("P"),
        purpose=wanted.purpose,
        subject_id=wanted.subject_id,
        agent_id=wanted.agent_id,
        customer_id=wanted.customer_id,
        method=wanted.method,
        surface=wanted.surface,
        provider=provider,
        saved_method_id=wanted.saved_method_id,
        is_to_be_saved=wanted.is_to_be_saved,
        currency=wanted.amount.currency,
        amount_minor=wanted.amount.minor,
        state=PaymentState.BEGUN,
        description=wanted.description[:100],
        language=wanted.language,
        return_url=wanted.return_url.replace("{payment}", str(payment_id)),
        cancel_url=wanted.cancel_url.replace("{payment}", str(payment_id)),
        begun_at=now,
        expires_at=wanted.expires_at or now + lasts,
        ask_at=now + schedule.FIRST_ASK,
        asks=0,
        idempotency_key=wanted.idempotency_key,
        request_digest=wanted.digest,
        **wanted.actor.columns,
    )
    db.session.add(payment)
    # Sent twice at once: the second finds the first one's payment.
    uniqueness.flush("uq_payments_agent_id_idempotency_key", "uq_payments_reference")
    log.record(
        actor=wanted.actor,
        act="payments.begin",
        subject=("payment", payment.id),
        after={
            "reference": payment.reference,
            "purpose": payment.purpose,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "method": payment.method,
            "provider": provider,
        },
    )
    return payment, True


def asking_of(payment: Payment, *, payer_id: str | None = None) -> Asking:
    """Say to a provider what a payment asks for."""
    return Asking(
        reference=payment.reference,
        amount=payment.amount,
        method=payment.method,
        surface=payment.surface,
        description=payment.description,
        return_url=payment.return_url,
        cancel_url=payment.cancel_url,
        notify_url=registry.notify_url(payment.provider),
        expires_at=payment.expires_at,
        language=payment.language,
        payer_address=payment.address,
        payer_id=payer_id,
        is_to_be_saved=payment.is_to_be_saved,
    )


def _intend_offered(wanted: Wanted) -> tuple[Payment, Provider]:
    offered = offers.one(
        method=wanted.method,
        surface=wanted.surface,
        currency=wanted.amount.currency,
        channel=offers.CHANNEL_OF[wanted.purpose],
    )
    payment, _is_new = intend(wanted, provider=offered.provider)
    return payment, registry.get(payment.provider)


def _opened(provider: Provider, asking: Asking) -> Begun:
    try:
        return provider.begin(asking)
    except UnknownOutcome:
        return provider.begin(asking)  # the same reference opens nothing twice


def _record(payment_id: UUID, begun: Begun) -> Payment:
    payment = calls.locked(payment_id)
    payment.provider_id = payment.provider_id or begun.provider_id
    payment.go_to, payment.qr_text, payment.for_app = begun.go_to, begun.qr_text, begun.for_app
    payment.go_to_until = begun.go_to_until
    calls.record(payment_id, PaymentAct.BEGIN, "begun", begun.raw)
    return payment
