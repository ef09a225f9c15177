"""A wallet's statement: every movement with the balance after it, straight from the books."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, union_all

from portal.core.db import db
from portal.core.money import Money
from portal.core.pages import PAGE_SIZE, Page, number_key, page_of
from portal.ledger.models import Transfer
from portal.wallets.queries import Wallet

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement from the wallet's side: money in is positive, money out negative."""

    id: int
    kind: str
    """The kind of the entry: `top_up`, `hold`, `return`, `refund` and whatever else moves a wallet."""
    subject_kind: str
    subject_id: UUID
    at: datetime
    amount: Money
    balance: Money
    """What the wallet held right after it."""

    @property
    def is_in(self) -> bool:
        """Whether money came in."""
        return self.amount.minor > 0


def page(
    wallet: Wallet, *, older: str | None = None, newer: str | None = None, size: int = PAGE_SIZE
) -> Page[Movement]:
    """Page through a wallet's movements, the newest first."""
    before, after = number_key(older), number_key(newer)
    if after is not None:
        rows = _fetch(wallet, Transfer.id > after, is_rising=True, limit=size + 1)
    else:
        bound = Transfer.id < before if before is not None else None
        rows = _fetch(wallet, bound, is_rising=False, limit=size + 1)
    return page_of(
        rows,
        key=lambda movement: str(movement.id),
        size=size,
        older=older if before is not None else None,
        newer=newer if after is not None else None,
    )


def whole(wallet: Wallet) -> Iterator[list[Movement]]:
    """Give all of a wallet's movements in chunks, the oldest first, for a file."""
    last = 0
    while rows := _fetch(wallet, Transfer.id > last, is_rising=True, limit=CHUNK):
        yield rows
        last = rows[-1].id


def _fetch(wallet: Wallet, bound: ColumnElement[bool] | None, *, is_rising: bool, limit: int) -> list[Movement]:
    # One half an index: money out and money in are found apart, and only so many of each are merged.
    halves = []
    for side in (Transfer.debit_account_id, Transfer.credit_account_id):
        half = select(Transfer.id).where(side == wallet.account_id)
        if bound is not None:
            half = half.where(bound)
        halves.append(half.order_by(Transfer.id if is_rising else Transfer.id.desc()).limit(limit))
    ids = union_all(*(select(half.subquery().c.id) for half in halves)).subquery()
    order = Transfer.id if is_rising else Transfer.id.desc()
    rows = db.session.scalars(select(Transfer).where(Transfer.id.in_(select(ids.c.id))).order_by(order).limit(limit))
    return [_movement(wallet, row) for row in rows]


def _movement(wallet: Wallet, transfer: Transfer) -> Movement:
    is_in = transfer.credit_account_id == wallet.account_id
    after = transfer.credit_balance_minor if is_in else transfer.debit_balance_minor
    return Movement(
        id=transfer.id,
        kind=transfer.kind,
        subject_kind=transfer.subject_kind,
        subject_id=transfer.subject_id,
        at=transfer.posted_at,
        amount=Money(transfer.amount_minor if is_in else -transfer.amount_minor, transfer.currency),
        balance=Money(after or 0, transfer.currency),
    )
