"""One run of payouts: approve it, take its bank file, and record what the bank did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core import bank_references, clock
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.core.settings import current as settings
from portal.payouts import bank_account, bank_files, banking, paying, queries, running
from portal.payouts.models import AgentBankAccount, Payout, PayoutRun, PayoutState
from portal.web import access, acts, downloads, limits, requests
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import DayField
from portal.web.forms import LineField, PortalForm

REFUSALS = {running.NOT_COVERED: _l("Refunds took the commission back before it was approved.")}
"""Reasons that the portal itself gives for refusing a payout; people's own are shown as typed."""


NEW_FOR = timedelta(days=14)
"""How long an agent's account counts as new: whoever approves shall look at where the money goes."""


class PaidForm(PortalForm):
    """What the bank says of a run that it carried out."""

    bank_reference = LineField(_l("Bank reference"), max_length=bank_references.LONGEST)
    paid_on = DayField(_l("Paid on"), is_required=True)

    def day(self) -> date:
        """Give the day on which the bank paid.

        Raises:
            InvalidInput: `day_in_future`.
        """
        paid_on = cast(date, self.paid_on.data)  # the field is required
        if paid_on > clock.today(settings().time_zone):
            raise InvalidInput(field="paid_on", reason="day_in_future")
        return paid_on


class WhyForm(PortalForm):
    """Why the bank did not carry a payout out, or sent it back."""

    why = LineField(_l("What the bank says"), max_length=300)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose account a payout goes to, and the agent's account of today where it is new."""

    holder: str
    is_new: bool
    new: AgentBankAccount | None


@blueprint.get("/payouts/runs/<run_id>")
@access.admin("payouts.read")
def payout_run(run_id: str) -> str:
    """Show a run with its payouts."""
    return _show(queries.run(requests.id_in_address(run_id)))


def _show(
    run: PayoutRun, *, paid: PaidForm | None = None, why: WhyForm | None = None, about: UUID | None = None
) -> str:
    """Show a run with what was typed: how it was paid, or why the payout `about` was not."""
    if paid is None:
        paid = PaidForm(formdata=None)
        paid.paid_on.data = clock.today(settings().time_zone)
    payouts = queries.in_run(run.id)
    paid_out = [payout for payout in payouts if payout.state is PayoutState.PAID]
    return render_template(
        "admin/payouts/run.html",
        run=run,
        payouts=payouts,
        recipients=_recipients(run, payouts),
        left=queries.left_to_pay(run),
        paid=sum((payout.amount for payout in paid_out), Money(0, run.currency)),
        bank_references=list(dict.fromkeys(payout.bank_reference for payout in paid_out)),
        has_own_account=banking.conditions(run.currency).bank_account is not None,
        is_own=run.prepared_by == current_user.id,
        paid_form=paid,
        why_form=why or WhyForm(formdata=None),
        about=about,
    )


def _recipients(run: PayoutRun, payouts: Sequence[Payout]) -> dict[UUID, Recipient]:
    standing = queries.bank_accounts_in(run.currency, {payout.agent_id for payout in payouts})
    since = clock.now() - NEW_FOR
    return {payout.id: _recipient(payout, standing.get(payout.agent_id), since) for payout in payouts}


def _recipient(payout: Payout, standing: AgentBankAccount | None, since: datetime) -> Recipient:
    holder = bank_account.opened(payout.bank_account).holder if payout.bank_account else ""
    new = standing if standing is not None and standing.set_at > since else None
    # A payout goes to the account that stood when it was asked for.
    return Recipient(holder, new is not None and new.set_at <= payout.requested_at, new)


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
def payout_run_paid(run_id: str) -> Response | tuple[str, int]:
    """Record that the bank carried out the whole run."""
    run, form = queries.run(requests.id_in_address(run_id)), PaidForm()
    if form.validate_on_submit():
        with form.refusals():
            paid_on = form.day()
            return acts.do(
                lambda: paying.mark_run_paid(
                    run_id=run.id, bank_reference=form.bank_reference.data, paid_on=paid_on, actor=current_user.actor
                ),
                told=_("The run is paid."),
                back=_page(run_id),
            )
    return _show(run, paid=form), form.status


@blueprint.post("/payouts/<payout_id>/refuse")
@access.admin("payouts.run")
def refuse_payout(payout_id: str) -> Response | tuple[str, int]:
    """Refuse a payout that is not paid; the commission is payable again."""
    return _end(
        queries.by_id(requests.id_in_address(payout_id)),
        paying.refuse,
        told=_("The payout is refused; the commission is payable again."),
    )


@blueprint.post("/payouts/<payout_id>/returned")
@access.admin("payouts.run")
@limits.orders
def payout_returned(payout_id: str) -> Response | tuple[str, int]:
    """Record that the bank sent a paid payout back."""
    return _end(
        queries.by_id(requests.id_in_address(payout_id)),
        paying.record_return,
        told=_("The money is booked back; the commission is payable again."),
    )


@blueprint.app_template_filter("refusal_words")
def refusal_words(refusal: str) -> str:
    """Say why a payout was refused."""
    return str(REFUSALS.get(refusal, refusal))


def _page(run_id: str) -> str:
    return f"/admin/payouts/runs/{run_id}"


def _end(payout: Payout, act: Callable[..., Payout], *, told: str) -> Response | tuple[str, int]:
    form = WhyForm()
    back = _page(str(payout.run_id)) if payout.run_id else "/admin/payouts/"
    # A payout that stands in no run has no page with its form on it: what is wrong is told on one of its own.
    if form.validate_on_submit() or payout.run_id is None:
        why = form.why.data or ""
        return acts.do(lambda: act(payout_id=payout.id, why=why, actor=current_user.actor), told=told, back=back)
    return _show(queries.run(payout.run_id), why=form, about=payout.id), form.status
