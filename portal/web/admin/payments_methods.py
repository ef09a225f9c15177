"""How the operator is paid: which methods are offered where, and the accounts at providers behind them."""

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import Optional

from portal.core import settings
from portal.core.errors import InvalidInput, PortalError
from portal.payments import accounts, offers, registry
from portal.payments import queries as payments
from portal.payments.models import PaymentChannel
from portal.payments.providers.base import Method
from portal.payments.registry import Kind
from portal.web import access, acts, requests, sentences
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, TextField, required

CHANNELS = {
    PaymentChannel.AGENT: _l("Agents, who fill their wallet"),
    PaymentChannel.WEBSITE: _l("Customers, who pay for a renewal"),
}

LABELS = {
    "secret_key": _l("Secret key"),
    "webhook_secret": _l("Webhook secret"),
    "client_id": _l("Client id"),
    "client_secret": _l("Client secret"),
    "webhook_id": _l("Webhook id"),
    "app_id": _l("App id"),
    "app_secret": _l("App secret, for payers inside WeChat"),
    "app_private_key": _l("App's private key"),
    "alipay_public_key": _l("Alipay's public key"),
    "seller_id": _l("Seller id"),
    "mch_id": _l("Merchant number"),
    "merchant_private_key": _l("Merchant's private key"),
    "merchant_certificate_serial": _l("Serial of the merchant's certificate"),
    "api_v3_key": _l("API v3 key"),
    "platform_public_key": _l("WeChat Pay's public key"),
    "platform_public_key_id": _l("Id of WeChat Pay's public key"),
    "api_base": _l("Address of the provider's API"),
    "sign_in_page": _l("Address of WeChat's sign-in page"),
    "sign_in_api": _l("Address of WeChat's sign-in API"),
}
"""Field of the credentials -> its name."""

HINTS = {
    "webhook_secret": _l("May stay empty: the test of the connection fetches it."),
    "webhook_id": _l("May stay empty: the test of the connection fetches it."),
    "app_secret": _l("May stay empty: then nobody can pay with WeChat Pay inside WeChat itself."),
}
"""Field of the credentials -> what need not be entered, and why."""


class OffersForm(PortalForm):
    """Which methods are offered in a currency and channel: fields `card`, `paypal` ... name the provider."""

    currency = LineField(_l("Currency"), max_length=3)


@blueprint.get("/payments/methods")
@access.admin("payments.read")
def payment_methods() -> str:
    """Show what is offered in every currency and channel, and the accounts behind it."""
    return _page(OffersForm(formdata=None))


@blueprint.post("/payments/methods/<channel>")
@access.admin("payments.configure")
def offer_payment_methods(channel: str) -> Response | tuple[str, int]:
    """Settle what is offered in a currency and channel."""
    form = OffersForm()
    if form.validate_on_submit():
        with form.refusals():
            currency = read_currency(form.currency.data)
            chosen = {method: request.form[method.value] for method in Method if request.form.get(method.value)}
            if channel not in {known.value for known in PaymentChannel}:
                raise InvalidInput(field="channel", reason="choice_unknown")
            return acts.do(
                lambda: offers.offer(
                    currency=currency, channel=PaymentChannel(channel), chosen=chosen, actor=current_user.actor
                ),
                told=_("That is offered from now on."),
                back=f"/admin/payments/methods?currency={currency}",
            )
    return _page(form), form.status


@blueprint.route("/payments/accounts/<provider>", methods=["GET", "POST"])
@access.admin("payments.configure")
def payment_account(provider: str) -> Response | tuple[str, int]:
    """Enter the credentials of an account at a provider; secrets are never shown again."""
    kind = registry.kind(provider)
    account = payments.accounts().get(provider)
    is_kept = bool(account and account.credentials)
    form = _credentials_form(kind, is_kept=is_kept)
    if form.validate_on_submit():
        entered = {name: str(form[name].data or "") for name in kind.fields}
        with form.refusals():
            return acts.do(
                lambda: accounts.enter(provider, entered, actor=current_user.actor),
                told=_("The credentials are kept, encrypted. Test the connection now."),
                back=f"/admin/payments/accounts/{provider}",
            )
    return (
        render_template(
            "admin/payments/account.html",
            kind=kind,
            form=form,
            account=account,
            hints=_hints(kind, is_kept=is_kept),
            notify_url=registry.notify_url(provider),
            has_sandbox=settings.current().sandbox_payments,
        ),
        form.status,
    )


@blueprint.post("/payments/accounts/<provider>/test")
@access.admin("payments.configure")
def test_payment_account(provider: str) -> Response:
    """Try an account's credentials, and have the provider tell this portal of what happens."""
    try:
        word = accounts.test(registry.kind(provider).name, actor=current_user.actor)
    except PortalError as error:
        flash(sentences.of_error(error), "error")
    else:
        flash(_("The connection works: %(name)s.", name=word), "success")
    return requests.go_to(f"/admin/payments/accounts/{provider}")


@blueprint.post("/payments/accounts/<provider>/<word>")
@access.admin("payments.configure")
def switch_payment_account(provider: str, word: str) -> Response:
    """Take new payments through a provider (`on`), or none any more (`off`)."""
    is_on = word == "on"
    return acts.do(
        lambda: accounts.switch(provider, is_on=is_on, actor=current_user.actor),
        told=_("New payments are taken through it.") if is_on else _("No new payment is taken through it."),
        back="/admin/payments/methods",
    )


def _page(form: OffersForm) -> str:
    shown, all_offers = _shown_currency(), offers.all_offers()
    return render_template(
        "admin/payments/methods.html",
        form=form,
        currency=shown,
        currencies=sorted({*OFFERED_CURRENCIES, *(one.currency for one in all_offers)}),
        channels=CHANNELS,
        choices=offers.choices(shown),
        offered={(one.channel, one.method): one.provider for one in all_offers if one.currency == shown},
        kinds=registry.KINDS,
        accounts=payments.accounts(),
        has_sandbox=settings.current().sandbox_payments,
    )


def _shown_currency() -> str:
    wanted = request.form.get("currency") or request.args.get("currency") or OFFERED_CURRENCIES[0]
    try:
        return read_currency(wanted)
    except InvalidInput:
        return OFFERED_CURRENCIES[0]


def _credentials_form(kind: Kind, *, is_kept: bool) -> PortalForm:
    # A secret that is kept need not be entered again; it is never shown either.
    may_be_empty = accounts.MAY_BE_EMPTY | (accounts.SECRET if is_kept else frozenset())
    fields: dict[str, Any] = {name: _field(name, is_required=name not in may_be_empty) for name in kind.fields}
    made: PortalForm = type("CredentialsForm", (PortalForm,), fields)(data=accounts.shown(kind.name))
    return made


def _hints(kind: Kind, *, is_kept: bool) -> dict[str, Any]:
    kept = {name: _("Kept. Leave empty to keep it.") for name in accounts.SECRET & set(kind.fields)} if is_kept else {}
    return HINTS | kept


def _field(name: str, *, is_required: bool) -> Any:
    words = LABELS[name]
    if name in accounts.OF_SEVERAL_LINES:
        return TextField(words, max_length=accounts.LONGEST, is_required=is_required)
    if name in accounts.SECRET:
        return PasswordField(words, [required() if is_required else Optional()])
    return LineField(words, max_length=500, is_required=is_required)
