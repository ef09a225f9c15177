"""Fill the wallet: choose an amount and a way to pay, go there, and see the wallet credited when it is settled."""

from flask import Response as Page
from flask import g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField

from portal.core import clock, ids
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import MAX_MINOR, Money, parse_amount, to_decimal_text
from portal.payments import offers, saving, settling
from portal.payments import queries as payments
from portal.payments.errors import MethodNotOffered, ProviderUnavailable
from portal.payments.models import Payment, PaymentChannel, PaymentPurpose, PaymentState
from portal.payments.offers import OfferedMethod
from portal.wallets import arranging, paying_in
from portal.wallets import queries as wallets
from portal.web import access, acts, limits, payers, requests, security, surfaces
from portal.web.agent import suggesting
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm


class TopUpForm(PortalForm):
    """How much, and how it is paid."""

    currency = HiddenField()
    amount = LineField(_l("Amount"), max_length=30)
    method = HiddenField()
    save = BooleanField(_l("Keep it for automatic top-ups"))
    idempotency_key = HiddenField()


@blueprint.route("/wallet/top-up", methods=["GET", "POST"])
@access.agent("counter.wallet")
@limits.orders
def top_up_wallet() -> Response | tuple[str, int]:
    """Ask how much is paid in and how, and send the payer there; the same form sent twice is one payment."""
    form = TopUpForm()
    currencies = _currencies()
    currency = _currency(form, currencies)
    methods = surfaces.as_offered_here(offers.methods(currency, PaymentChannel.AGENT)) if currency else []
    on_the_way = payers.ask(methods) if request.method == "GET" else None
    if on_the_way is not None:
        return on_the_way
    if form.validate_on_submit():
        with form.refusals():
            try:
                return _send_on(_begin(form, currency, methods))
            except ProviderUnavailable as error:
                form.attach(error)
    if not form.idempotency_key.data:
        form.idempotency_key.data = str(ids.new_id())
        _fill(form, currency)
    return (
        render_template(
            "agent/topping_up/show.html",
            form=form,
            currency=currency,
            currencies=currencies,
            methods=methods,
            shut_out=surfaces.shut_out(methods),
            suggested=suggesting.amounts(currency),
            saved=saving.of_agent(g.agent.id),
            waiting=payments.open_top_ups(g.agent.id, currency) if currency else [],
        ),
        form.status,
    )


@blueprint.get("/wallet/top-ups/<payment_id>")
@access.agent("counter.wallet")
def top_up_payment(payment_id: str) -> str:
    """Show where to pay, or what became of it; it is never believed for coming back that something was paid."""
    payment = _own(payment_id)
    if payment.is_open:
        in_transaction(lambda: settling.hurry(payment.id))
    if payment.for_app:
        security.let_app_in()
    partial = requests.is_htmx()
    return render_template(
        "agent/topping_up/_payment.html" if partial else "agent/topping_up/payment.html",
        payment=payment,
        picture=surfaces.qr_code(payment.qr_text) if payment.qr_text and payment.is_open else None,
        is_late=payment.state in (PaymentState.EXPIRED, PaymentState.DECLINED),
        has_way=payment.has_way(now=clock.now()),
        is_inside_wechat=payers.is_inside_wechat(),
    )


@blueprint.post("/wallet/saved-methods/<method_id>/remove")
@access.agent("counter.automation")
def forget_saved_method(method_id: str) -> Response:
    """Forget a saved card or account."""
    wanted = requests.id_in_address(method_id)
    return acts.do(
        lambda: arranging.forget_card(wanted, agent_id=g.agent.id, actor=current_user.actor),
        told=_("It is charged no more."),
        back="/agent/wallet",
    )


def _fill(form: TopUpForm, currency: str) -> None:
    """Choose beforehand what a link of ours names: `amount` in minor units, and whether the card is kept."""
    asked = request.args.get("amount", "")
    if currency and asked.isascii() and asked.isdigit() and 0 < int(asked[:13]) <= MAX_MINOR:
        form.amount.data = to_decimal_text(Money(int(asked[:13]), currency))
    form.save.data = request.args.get("save") == "yes"


def _begin(form: TopUpForm, currency: str, methods: list[OfferedMethod]) -> Payment:
    key = form.idempotency_key.data or ""
    if ids.parse_id(key) is None:
        raise InvalidInput(field="idempotency_key", reason="key_missing")
    amount = parse_amount(form.amount.data or "", currency)
    chosen = next((one for one in methods if one.method == form.method.data), None)
    if chosen is None:
        raise MethodNotOffered(field="method", method=(form.method.data or "")[:20], currency=currency)
    return paying_in.begin(
        agent_id=g.agent.id,
        amount=amount,
        choice=surfaces.choice(chosen),
        description=_("Wallet top-up, %(agent)s", agent=g.agent.name_en)[:100],
        actor=current_user.actor,
        idempotency_key=key,
        save=bool(form.save.data) and chosen.can_be_saved,
    )


def _send_on(payment: Payment) -> Response:
    if payment.is_open and payment.go_to and not payment.qr_text and requests.is_htmx():
        return Page(status=204, headers={"HX-Redirect": payment.go_to})
    # Without scripts a page of ours lies between: a form may lead to nobody else (CSP, form-action).
    return requests.go_to(f"/agent/wallet/top-ups/{payment.id}")


def _own(payment_id: str) -> Payment:
    payment = payments.for_agent(g.agent.id, requests.id_in_address(payment_id))
    if payment.purpose is not PaymentPurpose.TOP_UP:
        raise NotFound
    return payment


def _currencies() -> list[str]:
    offered = offers.currencies(PaymentChannel.AGENT)
    return [wallet.currency for wallet in wallets.of_agent(g.agent.id) if wallet.currency in offered]


def _currency(form: TopUpForm, known: list[str]) -> str:
    wanted = form.currency.data if request.method == "POST" else request.args.get("currency")
    if wanted and wanted in known:
        return wanted
    return known[0] if known else ""
