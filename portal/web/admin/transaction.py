"""One transaction with everything about it: what was paid, by whom, where the money went, and what happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import render_template
from werkzeug.wrappers import Response

from portal.accounts import queries as accounts
from portal.accounts.models import User
from portal.agents import queries as agents
from portal.core import jobs, mailbox
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.ledger import queries as ledger
from portal.ledger.extracts import PostedEntry
from portal.payments import queries as payments
from portal.receipts import queries as receipts
from portal.refunds import queries as refunds
from portal.refunds import requesting
from portal.renewals import bouncing, paying
from portal.renewals import queries as renewals
from portal.renewals.models import Bounce, Renewal
from portal.renewals.states import HOLDING
from portal.wallets import queries as wallets
from portal.wallets.models import TopUp
from portal.web import access, receipt_files, requests
from portal.web.admin import books, history
from portal.web.admin.blueprint import blueprint

ESCROW = "escrow"


@dataclass(frozen=True, slots=True)
class Marks:
    """What the entries of a renewal prove: escrow holds exactly what it should, and nothing moved by itself."""

    escrow: Money
    """What escrow holds of this renewal."""
    expected: Money
    """What it should hold: the total while the carrier has not answered, and after that only what came back."""

    @property
    def is_right(self) -> bool:
        """Whether escrow holds what it should."""
        return self.escrow == self.expected

    @property
    def nets_to_zero(self) -> bool:
        """Whether nothing of the money is held any more."""
        return not self.escrow


@blueprint.get("/transactions/<transaction_id>")
@access.admin("transactions.read")
def transaction(transaction_id: str) -> str:
    """Show a renewal or a top-up whole."""
    wanted = requests.id_in_address(transaction_id)
    try:
        return _renewal_page(renewals.by_id(wanted))
    except NotFound:
        return _top_up_page(wallets.top_up(wanted))


@blueprint.get("/transactions/<transaction_id>/receipt.pdf")
@access.admin("transactions.read")
def transaction_receipt(transaction_id: str) -> Response:
    """Show a renewal's receipt as it was issued."""
    receipt = receipts.of_renewal(requests.id_in_address(transaction_id))
    if receipt is None:
        raise NotFound
    return receipt_files.send(receipt)


def marks_of(renewal: Renewal, entries: Iterable[PostedEntry], bounces: Iterable[Bounce] = ()) -> Marks:
    """Add up what a renewal's entries put into escrow and took out of it; what came back lies there too."""
    transfers = [transfer for entry in entries for transfer in entry.transfers]
    in_escrow = sum(transfer.amount_minor for transfer in transfers if transfer.credit_account == ESCROW) - sum(
        transfer.amount_minor for transfer in transfers if transfer.debit_account == ESCROW
    )
    held = renewal.total_minor if renewal.state in HOLDING else 0
    held += sum(bounce.amount_minor for bounce in bounces if bounce.is_open)
    return Marks(Money(in_escrow, renewal.currency), Money(held, renewal.currency))


def _renewal_page(renewal: Renewal) -> str:
    entries = ledger.entries_of(renewal.id)
    receipt = receipts.of_renewal(renewal.id)
    events = renewals.events_of(renewal.id)
    bounces = bouncing.of_renewal(renewal.id)
    begun = payments.of_subject(renewal.id)
    paid_by = paying.payment_of(renewal.id)
    return render_template(
        "admin/transactions/renewal.html",
        renewal=renewal,
        terms=agents.terms_by_id(renewal.terms_id),
        entries=entries,
        disputes=refunds.open_disputes([payment.id for payment in begun]),
        names=_names(entries),
        marks=marks_of(renewal, entries, bounces),
        bounces=[bounce for bounce in bounces if bounce.is_open],
        receipt=receipt,
        payments=begun,
        placed_from=next((event.address for event in events if event.address), None),
        before=history.held_words(renewal.before),
        after=history.held_words(renewal.after),
        moments=history.of_renewal(
            renewal,
            events=events,
            attempts=renewals.attempts_of(renewal.id),
            receipt=receipt,
            mails=mailbox.about(renewal.id),
            bounces=bounces,
            payment=next((payment for payment in begun if payment.id == paid_by), None),
        ),
        refunds=refunds.of_renewal(renewal.id),
        can_refund=requesting.may_be_asked_for(renewal),
        open_jobs=[row for row in jobs.open_about([renewal.id, *([receipt.id] if receipt else [])]) if row.last_error],
    )


def _top_up_page(top_up: TopUp) -> str:
    entries = ledger.entries_of(top_up.id)
    return render_template(
        "admin/transactions/top_up.html",
        top_up=top_up,
        disputes=refunds.open_disputes([top_up.payment.id] if top_up.payment else []),
        agent=agents.by_id(top_up.agent_id),
        recorded_by=_user(top_up.recorded_by),
        entries=entries,
        names=_names(entries),
    )


def _user(user_id: UUID | None) -> User | None:
    if user_id is None:
        return None
    try:
        return accounts.by_id(user_id)
    except NotFound:
        return None


def _names(entries: Sequence[PostedEntry]) -> dict[str, books.AccountName]:
    return books.names_of(
        name
        for entry in entries
        for transfer in entry.transfers
        for name in (transfer.debit_account, transfer.credit_account)
    )
