"""Refunds: asking for one, agreeing to it, and what became of it."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.core.db import in_transaction
from portal.core.errors import NotFound
from portal.core.money import exponent, parse_amount, to_decimal_text
from portal.receipts import credit_notes
from portal.refunds import ending, paying_back, queries, refunding, requesting
from portal.refunds.models import Refund, RefundDestination, RefundReason, RefundState
from portal.renewals import bouncing
from portal.renewals import queries as renewals
from portal.renewals.models import Renewal
from portal.web import access, acts, filters, limits, receipt_files, requests
from portal.web.admin import filtering, refund_words
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm
from portal.web.forms import LineField, PortalForm, choices

REASONS = {reason.value: refund_words.REASONS[reason] for reason in RefundReason if reason != "dispute_lost"}
"""What people choose from; a dispute that was lost is refunded by itself."""


class RefundsFilter(FilterForm):
    """Which refunds to list."""

    state = ChoiceField(_l("State"), known=filtering.states_of(RefundState), any_words=_l("All states"))


class RefundForm(PortalForm):
    """What is to go back, why, and where to."""

    amount = LineField(_l("Amount"), max_length=30)
    reason = SelectField(_l("Reason"), choices=choices(REASONS))
    destination = SelectField(_l("Pay back to"), choices=choices(refund_words.DESTINATIONS))
    note = LineField(_l("Note"), max_length=300, is_required=False)


class DeclineForm(PortalForm):
    """Why somebody does not agree."""

    why = LineField(_l("Why not"), max_length=requesting.LONGEST_REASON)


@blueprint.get("/refunds/")
@access.admin("refunds.read")
def refunds() -> tuple[str, int]:
    """List refunds, the newest first."""
    asked = RefundsFilter()
    page = None
    if asked.validate():
        states = [RefundState(asked.state.data)] if asked.state.data else []
        page = queries.listed(states=states, **filtering.keys())
    sold = renewals.by_ids([refund.renewal_id for refund in page.rows]) if page else {}
    return render_template("admin/refunds/list.html", asked=asked, page=page, renewals=sold), asked.status


@blueprint.get("/refunds/<refund_id>")
@access.admin("refunds.read")
def refund(refund_id: str) -> str:
    """Show a refund: who asked and agreed, what the carrier said, and where the money is."""
    return _page(_refund(refund_id), DeclineForm(formdata=None))


def _page(shown: Refund, form: DeclineForm) -> str:
    given = paying_back.asked_of(shown.id)
    renewal = queries.renewal_of(shown)
    return render_template(
        "admin/refunds/show.html",
        refund=shown,
        renewal=renewal,
        form=form,
        limit=requesting.limit(shown.currency),
        foreseen=refunding.foresee(renewal, shown) if shown.state is RefundState.AWAITING_APPROVAL else None,
        note=credit_notes.of_refund(shown.id),
        given=given,
        bounces=bouncing.of_refund(given.id) if given else [],
        is_own=shown.requested_by == current_user.id,
    )


@blueprint.get("/refunds/<refund_id>/credit-note.pdf")
@access.admin("refunds.read")
def refund_credit_note(refund_id: str) -> Response:
    """Show a refund's credit note as it was issued."""
    note = credit_notes.of_refund(_refund(refund_id).id)
    if note is None:
        raise NotFound
    return receipt_files.send(note)


@blueprint.route("/transactions/<transaction_id>/refund", methods=["GET", "POST"])
@access.admin("refunds.request")
@limits.orders
def new_refund(transaction_id: str) -> Response | tuple[str, int]:
    """Ask for a sum of a delivered renewal to be paid back."""
    renewal = renewals.by_id(requests.id_in_address(transaction_id))
    left = queries.refundable(renewal)
    form = RefundForm()
    if not form.is_submitted():
        form.amount.data = to_decimal_text(left)
    if form.validate_on_submit():
        with form.refusals():
            asked = in_transaction(lambda: _request(renewal, form))
            waits = asked.state is RefundState.AWAITING_APPROVAL
            flash(
                _("%(sum)s waits for a second person to agree.", sum=filters.money(asked.amount))
                if waits
                else _("%(sum)s is being paid back.", sum=filters.money(asked.amount)),
                "success",
            )
            return requests.go_to(f"/admin/refunds/{asked.id}")
    page = render_template(
        "admin/refunds/new.html", form=form, renewal=renewal, left=left, digits=exponent(renewal.currency)
    )
    return page, form.status


@blueprint.post("/refunds/<refund_id>/approve")
@access.admin("refunds.approve")
def approve_refund(refund_id: str) -> Response:
    """Agree to a refund that somebody else asked for."""
    shown = _refund(refund_id)
    return acts.do(
        lambda: requesting.approve(shown.id, actor=current_user.actor),
        told=_("Agreed. The money is being paid back."),
        back=f"/admin/refunds/{shown.id}",
    )


@blueprint.post("/refunds/<refund_id>/decline")
@access.admin("refunds.approve")
def decline_refund(refund_id: str) -> Response | tuple[str, int]:
    """Do not agree to a refund that somebody else asked for, and say why."""
    shown, form = _refund(refund_id), DeclineForm()
    if form.validate_on_submit():
        return acts.do(
            lambda: requesting.decline(shown.id, why=form.why.data, actor=current_user.actor),
            told=_("Declined. Nothing was paid back."),
            back=f"/admin/refunds/{shown.id}",
        )
    return _page(shown, form), form.status


@blueprint.post("/refunds/<refund_id>/withdraw")
@access.admin("refunds.request")
def withdraw_refund(refund_id: str) -> Response:
    """Take back a request that nobody has agreed to yet."""
    shown = _refund(refund_id)
    return acts.do(
        lambda: requesting.withdraw(shown.id, actor=current_user.actor),
        told=_("Withdrawn. Nothing was paid back."),
        back=f"/admin/refunds/{shown.id}",
    )


@blueprint.post("/refunds/<refund_id>/try-again")
@access.admin("refunds.request")
def try_refund_again(refund_id: str) -> Response:
    """Have the payment provider asked again for a refund that it would not give back, or that came back."""
    shown = _refund(refund_id)
    return acts.do(
        lambda: ending.try_again(shown.id, actor=current_user.actor),
        told=_("The payment provider is being asked again."),
        back=f"/admin/refunds/{shown.id}",
    )


@blueprint.post("/refunds/<refund_id>/into-wallet")
@access.admin("refunds.approve")
def refund_into_wallet(refund_id: str) -> Response:
    """Pay what the provider will not give back, or what came back, into the agent's wallet."""
    shown = _refund(refund_id)
    return acts.do(
        lambda: ending.into_wallet(shown.id, actor=current_user.actor),
        told=_("Paid into the agent's wallet."),
        back=f"/admin/refunds/{shown.id}",
    )


def _request(renewal: Renewal, form: RefundForm) -> Refund:
    return requesting.request(
        renewal_id=renewal.id,
        amount=parse_amount(form.amount.data or "", renewal.currency),
        reason=RefundReason(form.reason.data),
        note=form.note.data or "",
        destination=RefundDestination(form.destination.data),
        actor=current_user.actor,
    )


def _refund(refund_id: str) -> Refund:
    return queries.by_id(requests.id_in_address(refund_id))
