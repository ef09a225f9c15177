"""Payments: every one with what its provider answered, those that finance decides on, and refunds that failed."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.agents import queries as agents
from portal.core import clock, outbox
from portal.core.actor import Actor
from portal.payments import deciding, noticing, refunding
from portal.payments import queries as payments
from portal.payments.models import Payment, PaymentPurpose, PaymentState, ProviderRefund
from portal.refunds import ending, paying_back
from portal.refunds import queries as refund_queries
from portal.renewals import accepting, bouncing, returning
from portal.wallets import paying_in
from portal.web import access, acts, requests, sentences, words
from portal.web.admin import filtering
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm

PURPOSES = {PaymentPurpose.TOP_UP: _l("Top-up"), PaymentPurpose.RENEWAL: _l("Renewal")}

ACTS = {
    "begin": _l("Opened"),
    "ask": _l("Asked"),
    "close": _l("Closed"),
    "charge": _l("Charged"),
    "refund": _l("Asked to give back"),
    "ask_refund": _l("Asked about money given back"),
}

sentences.extend(
    sentences={
        "payment_too_late": _l("What was paid for can no longer be had. The money can only be given back."),
        "renewal_paid_too_little": _l("Less was paid than the renewal costs. The money can only be given back."),
        "method_not_offered": _l("Please choose one of the ways to pay."),
        "other_payment_begun": _l("This form was sent before with another amount. Open it anew."),
        "payment_not_begun": _l(
            "The payment could not be opened; nothing was taken. Please choose another way to pay."
        ),
        "provider_unavailable": _l(
            "The payment service does not answer just now. Nothing was taken; please try again."
        ),
        "provider_not_reached": _l("The payment service does not answer just now. Please try again."),
        "provider_outcome_unknown": _l("The payment service gave no clear answer. Please look again in a moment."),
        "provider_failed": _l("The payment service did not do it: %(reason_code)s %(message)s"),
        "provider_declined": _l("The payment service refused: %(reason_code)s %(message)s"),
        "more_than_paid": _l("That is more than is left of this payment."),
        "nothing_paid": _l("Nothing was paid, so nothing can go back."),
        "payment_not_held": _l("Somebody decided this already. Look at its present state."),
        "unknown_provider": _l("This payment service is not set up."),
        "saved_method_gone": _l("This card or account is no longer saved."),
        "provider_cannot_charge": _l("This payment service charges nobody who is away."),
        "refund_differs": _l("This reference stands for another refund already."),
        "webhook_forged": _l("The signature is not good."),
    },
    reasons={
        "provider_takes_it_not": _l("%(provider)s does not take this in this currency."),
        "address_not_https": _l("Please enter an https address."),
        "credentials_unreadable": _l("These keys cannot be read. Paste them whole, as the provider shows them."),
    },
)


class PaymentsFilter(FilterForm):
    """Which payments to list."""

    q = filtering.text_field(_l("Our reference or the provider's"))
    state = ChoiceField(_l("State"), known=filtering.states_of(PaymentState), any_words=_l("Any state"))
    provider = ChoiceField(
        _l("Provider"),
        known=words.PROVIDERS,
        any_words=_l("Every provider"),
    )


@blueprint.get("/payments/")
@access.admin("payments.read")
def list_payments() -> tuple[str, int]:
    """List payments, the newest first, below what waits for somebody."""
    asked = PaymentsFilter()
    failed = payments.failed_refunds()
    page = None
    if asked.validate():
        page = payments.matching(
            text=asked.q.data or "",
            state=PaymentState(asked.state.data) if asked.state.data else None,
            provider=asked.provider.data or "",
            **filtering.keys(),
        )
    return (
        render_template(
            "admin/payments/list.html",
            asked=asked,
            page=page,
            agents=agents.by_ids({payment.agent_id for payment in page.rows}) if page else {},
            purposes=PURPOSES,
            held=payments.held(),
            failed=failed,
            bounced=bouncing.open_among([refund.id for refund in failed]),
            forged=noticing.forged_since(clock.now().date().isoformat()),
        ),
        asked.status,
    )


@blueprint.get("/payments/<payment_id>")
@access.admin("payments.read")
def payment(payment_id: str) -> str:
    """Show a payment whole: what was asked, what came, what its provider answered, what went back."""
    found = _wanted(payment_id)
    refunds = payments.refunds_of(found.id)
    return render_template(
        "admin/payments/show.html",
        payment=found,
        purpose=PURPOSES[found.purpose],
        agent=agents.by_id(found.agent_id),
        calls=payments.calls_of(found.id),
        refunds=refunds,
        bounced=bouncing.open_among([refund.id for refund in refunds]),
        acts=ACTS,
        covers=accepting.covers(found),
        disputes=refund_queries.open_disputes([found.id]),
    )


@blueprint.post("/payments/<payment_id>/ask")
@access.admin("payments.decide")
def ask_payment(payment_id: str) -> Response:
    """Have the provider asked now what became of a payment."""
    found = _wanted(payment_id)
    return acts.do(
        lambda: outbox.add("payments.ask", found.id),
        told=_("The provider is being asked."),
        back=f"/admin/payments/{found.id}",
    )


@blueprint.post("/payments/<payment_id>/accept")
@access.admin("payments.decide")
def accept_payment(payment_id: str) -> Response:
    """Take a held payment: what came into the agent's wallet, or its renewal goes on and what is over goes back."""
    found = _wanted(payment_id)
    is_renewal = found.purpose is PaymentPurpose.RENEWAL
    accept = accepting.accept_held if is_renewal else paying_in.accept_held
    return acts.do(
        lambda: accept(found.id, actor=current_user.actor),
        told=_("The renewal goes on.") if is_renewal else _("It is in the agent's wallet."),
        back=f"/admin/payments/{found.id}",
    )


@blueprint.post("/payments/<payment_id>/return")
@access.admin("payments.decide")
def return_payment(payment_id: str) -> Response:
    """Give a held payment back to whoever paid it."""
    found = _wanted(payment_id)
    return acts.do(
        lambda: deciding.give_back(found.id, actor=current_user.actor),
        told=_("It goes back to whoever paid it."),
        back=f"/admin/payments/{found.id}",
    )


@blueprint.post("/payments/refunds/<refund_id>/again")
@access.admin("payments.decide")
def refund_again(refund_id: str) -> Response:
    """Ask a provider once more for a refund that it would not give."""
    found = payments.refund_by_id(requests.id_in_address(refund_id))
    return acts.do(
        lambda: refunding.try_again(found.id, actor=current_user.actor),
        told=_("It is being tried again."),
        back=f"/admin/payments/{found.payment_id}",
    )


@blueprint.post("/payments/refunds/<refund_id>/into-wallet")
@access.admin("refunds.approve")
def returned_into_wallet(refund_id: str) -> Response:
    """Pay what the payer's bank sent back into the agent's wallet instead."""
    found = payments.refund_by_id(requests.id_in_address(refund_id))
    return acts.do(
        lambda: _into_wallet(found, actor=current_user.actor),
        told=_("Paid into the agent's wallet."),
        back=f"/admin/payments/{found.payment_id}",
    )


def _into_wallet(found: ProviderRefund, *, actor: Actor) -> None:
    if found.kind == paying_back.KIND and found.subject_id is not None:
        ending.into_wallet(found.subject_id, actor=actor)
    else:
        returning.into_wallet(found.id, actor=actor)


def _wanted(payment_id: str) -> Payment:
    return payments.by_id(requests.id_in_address(payment_id))
