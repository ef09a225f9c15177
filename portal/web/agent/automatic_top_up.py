"""Automatic top-up: which saved card is charged when, agreed to in one sentence, and how it goes on or ends."""

from typing import Any
from uuid import UUID

from flask import flash, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.core import clock, ids
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money, exponent, parse_amount, to_decimal_text
from portal.core.settings import current as settings
from portal.payments import offers, saving
from portal.payments import queries as payments
from portal.payments.models import Payment, PaymentChannel, SavedMethod
from portal.wallets import arranging, needing
from portal.wallets import queries as wallets
from portal.wallets.arranging import Arrangement
from portal.wallets.models import AutomaticTopUp
from portal.wallets.queries import Wallet
from portal.web import access, acts, filters, language, limits, requests, sentences
from portal.web.agent import low_balance, own, suggesting
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm
from portal.web.sentences import Words
from portal.web.words import BAD, CARE, GOOD, QUIET

TIMES = 3
"""How often a day a card may be charged, unless its owner says otherwise."""

sentences.extend(
    reasons={
        "amount_below_threshold": _l(
            "Please add at least as much as the threshold, so that one top-up always brings the wallet above it."
        ),
        "most_below_amount": _l("This would not allow a single top-up. Please allow at least the amount."),
    },
)


class AutomaticForm(PortalForm):
    """Which card is charged, when, with how much, and how often at most."""

    currency = HiddenField()
    method = HiddenField()
    threshold = LineField(_l("Top up below"), max_length=30)
    amount = LineField(_l("Top up by"), max_length=30)
    most_a_day = LineField(_l("Times a day, at most"), max_length=2)
    most = LineField(_l("Sum a day, at most"), max_length=30)
    agreed = HiddenField()


@blueprint.route("/wallet/automatic", methods=["GET", "POST"])
@access.agent("counter.automation")
@limits.orders
def automatic_top_up() -> Response | tuple[str, int]:
    """Ask which card is charged when, then show in one sentence what is agreed to, then switch it on."""
    wallet = own.wallet()
    saved = offers.chargeable(saving.of_agent(g.agent.id), wallet.currency, PaymentChannel.AGENT)
    form = AutomaticForm()
    if form.validate_on_submit():
        with form.refusals():
            wanted = _read(form, wallet.currency, saved)
            card = in_transaction(lambda: arranging.check(g.agent.id, wanted))
            consent = _consent(wanted, card)
            if form.agreed.data == "yes":
                return _switch_on(wanted, consent)
            page = render_template(
                "agent/automatic_top_up/agree.html",
                form=form,
                wallet=wallet,
                wanted=wanted,
                card=card,
                consent=consent,
                held_back_by=_holding_back(wallet, wanted.threshold),
            )
            return page, 200
    elif request.method == "GET":
        _fill(form, wallet.currency, saved)
    return (
        render_template("agent/automatic_top_up/arrange.html", form=form, wallet=wallet, saved=saved),
        form.status,
    )


@blueprint.post("/wallet/automatic/off")
@access.agent("counter.automation")
def end_automatic_top_up() -> Response:
    """Switch automatic top-ups off."""
    currency = own.wallet().currency
    return acts.do(
        lambda: arranging.end(agent_id=g.agent.id, currency=currency, actor=current_user.actor),
        told=_("Automatic top-up is switched off. Your card is charged no more."),
        back=low_balance.address(currency),
    )


@blueprint.post("/wallet/automatic/resume")
@access.agent("counter.automation")
@limits.orders
def resume_automatic_top_up() -> Response:
    """Let automatic top-ups go on."""
    currency = own.wallet().currency
    return acts.do(
        lambda: arranging.resume(agent_id=g.agent.id, currency=currency, actor=current_user.actor),
        told=_("Automatic top-up goes on."),
        back=low_balance.address(currency),
    )


@blueprint.app_template_filter("mandate_state")
def mandate_state(mandate: AutomaticTopUp | None) -> tuple[Words, str]:
    """Say whether a wallet is topped up automatically, with the tone."""
    if mandate is None or not mandate.is_on:
        return _l("off"), QUIET
    if mandate.is_paused:
        return _l("paused"), BAD
    if mandate.rests(clock.now()):
        return _l("waiting for now"), CARE
    return _l("on"), GOOD


def _holding_back(wallet: Wallet, threshold: Money) -> list[Payment]:
    on_its_way = payments.top_ups_on_their_way(g.agent.id, wallet.currency)
    is_held_back = needing.is_held_back(wallet.available, threshold, on_its_way=on_its_way)
    return payments.open_top_ups(g.agent.id, wallet.currency) if is_held_back else []


def _switch_on(wanted: Arrangement, consent: str) -> Response:
    description = _("Automatic wallet top-up, %(agent)s", agent=g.agent.name_en)
    in_transaction(
        lambda: arranging.arrange(
            agent_id=g.agent.id,
            wanted=wanted,
            consent=consent,
            description=description,
            language=language.current(),
            actor=current_user.actor,
        )
    )
    flash(_("Automatic top-up is on."), "success")
    return requests.go_to(low_balance.address(wanted.amount.currency))


def _consent(wanted: Arrangement, card: SavedMethod) -> str:
    here = settings()
    return _(
        "%(issuer)s may charge %(card)s with %(amount)s whenever less than %(threshold)s can be spent from the wallet"
        " of %(agent)s, until this is switched off. Limits a day: %(times)s ×, %(most)s in all.",
        issuer=here.issuer_name_zh if language.current() == "zh" else here.issuer_name_en,
        card=card.label,
        amount=filters.money(wanted.amount),
        threshold=filters.money(wanted.threshold),
        agent=language.name_of(g.agent),
        times=wanted.most_a_day,
        most=filters.money(wanted.most),
    )


def _read(form: AutomaticForm, currency: str, saved: list[SavedMethod]) -> Arrangement:
    card = next((one for one in saved if str(one.id) == form.method.data), None)
    if card is None:
        raise InvalidInput(field="method", reason="choice_unknown")
    times = form.most_a_day.data or ""
    if not (times.isascii() and times.isdigit()):
        raise InvalidInput(field="most_a_day", reason="number_invalid")
    return Arrangement(
        saved_method_id=card.id,
        threshold=parse_amount(form.threshold.data or "", currency, field="threshold"),
        amount=parse_amount(form.amount.data or "", currency, field="amount"),
        most_a_day=int(times),
        most=parse_amount(form.most.data or "", currency, field="most"),
    )


def _fill(form: AutomaticForm, currency: str, saved: list[SavedMethod]) -> None:
    mandate = wallets.automatic(g.agent.id, currency)
    kept: list[UUID] = [one.id for one in saved]
    if mandate is not None:
        values: dict[str, Any] = {
            "threshold": mandate.threshold,
            "amount": mandate.amount,
            "most": mandate.most,
        }
        times, chosen = mandate.most_a_day, mandate.saved_method_id
    else:
        little, enough = (
            Money(whole * 10 ** exponent(currency), currency) for whole in suggesting.amounts(currency)[:2]
        )
        values = {"threshold": little, "amount": enough, "most": Money(enough.minor * TIMES, currency)}
        times, chosen = TIMES, ids.new_id()
    for name, amount in values.items():
        form[name].data = to_decimal_text(amount)
    form.most_a_day.data = str(times)
    form.method.data = str(chosen if chosen in kept else next(iter(kept), ""))
