"""What stands beside the pay button: the sum, what the wallet holds after it, and what is missing: pure."""

from dataclasses import dataclass
from uuid import UUID

from portal.agents.models import CommissionTerms
from portal.core.money import BPS, Money, round_half_up
from portal.promotions.models import PromotionBearer
from portal.renewals.offers import Offer
from portal.wallets.queries import Wallet


@dataclass(frozen=True, slots=True)
class Till:
    """A chosen plan at its price, and the wallet that would pay it. `key` makes the form safe to send twice."""

    offer: Offer
    wallet: Wallet
    key: UUID
    terms: CommissionTerms | None

    @property
    def total(self) -> Money:
        """What the button takes."""
        return self.offer.quote.total

    @property
    def price(self) -> Money:
        """The plan's retail price, tax included."""
        return self._money(self.offer.quote.price_minor)

    @property
    def fee(self) -> Money:
        """The commission fee that the customer pays on top."""
        return self._money(self.offer.quote.fee_minor)

    @property
    def base(self) -> Money:
        """The price less the discount."""
        return self._money(self.offer.quote.base_minor)

    @property
    def discount(self) -> Money:
        """What a promotion takes off, as a negative amount."""
        return self._money(-self.offer.quote.discount_minor)

    @property
    def tax(self) -> Money:
        """The part of the price that is tax."""
        return self._money(self.offer.quote.tax_minor)

    @property
    def borne(self) -> Money:
        """The discount that the agent bears itself."""
        promotion = self.offer.promotion
        is_borne = promotion is not None and promotion.bearer is PromotionBearer.AGENT
        return self._money(self.offer.quote.discount_minor if is_borne else 0)

    @property
    def earned(self) -> Money:
        """What the agent earns: the fee and the operator's share, less a discount that it bears itself."""
        return self._money(self.offer.quote.fee_minor + self.offer.quote.share_minor) - self.borne

    @property
    def left(self) -> Money:
        """What the wallet holds once it has paid; below zero is credit."""
        return self.wallet.balance - self.total

    @property
    def missing(self) -> Money:
        """What the wallet and its credit limit are short of; zero when they cover the total."""
        return max(self.total - self.wallet.available, self._money(0))

    @property
    def is_covered(self) -> bool:
        """Whether the wallet can pay."""
        return not self.missing

    @property
    def fee_bps(self) -> int | None:
        """The rate of the fee in basis points, where the rate alone makes it."""
        rate = self.terms.fee_bps if self.terms else 0
        is_whole_fee = round_half_up(self.offer.quote.base_minor * rate, BPS) == self.offer.quote.fee_minor
        return rate if rate and is_whole_fee else None

    def _money(self, minor: int) -> Money:
        return Money(minor, self.offer.quote.currency)
