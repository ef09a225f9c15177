"""The agent's wallet: its statement a currency, to look at and to take away, and how to top it up."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Response, g, render_template, request, stream_with_context
from flask_babel import gettext as _

from portal.core.cells import harmless
from portal.core.money import to_decimal_text
from portal.core.pages import SHORT_PAGE_SIZE
from portal.core.settings import current as settings
from portal.payments import offers, saving
from portal.payments import queries as payments
from portal.payments.models import Payment, PaymentChannel
from portal.refunds import queries as refunds
from portal.renewals import queries as renewals
from portal.wallets import queries as wallets
from portal.wallets import statement
from portal.wallets.models import TopUp
from portal.wallets.queries import Wallet
from portal.wallets.statement import Movement
from portal.web import access, downloads, filters
from portal.web.agent import own, words
from portal.web.agent.blueprint import blueprint
from portal.web.words import METHODS

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads the file in its own encoding, and Chinese breaks."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What moved money: in words, with its reference, whom it concerned, and the page that shows it."""

    words: str
    reference: str
    note: str
    address: str


@blueprint.get("/wallet")
@access.agent("counter.wallet")
def wallet() -> str:
    """Show the wallet of a currency, its latest movements first."""
    held = wallets.of_agent(g.agent.id)
    shown = own.in_currency_asked_for(held) if held else None
    place = {name: request.args.get(name) for name in ("older", "newer")}
    page = statement.page(shown, **place, size=SHORT_PAGE_SIZE) if shown else None
    return render_template(
        "agent/wallet/show.html",
        wallets=held,
        wallet=shown,
        page=page,
        causes=_causes(page.rows) if page else {},
        threshold=wallets.threshold_of(g.agent.id, shown.currency) if shown else None,
        mandate=wallets.automatic(g.agent.id, shown.currency) if shown else None,
        saved=saving.of_agent(g.agent.id),
        pays_online=bool(shown and offers.methods(shown.currency, PaymentChannel.AGENT)),
        settings=settings(),
    )


@blueprint.get("/wallet.csv")
@access.agent("counter.wallet")
def wallet_csv() -> Response:
    """Send the whole statement of a currency as CSV, the oldest movement first."""
    shown = own.wallet()
    head = [_("Time"), _("What"), _("Reference"), _("Details"), _("Amount"), _("Balance"), _("Currency")]
    return downloads.send(stream_with_context(_lines(shown, head)), name=f"wallet-{shown.currency}.csv")


def _lines(shown: Wallet, head: Sequence[str]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + _line(head)
    for movements in statement.whole(shown):
        causes = _causes(movements)
        for movement in movements:
            cause = causes[movement.id]
            yield _line(
                [
                    filters.exact(movement.at),
                    *(harmless(text) for text in (cause.words, cause.reference, cause.note)),
                    to_decimal_text(movement.amount),
                    to_decimal_text(movement.balance),
                    shown.currency,
                ]
            )


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _causes(movements: Sequence[Movement]) -> dict[int, Cause]:
    """Tell of each movement what caused it; of another kind than renewal or top-up, its words alone."""
    renewed = renewals.by_ids(_subjects(movements, "renewal"))
    paid_in = wallets.top_ups_by_id(_subjects(movements, "top_up"))
    disputed = _disputed(_subjects(movements, "dispute"))
    causes = {}
    for movement in movements:
        told = words.movement(movement.kind)
        if renewal := renewed.get(movement.subject_id):
            address = f"/agent/renewals/{renewal.id}"
            causes[movement.id] = Cause(told, renewal.reference, renewal.customer.name, address)
        elif top_up := paid_in.get(movement.subject_id):
            address = f"/agent/wallet/top-ups/{top_up.payment_id}" if top_up.payment else ""
            causes[movement.id] = Cause(told, top_up.reference, _paid_by(top_up), address)
        elif payment := disputed.get(movement.subject_id):
            address = f"/agent/wallet/top-ups/{payment.id}"
            causes[movement.id] = Cause(told, payment.reference, _next_step(movement), address)
        else:
            causes[movement.id] = Cause(told, "", "", "")
    return causes


def _disputed(dispute_ids: set[UUID]) -> dict[UUID, Payment]:
    """Find the top-ups that some disputes are about; what disputes of renewals freeze is earned, not in a wallet."""
    disputes = refunds.disputes_by_ids(dispute_ids).values()
    paid = payments.by_ids({one.payment_id for one in disputes})
    return {one.id: paid[one.payment_id] for one in disputes}


def _next_step(movement: Movement) -> str:
    if movement.kind == "dispute":
        return _(
            "The operator answers the payer's bank; what is held comes back if the bank decides against the payer."
        )
    return _("The bank decided against the payer: what was held is yours again.") if movement.is_in else ""


def _paid_by(top_up: TopUp) -> str:
    if top_up.payment is None:
        return top_up.bank_reference or ""
    method = str(METHODS[top_up.payment.method])
    return _("%(method)s, automatic", method=method) if top_up.payment.saved_method_id else method


def _subjects(movements: Sequence[Movement], kind: str) -> set[UUID]:
    return {movement.subject_id for movement in movements if movement.subject_kind == kind}
