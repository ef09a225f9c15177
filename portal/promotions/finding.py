"""Find the promotions that a customer may get, by themselves and by a code."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy import text as sql

from portal.catalogue.models import Plan, PlanVersion
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.customers.models import Customer
from portal.promotions import campaigns, codes
from portal.promotions.choosing import Candidate
from portal.promotions.models import Promotion, PromotionCode, PromotionCounter, PromotionCustomer

_Uses: TypeAlias = Select[UUID, int, datetime | None, int]
"""A promotion's id, how often it was used, when somebody ended it, and how often the person used it.

Both are counted where the promotion limits them, and 0 elsewhere.
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """What changes about a promotion, the code that was given for it, and how often the person used it."""

    promotion_id: UUID
    used: int
    ended_at: datetime | None
    times_used: int
    code: PromotionCode | None = None


def for_customer(*, agent_id: UUID, customer_id: UUID, code: str = "", now: datetime) -> list[Candidate]:
    """List what may apply to a customer of an agent: what is open and needs no code, and what the code belongs to.

    Raises:
        InvalidInput: `promotion_code_unknown`.
    """
    found = [_Found(*row) for row in db.session.execute(_automatic(agent_id, customer_id, now))]
    if code.strip():
        found.append(_of_code(code, customer_id))
    return _candidates(found, customer_id)


def again(*, promotion_id: UUID, code: str, customer_id: UUID) -> list[Candidate]:
    """Give the promotion of a quote as it is now, with the code that was given for it."""
    if code:
        return _candidates([_of_code(code, customer_id)], customer_id)
    asked = _with_uses(customer_id, Promotion.id == promotion_id)
    return _candidates([_Found(*row) for row in db.session.execute(asked)], customer_id)


def _automatic(agent_id: UUID, customer_id: UUID, now: datetime) -> _Uses:
    return _with_uses(
        customer_id,
        Promotion.is_automatic.is_(True),
        Promotion.ended_at.is_(None),
        Promotion.starts_at <= now,
        or_(Promotion.ends_at.is_(None), Promotion.ends_at > now),
        or_(func.cardinality(Promotion.agent_ids) == 0, Promotion.agent_ids.any_() == agent_id),
    )


def _with_uses(customer_id: UUID, *conditions: ColumnElement[bool]) -> _Uses:
    person = select(Customer.person_id).where(Customer.id == customer_id).scalar_subquery()
    counted = select(func.sum(PromotionCounter.used)).where(PromotionCounter.promotion_id == Promotion.id)
    return (
        select(
            Promotion.id,
            # Nothing is looked for where nothing is limited.
            case((Promotion.total_limit.is_not(None), counted.scalar_subquery()), else_=0),
            Promotion.ended_at,
            func.coalesce(PromotionCustomer.used, 0),
        )
        .outerjoin_from(
            Promotion,
            PromotionCustomer,
            and_(PromotionCustomer.promotion_id == Promotion.id, PromotionCustomer.person_id == person),
        )
        .where(*conditions)
        .order_by(Promotion.id)
    )


def _of_code(code: str, customer_id: UUID) -> _Found:
    kept = codes.normal(code)
    found = db.session.execute(
        _with_uses(customer_id, PromotionCode.code == kept)
        .join(PromotionCode, PromotionCode.promotion_id == Promotion.id)
        .add_columns(PromotionCode)
        .execution_options(populate_existing=True)  # its uses are counted beside us
    ).first()
    if not kept or found is None:
        raise InvalidInput(field="code", reason="promotion_code_unknown")
    return _Found(*found)


def _candidates(found: Sequence[_Found], customer_id: UUID) -> list[Candidate]:
    said = campaigns.by_ids([one.promotion_id for one in found])
    is_first = not any(one.is_first_time_only for one in said.values()) or _never_bought(customer_id)
    smaller = _prices(one.priced_as_plan_id for one in said.values() if one.priced_as_plan_id)
    return [
        Candidate(
            promotion=promotion,
            used=one.used,
            ended_at=one.ended_at,
            code=one.code.code if one.code else "",
            is_code_used_up=bool(one.code and one.code.max_uses is not None and one.code.used >= one.code.max_uses),
            times_used=one.times_used,
            is_first=is_first,
            smaller_price_minor=smaller.get((promotion.priced_as_plan_id, promotion.currency)),
        )
        for one in found
        for promotion in [said[one.promotion_id]]
    ]


def _never_bought(customer_id: UUID) -> bool:
    # Promotions stand below renewals, and know only this of them; `promotion_in_force` asks the same when it is sold.
    bought = db.session.scalar(
        sql(
            """
            SELECT EXISTS (
                SELECT FROM customers known
                JOIN renewals ON customer_id = known.id AND state NOT IN ('refused', 'returned', 'cancelled')
                WHERE person_id = (SELECT person_id FROM customers WHERE id = :customer))
            """
        ),
        {"customer": customer_id},
    )
    return not bought


def _prices(plan_ids: Iterable[UUID]) -> dict[tuple[UUID | None, str], int]:
    wanted: Collection[UUID] = set(plan_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(PlanVersion.plan_id, PlanVersion.currency, PlanVersion.price_minor)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(PlanVersion.plan_id.in_(wanted), PlanVersion.superseded_at.is_(None))
    )
    return {(plan_id, currency): price_minor for plan_id, currency, price_minor in rows}
