"""One run of payouts: approve it, take its bank file, and record what the bank did."""

from datetime import date

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core import clock
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput
from portal.core.settings import current as settings
from portal.payouts import bank_files, paying, queries, running
from portal.web import access, acts, downloads, limits, requests
from portal.web.admin import typed
from portal.web.admin.blueprint import blueprint

REFUSALS = {running.NOT_COVERED: _l("Refunds took the commission back before it was approved.")}
"""Reasons that the portal itself gives for refusing a payout; people's own are shown as typed."""


@blueprint.get("/payouts/runs/<run_id>")
@access.admin("payouts.read")
def payout_run(run_id: str) -> str:
    """Show a run with its payouts."""
    run = queries.run(requests.id_in_address(run_id))
    return render_template(
        "admin/payouts/run.html",
        run=run,
        payouts=queries.in_run(run.id),
        left=queries.left_to_pay(run),
        is_own=run.prepared_by == current_user.id,
        today=clock.today(settings().time_zone).isoformat(),
    )


@blueprint.post("/payouts/runs/<run_id>/approve")
@access.admin("payouts.run")
@limits.orders
def approve_payout_run(run_id: str) -> Response:
    """Approve a run that somebody else prepared."""
    run = queries.run(requests.id_in_address(run_id))
    return acts.do(
        lambda: running.approve(run_id=run.id, actor=current_user.actor),
        told=_("The run is approved. Take its file to the bank."),
        back=_page(run_id),
    )


@blueprint.post("/payouts/runs/<run_id>/discard")
@access.admin("payouts.run")
def discard_payout_run(run_id: str) -> Response:
    """Give a run up before it is approved."""
    run = queries.run(requests.id_in_address(run_id))
    return acts.do(
        lambda: running.discard(run_id=run.id, actor=current_user.actor),
        told=_("The run is discarded; its payouts wait again."),
        back="/admin/payouts/",
    )


@blueprint.post("/payouts/runs/<run_id>/file")
@access.admin("payouts.run")
@limits.exports
def payout_bank_file(run_id: str) -> Response:
    """Send the file for the bank, `csv` or `xml`; who took it is written down."""
    run = queries.run(requests.id_in_address(run_id))
    is_xml = request.form.get("format") == "xml"
    write = bank_files.as_pain001 if is_xml else bank_files.as_csv
    content = in_transaction(lambda: write(run.id, actor=current_user.actor))
    name = f"payouts-{run.reference}.{'xml' if is_xml else 'csv'}"
    return downloads.send(content, name=name, media_type="application/xml" if is_xml else downloads.CSV)


@blueprint.post("/payouts/runs/<run_id>/paid")
@access.admin("payouts.run")
@limits.orders
def payout_run_paid(run_id: str) -> Response:
    """Record that the bank carried out the whole run."""
    run = queries.run(requests.id_in_address(run_id))
    reference, paid_on = request.form.get("bank_reference", ""), _paid_on()
    return acts.do(
        lambda: paying.mark_run_paid(
            run_id=run.id, bank_reference=reference, paid_on=paid_on, actor=current_user.actor
        ),
        told=_("The run is paid."),
        back=_page(run_id),
    )


@blueprint.post("/payouts/<payout_id>/refuse")
@access.admin("payouts.run")
def refuse_payout(payout_id: str) -> Response:
    """Refuse a payout that is not paid; the commission is payable again."""
    found, why = requests.id_in_address(payout_id), request.form.get("why", "")
    return acts.do(
        lambda: paying.refuse(payout_id=found, why=why, actor=current_user.actor),
        told=_("The payout is refused; the commission is payable again."),
        back=_back(),
    )


@blueprint.post("/payouts/<payout_id>/returned")
@access.admin("payouts.run")
@limits.orders
def payout_returned(payout_id: str) -> Response:
    """Record that the bank sent a paid payout back."""
    found, why = requests.id_in_address(payout_id), request.form.get("why", "")
    return acts.do(
        lambda: paying.record_return(payout_id=found, why=why, actor=current_user.actor),
        told=_("The money is booked back; the commission is payable again."),
        back=_back(),
    )


@blueprint.app_template_filter("refusal_words")
def refusal_words(refusal: str) -> str:
    """Say why a payout was refused."""
    return str(REFUSALS.get(refusal, refusal))


def _page(run_id: str) -> str:
    return f"/admin/payouts/runs/{run_id}"


def _back() -> str:
    text = request.form.get("run", "")
    return _page(str(requests.id_in_address(text))) if text else "/admin/payouts/"


def _paid_on() -> date:
    paid_on = typed.day(request.form.get("paid_on", ""), field="paid_on")
    if paid_on > clock.today(settings().time_zone):
        raise InvalidInput(field="paid_on", reason="day_in_future")
    return paid_on
