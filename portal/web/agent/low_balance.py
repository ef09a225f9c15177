"""A wallet that runs low: below what the agent is told, and what everybody at the counter is shown."""

from functools import cached_property

from flask import g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.core.db import existing
from portal.core.money import parse_amount, to_decimal_text
from portal.payments import offers, saving
from portal.payments import queries as payments
from portal.payments.models import PaymentChannel
from portal.wallets import needing, thresholds
from portal.wallets import queries as wallets
from portal.wallets.models import AutomaticTopUp
from portal.wallets.queries import LowWallet
from portal.web import access, acts, filters, limits
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm


def address(currency: str) -> str:
    """Give the address of the page about a currency's wallet."""
    return f"/agent/wallet/low-balance?currency={currency}"


class ThresholdForm(PortalForm):
    """Below what the agent is told."""

    currency = HiddenField()
    threshold = LineField(_l("Warn us below"), max_length=30)


class Warnings:
    """What an agent's people should know of their wallets; looked up by pages that show it: error pages ask nothing."""

    @cached_property
    def low(self) -> list[LowWallet]:
        """The wallets that run low."""
        return wallets.low_of_agent(g.agent.id)

    @cached_property
    def hindered(self) -> list[AutomaticTopUp]:
        """The automatic top-ups that do not go on."""
        return wallets.hindered(g.agent.id)


@blueprint.context_processor
def wallet_warnings() -> dict[str, Warnings]:
    """Give an agent's pages their warnings."""
    return {"wallet_warnings": Warnings()}


@blueprint.route("/wallet/low-balance", methods=["GET", "POST"])
@access.agent("counter.automation")
@limits.orders
def low_balance() -> Response | tuple[str, int]:
    """Show what is settled for a wallet that runs low, and settle below what the agent is told."""
    held = wallets.of_agent(g.agent.id)
    wallet = existing(own.in_currency_asked_for(held))
    standing = wallets.threshold_of(g.agent.id, wallet.currency)
    form = ThresholdForm()
    if form.validate_on_submit():
        with form.refusals():
            wanted = parse_amount(form.threshold.data or "", wallet.currency, field="threshold")
            return acts.do(
                lambda: thresholds.keep(agent_id=g.agent.id, threshold=wanted, actor=current_user.actor),
                told=_("You are told when less than %(sum)s can be spent.", sum=filters.money(wanted)),
                back=address(wallet.currency),
            )
    elif request.method == "GET" and standing is not None:
        form.threshold.data = to_decimal_text(standing)
    mandate = wallets.automatic(g.agent.id, wallet.currency)
    saved = saving.of_agent(g.agent.id)
    on_its_way = payments.top_ups_on_their_way(g.agent.id, wallet.currency)
    attempts = wallets.attempts_of(mandate.id) if mandate else []
    return (
        render_template(
            "agent/low_balance/show.html",
            form=form,
            wallet=wallet,
            currencies=[one.currency for one in held],
            on_its_way=on_its_way,
            waiting=payments.open_top_ups(g.agent.id, wallet.currency),
            is_held_back=bool(
                mandate
                and mandate.is_on
                and needing.is_held_back(wallet.available, mandate.threshold, on_its_way=on_its_way)
            ),
            threshold=standing,
            mandate=mandate,
            attempts=attempts,
            paid_by=payments.by_subjects([attempt.id for attempt in attempts]),
            saved=saved,
            chargeable=offers.chargeable(saved, wallet.currency, PaymentChannel.AGENT),
        ),
        form.status,
    )


@blueprint.post("/wallet/low-balance/remove")
@access.agent("counter.automation")
def remove_threshold() -> Response:
    """Tell the agent no more."""
    currency = own.wallet().currency
    return acts.do(
        lambda: thresholds.remove(agent_id=g.agent.id, currency=currency, actor=current_user.actor),
        told=_("The warning is ended."),
        back=address(currency),
    )
