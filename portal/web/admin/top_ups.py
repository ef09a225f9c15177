"""Record money that an agent paid in by bank."""

from datetime import date

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.agents.models import Agent
from portal.core import bank_references, clock
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money, parse_amount
from portal.core.settings import current as settings
from portal.wallets import queries, topping_up
from portal.wallets.errors import BankReferenceUsed
from portal.wallets.models import TopUp
from portal.web import access, filters, limits, requests
from portal.web.admin import agent_names
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, currency_field, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import DayField
from portal.web.forms import LineField, PortalForm


class TopUpForm(PortalForm):
    """A bank transfer as the statement shows it."""

    agent = LineField(_l("Agent"), max_length=120)
    currency = currency_field()
    amount = LineField(_l("Amount"), max_length=30)
    bank_reference = LineField(_l("Bank reference"), max_length=bank_references.LONGEST)
    received_on = DayField(_l("Received on"), is_required=True)
    note = LineField(_l("Note"), max_length=300, is_required=False)
    confirmed = HiddenField()
    """What the confirmation showed: the agent's id and the sum, so that a changed form is asked about again."""

    def reading(self) -> tuple[Agent, Money, date]:
        """Read the agent, the sum and the day.

        Raises:
            InvalidInput: one of them cannot be.
        """
        agent = agent_names.meant_by(self.agent.data)
        amount = parse_amount(self.amount.data, read_currency(self.currency.data))
        received_on = self.received_on.data
        if received_on is None:
            raise InvalidInput(field="received_on", reason="missing")
        if received_on > clock.today(settings().time_zone):
            raise InvalidInput(field="received_on", reason="day_in_future")
        return agent, amount, received_on


@blueprint.route("/wallets/top-up", methods=["GET", "POST"])
@access.admin("wallets.top_up")
@limits.orders
def top_up() -> Response | tuple[str, int]:
    """Take down a bank transfer, show its exact sum, and credit the wallet once that is confirmed."""
    form = TopUpForm()
    if request.method == "GET":
        form.received_on.data = clock.today(settings().time_zone)
        form.agent.data = _agent_in_address()
    if form.validate_on_submit():
        with form.refusals():
            agent, amount, received_on = form.reading()
            if form.confirmed.data != _seen(agent, amount):
                return _ask(form, agent, amount)
            recorded = in_transaction(lambda: _record(form, agent, amount, received_on))
            flash(
                _("%(sum)s recorded for %(agent)s.", sum=filters.money(amount), agent=agent.name_en),
                "success",
            )
            return requests.go_to(f"/admin/transactions/{recorded.id}")
    form.confirmed.data = ""
    page = render_template("admin/wallets/top_up.html", form=form, currencies=OFFERED_CURRENCIES)
    return page, form.status


def _ask(form: TopUpForm, agent: Agent, amount: Money) -> tuple[str, int]:
    reference = bank_references.read(form.bank_reference.data)
    standing = queries.top_up_by_bank_reference(reference)
    if standing is not None:
        raise BankReferenceUsed(field="bank_reference", bank_reference=reference, reference=standing.reference)
    form.confirmed.data = _seen(agent, amount)
    page = render_template(
        "admin/wallets/confirm.html",
        form=form,
        agent=agent,
        amount=amount,
        bank_reference=reference,
        wallet=next((wallet for wallet in queries.of_agent(agent.id) if wallet.currency == amount.currency), None),
    )
    return page, 200


def _record(form: TopUpForm, agent: Agent, amount: Money, received_on: date) -> TopUp:
    return topping_up.record(
        agent_id=agent.id,
        amount=amount,
        bank_reference=form.bank_reference.data,
        received_on=received_on,
        note=form.note.data or "",
        actor=current_user.actor,
    )


def _seen(agent: Agent, amount: Money) -> str:
    return f"{agent.id} {amount.minor} {amount.currency}"


def _agent_in_address() -> str:
    text = request.args.get("agent", "")
    try:
        return agent_names.meant_by(text).name_en if text else ""
    except InvalidInput:
        return ""
