"""What the agent has earned, and taking it: to the wallet, or by bank; and the monthly statements."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import flash, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money, exponent, parse_amount, to_decimal_text
from portal.payouts import banking, earnings, queries, requesting
from portal.payouts.earnings import Earnings
from portal.payouts.models import Payout
from portal.web import access, acts, filters, limits, requests, sentences, statement_files
from portal.web.agent.blueprint import blueprint
from portal.web.bank_forms import BankAccountForm

PAGE = "/agent/payouts/"

sentences.extend(
    sentences={
        "not_payable": _l("Less is payable now than this page showed. Nothing was moved; look at the sums again."),
        "payout_below_minimum": _l("This is less than the smallest payout. You can still move it to the wallet."),
    }
)


@dataclass(frozen=True, slots=True)
class Taking:
    """What an agent has earned in one currency, and the sum on the buttons: all, or the part that was typed."""

    earned: Earnings
    sum: Money
    typed: str = ""
    fault: str = ""
    """Why what was typed cannot be taken; then there is no button that takes anything."""

    @property
    def amount(self) -> str:
        """The sum as a form carries it."""
        return to_decimal_text(self.sum)


@blueprint.get("/payouts/")
@access.agent("counter.payouts")
def payouts() -> str:
    """Show what is earned, on hold, under way and payable in each currency, and what was paid out so far."""
    earned = earnings.of_agent(g.agent.id)
    return render_template(
        "agent/payouts/show.html",
        takings=[_taking(one) for one in earned],
        accounts=queries.bank_accounts_of(g.agent.id),
        minimums={one.currency: banking.conditions(one.currency).minimum for one in earned},
        key=str(ids.new_id()),
        page=queries.of_agent(g.agent.id, older=request.args.get("older"), newer=request.args.get("newer")),
        statements=queries.statements_of(g.agent.id),
    )


@blueprint.post("/payouts/")
@access.agent("counter.payouts")
@limits.orders
def request_payout() -> Response:
    """Ask for a payout by bank of the sum on the button."""
    if not _is_sum_on_button():
        return _look_again()
    amount, key = _asked("b")
    told = _("%(sum)s asked for. Finance pays it out with its next run.", sum=filters.money(amount))
    return acts.do(
        lambda: requesting.request(agent_id=g.agent.id, amount=amount, idempotency_key=key, actor=current_user.actor),
        told=told,
        back=PAGE,
    )


@blueprint.post("/payouts/to-wallet")
@access.agent("counter.payouts")
@limits.orders
def move_commission() -> Response:
    """Move the sum on the button into the wallet."""
    if not _is_sum_on_button():
        return _look_again()
    amount, key = _asked("w")
    told = _("%(sum)s moved to the wallet.", sum=filters.money(amount))
    return acts.do(
        lambda: requesting.move_to_wallet(
            agent_id=g.agent.id, amount=amount, idempotency_key=key, actor=current_user.actor
        ),
        told=told,
        back=PAGE,
    )


@blueprint.post("/payouts/<payout_id>/cancel")
@access.agent("counter.payouts")
def cancel_payout(payout_id: str) -> Response:
    """Take a request back that finance has not begun with."""
    found = requests.id_in_address(payout_id)
    return acts.do(
        lambda: requesting.cancel(agent_id=g.agent.id, payout_id=found, actor=current_user.actor),
        told=_("The payout was withdrawn."),
        back=PAGE,
    )


@blueprint.route("/payouts/account", methods=["GET", "POST"])
@access.agent("counter.payouts")
@limits.exports
def payout_account() -> Response | tuple[str, int]:
    """Name the bank account for payouts of a currency; the number that stands is never shown again."""
    currency = _currency(request.values.get("currency", ""))
    form = BankAccountForm()
    if form.validate_on_submit():
        with form.refusals():
            account = form.account()
            in_transaction(
                lambda: banking.keep(agent_id=g.agent.id, currency=currency, account=account, actor=current_user.actor)
            )
            flash(_("Payouts in %(currency)s go to %(account)s.", currency=currency, account=account.label), "success")
            return requests.go_to(PAGE)
    standing = queries.bank_accounts_of(g.agent.id).get(currency)
    page = render_template("agent/payouts/account.html", form=form, currency=currency, standing=standing)
    return page, form.status


@blueprint.get("/payouts/statements/<statement_id>.<kind>")
@access.agent("counter.payouts")
def statement_file(statement_id: str, kind: str) -> Response:
    """Send a monthly statement as PDF or XLSX."""
    return statement_files.send(queries.statement_for_agent(g.agent.id, requests.id_in_address(statement_id)), kind)


@blueprint.app_template_filter("may_cancel")
def may_cancel(payout: Payout) -> bool:
    """Tell whether the agent can still take a payout back."""
    return payout.state == "requested"


def _taking(earned: Earnings) -> Taking:
    typed = request.args.get("amount", "").strip()[:30] if request.args.get("currency") == earned.currency else ""
    if not typed:
        return Taking(earned, earned.payable)
    try:
        part = parse_amount(typed, earned.currency)
    except InvalidInput as error:
        return Taking(earned, earned.payable, typed, sentences.of_error(error))
    if not 0 < part.minor <= earned.payable.minor:
        fault = _("Enter a sum of at most %(payable)s.", payable=filters.money(earned.payable))
        return Taking(earned, earned.payable, typed, fault)
    return Taking(earned, part, typed)


def _is_sum_on_button() -> bool:
    """Tell whether the amount is the one that the button named, not one that was typed since."""
    currency = _currency(request.form.get("currency", ""))
    named, typed = request.form.get("sum"), request.form.get("amount", "")
    if named is None:
        return True
    try:
        return parse_amount(typed, currency) == parse_amount(named, currency)
    except InvalidInput:
        return False


def _look_again() -> Response:
    """Show the page anew with what was typed: its sum on the buttons, or why it cannot be taken; nothing was moved."""
    flash(_("Nothing was moved. Look at the sum on the button, then press it."), "error")
    asked = {name: request.form.get(name, "")[:30] for name in ("currency", "amount")}
    return requests.go_to(f"{PAGE}?{urlencode(asked)}")


def _asked(way: str) -> tuple[Money, str]:
    """Read the sum and the key of a form whose two buttons are two ways; each has a key of its own."""
    currency = _currency(request.form.get("currency", ""))
    key = request.form.get("idempotency_key", "")
    return parse_amount(request.form.get("amount", ""), currency), f"{key}-{way}{currency}" if key else ""


def _currency(text: str) -> str:
    try:
        exponent(text)
    except ValueError as error:
        raise NotFound from error
    return text
