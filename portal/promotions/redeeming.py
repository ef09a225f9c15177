"""Redeem a promotion in the order's own transaction, and give it back once when the order came to nothing."""

from uuid import UUID

from psycopg.errors import CheckViolation

from portal.core import clock, ids
from portal.core.db import execute
from portal.core.errors import PortalError
from portal.core.money import Money
from portal.promotions.errors import PromotionUsedByCustomer, PromotionUsedUp

_REFUSALS: dict[str | None, type[PortalError]] = {
    "ck_promotion_counters_within_limit": PromotionUsedUp,
    "ck_promotion_codes_within_limit": PromotionUsedUp,
    "ck_promotion_customers_within_limit": PromotionUsedByCustomer,
}


class refusals:  # noqa: N801 - reads as a word in `with redeeming.refusals():`
    """Turn the database's refusals of a redemption into our own errors."""

    def __enter__(self) -> None:
        """Begin to watch."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate the violations of promotions' limits; let everything else pass."""
        if isinstance(error, CheckViolation) and (refusal := _REFUSALS.get(error.diag.constraint_name)):
            raise refusal from error


def redeem(
    *, promotion_id: UUID, code: str, renewal_id: UUID, agent_id: UUID, customer_id: UUID, discount: Money
) -> None:
    """Count one use by a renewal that is placed in this transaction; `placing` does the same inside its statement.

    `code` is empty for a promotion that needs none.

    Raises:
        PromotionUsedUp: the promotion or its code was used as often as it may be.
        PromotionUsedByCustomer: the customer used it as often as one may.
    """
    with refusals():
        execute(
            """
            SELECT redeem_promotion(%(id)s, %(promotion_id)s, %(code)s, %(renewal_id)s, %(agent_id)s,
                                    %(customer_id)s, %(discount)s, %(currency)s, %(at)s)
            """,
            {
                "id": ids.new_id(),
                "promotion_id": promotion_id,
                "code": code,
                "renewal_id": renewal_id,
                "agent_id": agent_id,
                "customer_id": customer_id,
                "discount": discount.minor,
                "currency": discount.currency,
                "at": clock.now(),
            },
        )


def give_back(renewal_id: UUID) -> bool:
    """Let what a renewal redeemed be used again, once; tell whether there was anything to give back."""
    ((given,),) = execute(
        "SELECT give_back_promotion(%(renewal_id)s, %(at)s)",
        {"renewal_id": renewal_id, "at": clock.now()},
    )
    return bool(given)
