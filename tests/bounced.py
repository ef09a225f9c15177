"""Carol's renewal paid by card and delivered, money of it that goes back, and her bank that sends it back again."""

from dataclasses import dataclass, replace
from uuid import UUID

from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import sending_back
from portal.payments.models import Payment, ProviderRefund
from portal.payments.providers.base import RefundState as ProviderState
from portal.receipts import numbering
from portal.receipts import queries as receipts
from portal.refunds import paying_back, refunding, requesting
from portal.refunds.models import Refund, RefundDestination, RefundReason
from portal.renewals import fulfilment, verification
from portal.renewals.models import Renewal
from tests import make
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import Counter
from tests.renewals.online import Waiting


@dataclass
class Sold:
    """A renewal of CNY 105.00 (fee 5.00, share 3.00) that Stripe was paid for."""

    counter: Counter
    waiting: Waiting
    payment: Payment
    stripe: StubProvider

    @property
    def renewal_id(self) -> UUID:
        return self.waiting.ordered.id

    def renewal(self) -> Renewal:
        return self.waiting.renewal

    def refund(self, minor: int = 10_500) -> Refund:
        """Refund a sum through the provider, to its end."""
        asked = in_transaction(
            lambda: requesting.request(
                renewal_id=self.renewal_id,
                amount=Money(minor, "CNY"),
                reason=RefundReason.NOT_WORKING,
                note="",
                destination=RefundDestination.SOURCE,
                actor=make.actor(name="Fiona"),
            )
        )
        refunding.carry_out(asked.id)
        sending_back.carry_out(self.given(asked).id)
        return self.now(asked)

    def now(self, refund: Refund) -> Refund:
        return in_transaction(lambda: db.session.get_one(Refund, refund.id, populate_existing=True))

    def given(self, refund: Refund) -> ProviderRefund:
        """Read what the provider was asked for."""
        found = in_transaction(lambda: paying_back.asked_of(refund.id))
        assert found is not None
        return found

    def bounce(self, given: ProviderRefund) -> None:
        """Have carol's bank send back what she got, and the provider asked."""
        self.stripe.refunds = {
            name: replace(standing, state=ProviderState.FAILED, failure_code="lost_or_stolen_card")
            for name, standing in self.stripe.refunds.items()
        }
        sending_back.carry_out(given.id)


def sell(counter: Counter, stub: StubProvider, *, delivers: bool = True) -> Sold:
    """Sell the renewal online; unless it delivers, its carrier is still to be asked."""
    online.offering()
    waiting = Waiting(counter, online.order(counter), stub)
    payment = waiting.pay()
    if delivers:
        fulfilment.fulfil(waiting.ordered.id)
        receipt = receipts.of_renewal(waiting.ordered.id)
        assert receipt is not None
        in_transaction(lambda: numbering.number(receipt.id))
    return Sold(counter, waiting, payment, stub)


def wrong() -> list[str]:
    """List what the verifier finds."""
    return [f"{finding.what}: {finding.where}" for finding in in_transaction(verification.verify_everything)]
