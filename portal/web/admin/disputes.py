"""Disputes of payers: what is frozen, how they ended, and the evidence to answer with."""

from flask import render_template
from werkzeug.wrappers import Response

from portal.ledger import queries as ledger
from portal.payments import queries as payments
from portal.refunds import evidence, queries
from portal.refunds.models import Dispute
from portal.renewals import queries as renewals
from portal.web import access, downloads, limits, requests
from portal.web.admin import books, filtering
from portal.web.admin.blueprint import blueprint


@blueprint.get("/disputes/")
@access.admin("refunds.read")
def disputes() -> str:
    """List disputes, the newest first."""
    return render_template("admin/disputes/list.html", page=queries.disputes(**filtering.keys()))


@blueprint.get("/disputes/<dispute_id>")
@access.admin("refunds.read")
def dispute(dispute_id: str) -> str:
    """Show a dispute: the payment, what is frozen, and how it ended."""
    shown = _dispute(dispute_id)
    entries = ledger.entries_of(shown.id)
    return render_template(
        "admin/disputes/show.html",
        dispute=shown,
        payment=payments.by_id(shown.payment_id),
        renewal=renewals.by_id(shown.renewal_id) if shown.renewal_id else None,
        entries=entries,
        names=books.names_of(
            name
            for entry in entries
            for transfer in entry.transfers
            for name in (transfer.debit_account, transfer.credit_account)
        ),
    )


@blueprint.get("/disputes/<dispute_id>/evidence.zip")
@access.admin("refunds.request")
@limits.exports
def dispute_evidence(dispute_id: str) -> Response:
    """Send everything that proves the payment was earned, with a manifest of hashes."""
    shown = _dispute(dispute_id)
    name = f"{shown.reference}-evidence.zip"
    return downloads.send(evidence.collect(shown), name=name, media_type="application/zip")


def _dispute(dispute_id: str) -> Dispute:
    return queries.dispute_by_id(requests.id_in_address(dispute_id))
