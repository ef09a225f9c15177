"""Payouts that wait, the runs they are paid in, and the conditions of each currency."""

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.db import in_transaction
from portal.core.money import Money, to_decimal_text
from portal.payouts import bank_account, banking, queries, running
from portal.payouts.bank_account import BankAccount
from portal.payouts.models import PayoutConditions
from portal.web import access, acts, limits, requests
from portal.web.admin import typed
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, currency_field, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm


class ConditionsForm(PortalForm):
    """The smallest payout of a currency, and the operator's own account; left empty, the account stays."""

    currency = currency_field()
    minimum = LineField(_l("Smallest payout"), max_length=30)
    holder = LineField(_l("Account holder"), max_length=140, is_required=False)
    bank = LineField(_l("Name of the bank"), max_length=140, is_required=False)
    number = LineField(_l("Account number or IBAN"), max_length=50, is_required=False)
    bic = LineField(_l("BIC (SWIFT code)"), max_length=11, is_required=False)

    def reading(self) -> tuple[Money, BankAccount | None]:
        """Read what was typed.

        Raises:
            InvalidInput: the currency, the amount or the account cannot be.
        """
        minimum = typed.amount_or_zero(self.minimum.data, read_currency(self.currency.data), field="minimum")
        if not any((self.holder.data, self.bank.data, self.number.data, self.bic.data)):
            return minimum, None
        account = bank_account.read(
            holder=self.holder.data or "",
            bank=self.bank.data or "",
            number=self.number.data or "",
            bic=self.bic.data or "",
        )
        return minimum, account


@blueprint.get("/payouts/")
@access.admin("payouts.read")
def payouts() -> str:
    """List what waits to be paid out by currency, and the runs."""
    runs = queries.runs(older=request.args.get("older"), newer=request.args.get("newer"))
    sums = queries.sums_of_runs([run.id for run in runs.rows])
    return render_template(
        "admin/payouts/list.html",
        waiting=queries.requested(),
        runs=runs,
        sums={run.id: Money(sums.get(run.id, (0, 0))[1], run.currency) for run in runs.rows},
        counts={run.id: sums.get(run.id, (0, 0))[0] for run in runs.rows},
    )


@blueprint.post("/payouts/runs")
@access.admin("payouts.run")
@limits.orders
def prepare_payout_run() -> Response:
    """Put the chosen payouts of a currency into a run for somebody else to approve."""
    chosen = [requests.id_in_address(text) for text in request.form.getlist("payout")]
    currency = request.form.get("currency", "")
    run = in_transaction(lambda: running.prepare(currency=currency, payout_ids=chosen, actor=current_user.actor))
    flash(_("Run %(reference)s is prepared. Somebody else has to approve it.", reference=run.reference), "success")
    return requests.go_to(f"/admin/payouts/runs/{run.id}")


@blueprint.route("/payouts/conditions", methods=["GET", "POST"])
@access.admin("payouts.run")
def payout_conditions() -> Response | tuple[str, int]:
    """Set the smallest payout and the operator's own account of a currency."""
    form = ConditionsForm()
    if request.method == "GET":
        _fill(form, request.args.get("currency", ""))
    if form.validate_on_submit():
        with form.refusals():
            minimum, account = form.reading()
            return acts.do(
                lambda: banking.set_conditions(minimum=minimum, account=account, actor=current_user.actor),
                told=_("Conditions in %(currency)s are set.", currency=minimum.currency),
                back="/admin/payouts/conditions",
            )
    page = render_template(
        "admin/payouts/conditions.html",
        form=form,
        all_conditions=queries.all_conditions(),
        currencies=OFFERED_CURRENCIES,
    )
    return page, form.status


def _fill(form: ConditionsForm, currency: str) -> None:
    standing: PayoutConditions | None = next(
        (one for one in queries.all_conditions() if one.currency == currency), None
    )
    form.currency.data = currency
    if standing is not None:
        form.minimum.data = to_decimal_text(standing.minimum)
