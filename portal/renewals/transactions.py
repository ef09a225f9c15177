"""Every renewal and money movement in one list, newest first: found through indexes, whatever the filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.core import ids
from portal.core.db import db
from portal.core.pages import PAGE_SIZE, Page, page_of
from portal.renewals.states import RenewalState

MOST_PEOPLE = 500
"""A name or card number that fits more rows than this is too vague to list by; the newest of these many are taken."""


class TransactionKind(StrEnum):
    """What a row of the list is."""

    RENEWAL = "renewal"
    """A card was renewed, or was to be."""
    TOP_UP = "top_up"
    """An agent's wallet was filled."""


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What to look for; None or empty means anything. Instants are aware; amounts are minor units of `currency`."""

    since: datetime | None = None
    until: datetime | None = None
    agent_id: UUID | None = None
    customer: str = ""
    """E-mail address, phone number, or the beginning of a name."""
    card: str = ""
    """The beginning of an ICCID."""
    state: RenewalState | None = None
    kind: TransactionKind | None = None
    amount_from_minor: int | None = None
    amount_to_minor: int | None = None
    currency: str = ""
    """Needed with an amount: without it the amounts are not looked at."""
    reference: str = ""
    """A renewal's, a top-up's or a bank's reference, or a receipt's number."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row: the amount is what the customer paid, or what was paid into the wallet, in minor units."""

    id: UUID
    kind: str
    reference: str
    at: datetime
    state: str | None
    agent_id: UUID
    agent_name_en: str
    agent_name_zh: str
    customer_name: str | None
    iccid: str | None
    plan_code: str | None
    amount_minor: int
    fee_minor: int | None
    currency: str
    receipt_number: str | None


_RENEWALS = """
SELECT found.id, 'renewal' AS kind, found.reference, found.placed_at AS at, found.state, found.agent_id,
       agents.name_en AS agent_name_en, agents.name_zh AS agent_name_zh, customers.name AS customer_name,
       cards.iccid, plans.code AS plan_code, found.total_minor AS amount_minor, found.fee_minor, found.currency,
       receipts.number AS receipt_number
FROM (SELECT * FROM renewals WHERE {where} ORDER BY id {order} LIMIT :size) found
JOIN agents ON agents.id = found.agent_id
JOIN customers ON customers.id = found.customer_id
JOIN cards ON cards.id = found.card_id
JOIN plan_versions ON plan_versions.id = found.plan_version_id
JOIN plans ON plans.id = plan_versions.plan_id
LEFT JOIN receipts ON receipts.renewal_id = found.id
"""

_TOP_UPS = """
SELECT found.id, 'top_up', found.reference, found.recorded_at, NULL, found.agent_id, agents.name_en, agents.name_zh,
       NULL, NULL, NULL, found.amount_minor, NULL, found.currency, NULL
FROM (SELECT * FROM top_ups WHERE {where} ORDER BY id {order} LIMIT :size) found
JOIN agents ON agents.id = found.agent_id
"""


def page(
    wanted: TransactionFilter, *, older: str | None = None, newer: str | None = None, size: int = PAGE_SIZE
) -> Page[Transaction]:
    """Page through the transactions that match, newest first."""
    newer_id = ids.parse_id(newer or "")
    older_id = None if newer_id else ids.parse_id(older or "")
    rows = _fetch(wanted, older=older_id, newer=newer_id, size=size + 1)
    return page_of(
        rows,
        key=lambda row: str(row.id),
        size=size,
        older=older if older_id else None,
        newer=newer if newer_id else None,
    )


def every(wanted: TransactionFilter, *, chunk: int = 1000) -> Iterator[list[Transaction]]:
    """Go through all transactions that match, newest first, in chunks that are each one short query."""
    older = None
    while rows := _fetch(wanted, older=older, newer=None, size=chunk):
        yield rows
        older = rows[-1].id


def _fetch(wanted: TransactionFilter, *, older: UUID | None, newer: UUID | None, size: int) -> list[Transaction]:
    values: dict[str, Any] = {"size": size}
    order = "ASC" if newer else "DESC"
    parts = []
    if wanted.kind in (None, TransactionKind.RENEWAL):
        where = _renewal_conditions(wanted, values)
        parts.append((_RENEWALS, where))
    if wanted.kind in (None, TransactionKind.TOP_UP) and not (wanted.customer or wanted.card or wanted.state):
        parts.append((_TOP_UPS, _top_up_conditions(wanted, values)))
    keyset = []
    if older:
        keyset.append("id < :older")
        values["older"] = older
    if newer:
        keyset.append("id > :newer")
        values["newer"] = newer
    queries = [sql.format(where=" AND ".join([*where, *keyset]) or "true", order=order) for sql, where in parts]
    if not queries:
        return []
    union = " UNION ALL ".join(f"({query})" for query in queries)
    rows = db.session.execute(text(f"{union} ORDER BY id {order} LIMIT :size"), values)
    return [Transaction(*row) for row in rows]


def _renewal_conditions(wanted: TransactionFilter, values: dict[str, Any]) -> list[str]:
    conditions = _shared_conditions(wanted, values, amount="total_minor")
    if wanted.state:
        conditions.append("state = :state")
        values["state"] = wanted.state.value
    if wanted.customer:
        values["customer_ids"] = _customer_ids(wanted.customer)
        conditions.append("customer_id = ANY(:customer_ids)")
    if wanted.card:
        values["card_ids"] = _card_ids(wanted.card)
        conditions.append("card_id = ANY(:card_ids)")
    if wanted.reference:
        values["reference"] = wanted.reference.strip().upper()
        conditions.append(
            """id IN (SELECT id FROM renewals WHERE reference = :reference
                      UNION ALL SELECT renewal_id FROM receipts WHERE number = :reference)"""
        )
    return conditions


def _top_up_conditions(wanted: TransactionFilter, values: dict[str, Any]) -> list[str]:
    conditions = _shared_conditions(wanted, values, amount="amount_minor")
    if wanted.reference:
        values["reference"] = wanted.reference.strip().upper()
        conditions.append("(reference = :reference OR bank_reference = :reference)")
    return conditions


def _shared_conditions(wanted: TransactionFilter, values: dict[str, Any], *, amount: str) -> list[str]:
    conditions = []
    # Ids are ordered by time, so a span of time is a span of the primary key.
    if wanted.since:
        conditions.append("id >= :since_id")
        values["since_id"] = ids.first_at(wanted.since)
    if wanted.until:
        conditions.append("id < :until_id")
        values["until_id"] = ids.first_at(wanted.until)
    if wanted.agent_id:
        conditions.append("agent_id = :agent_id")
        values["agent_id"] = wanted.agent_id
    if wanted.currency:
        conditions.append("currency = :currency")
        values["currency"] = wanted.currency
        if wanted.amount_from_minor is not None:
            conditions.append(f"{amount} >= :amount_from")
            values["amount_from"] = wanted.amount_from_minor
        if wanted.amount_to_minor is not None:
            conditions.append(f"{amount} <= :amount_to")
            values["amount_to"] = wanted.amount_to_minor
    return conditions


def _customer_ids(words: str) -> list[UUID]:
    words = words.strip()
    rows = db.session.execute(
        text(
            """
            SELECT id FROM customers
            WHERE lower(email) = lower(:words) OR phone = :phone OR lower(name) LIKE lower(:beginning)
            ORDER BY id DESC LIMIT :most
            """
        ),
        {
            "words": words,
            "phone": words.replace(" ", ""),
            "beginning": _beginning(words),
            "most": MOST_PEOPLE,
        },
    )
    return [row.id for row in rows]


def _card_ids(number: str) -> list[UUID]:
    digits = "".join(sign for sign in number if sign.isdigit())
    rows = db.session.execute(
        text("SELECT id FROM cards WHERE iccid LIKE :beginning ORDER BY id DESC LIMIT :most"),
        {"beginning": _beginning(digits) if digits else "", "most": MOST_PEOPLE},
    )
    return [row.id for row in rows]


def _beginning(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"
