"""Give an approved run as a file for the bank: CSV for its web page, ISO 20022 for its channel."""

import csv
import io
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock, settings
from portal.core.actor import Actor
from portal.core.cells import harmless
from portal.core.db import db
from portal.core.money import to_decimal_text
from portal.payouts import bank_account, banking, pain001, queries
from portal.payouts.errors import OwnAccountMissing, PayoutMoved
from portal.payouts.models import Payout, PayoutRun, PayoutRunState, PayoutState
from portal.payouts.pain001 import CreditTransfer

COLUMNS = ("reference", "holder", "bank", "account", "bic", "amount", "currency", "purpose")

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads the file in its own encoding, and Chinese breaks."""


def as_csv(run_id: UUID, *, actor: Actor) -> bytes:
    """Write the payouts of a run that are not paid or refused yet, one a line.

    Raises:
        NotFound: there is no such run.
        PayoutMoved: it is not approved, or nothing is left to pay.
    """
    run, transfers = _to_pay(run_id)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for one in transfers:
        to = one.to
        texts = [one.reference, harmless(to.holder), harmless(to.bank), to.number, to.bic]
        writer.writerow([*texts, to_decimal_text(one.amount), one.amount.currency, f"Commission {one.reference}"])
    _record(run, "csv", actor)
    return (BYTE_ORDER_MARK + file.getvalue()).encode()


def as_pain001(run_id: UUID, *, actor: Actor) -> bytes:
    """Write the payouts of a run that are not paid or refused yet as pain.001.001.09.

    Raises:
        NotFound: there is no such run.
        PayoutMoved: it is not approved, or nothing is left to pay.
        OwnAccountMissing: the operator named no account of its own for the currency.
    """
    run, transfers = _to_pay(run_id)
    payer = banking.conditions(run.currency).bank_account
    if payer is None:
        raise OwnAccountMissing(currency=run.currency)
    written = pain001.render(
        reference=run.reference,
        made_at=run.approved_at or run.prepared_at,
        pay_on=clock.today(settings.current().time_zone),
        payer=bank_account.opened(payer),
        transfers=transfers,
    )
    _record(run, "pain.001", actor)
    return written


def _to_pay(run_id: UUID) -> tuple[PayoutRun, list[CreditTransfer]]:
    run = queries.run(run_id)
    payouts = db.session.scalars(
        select(Payout).where(Payout.run_id == run_id, Payout.state == PayoutState.APPROVED).order_by(Payout.id)
    ).all()
    if run.state is not PayoutRunState.APPROVED or not payouts:
        raise PayoutMoved
    return run, [
        CreditTransfer(payout.reference, payout.amount, bank_account.opened(payout.bank_account))
        for payout in payouts
        if payout.bank_account is not None
    ]


def _record(run: PayoutRun, kind: str, actor: Actor) -> None:
    # Whole account numbers leave the house with it.
    log.record(actor=actor, act="payouts.take_bank_file", subject=("payout_run", run.id), after={"format": kind})
