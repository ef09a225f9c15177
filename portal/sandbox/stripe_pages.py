"""The stand-in Stripe's Checkout page, and its place on the control page."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core.money import Money, exponent
from portal.sandbox import faults, paying
from portal.sandbox.faults import Call, Fault, Kind
from portal.sandbox.shelf import Shelf, Thing, shown
from portal.sandbox.stripe_desk import Refusal, StripeDesk
from portal.sandbox.stripe_wire import at_work
from portal.sandbox.tills import NotPossible, Row

stripe_pages = Blueprint("stripe_pages", __name__, url_prefix="/stripe/pay")

STATES = {"open": "open", "complete": "settled", "expired": "closed"}

NO_DECIMALS = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())  # noqa: SIM905
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})

ROWS = 50


@stripe_pages.get("/<thing_id>")
def page(thing_id: str) -> str:
    """Show the Checkout page."""
    with at_work() as desk:
        session = _session(desk, thing_id)
        intent = desk.intent(session["payment_intent"]) if session["payment_intent"] else {}
    return paying.page(
        provider="Stripe",
        description=session["_description"],
        amount=_money(session["amount_total"], session["currency"]),
        action=f"/stripe/pay/{thing_id}",
        language=session["_locale"],
        state=STATES[session["status"]],
        was_refused=bool(intent.get("last_payment_error")),
    )


@stripe_pages.post("/<thing_id>")
def choose(thing_id: str) -> AnyResponse:
    """Pay, have the card refused (the page stays open for another), or walk away."""
    choice = request.form.get("choice")
    with at_work() as desk:
        session = _session(desk, thing_id)
        fault = faults.take_within(
            desk.shelf.connection, Call.PAY, carrier="stripe", iccid=session["client_reference_id"]
        )
        if session["status"] != "open":
            return redirect(request.path, 303)
        if choice == "abandon":
            return redirect(session["cancel_url"], 303)
        is_refused = choice != "pay" or (fault is not None and fault.kind is Kind.REFUSE)
        if is_refused:
            reason = fault.reason if fault and fault.kind is Kind.REFUSE else "generic_decline"
            desk.fail(_intent(desk, session), code=reason)
        else:
            _pay(desk, session, fault)
    return redirect(request.path if is_refused else session["success_url"], 303)


class StripeTill:
    """Stripe on the control page."""

    def rows(self, connection: sqlite3.Connection) -> list[Row]:
        """List the latest pages, charges, refunds and disputes."""
        shelf = Shelf(connection, "stripe")
        intents = {"succeeded": ["dispute"]}
        refunds = {"pending": ["settle", "fail"], "succeeded": ["fail"]}
        disputes = {"needs_response": ["win", "lose"]}
        return [
            *(_row("payment", thing, intents) for thing in shelf.all("intent")[:ROWS]),
            *(_row("refund", thing, refunds) for thing in shelf.all("refund")[:ROWS]),
            *(_row("dispute", thing, disputes) for thing in shelf.all("dispute")[:ROWS]),
            *(_row("payout", thing, {}) for thing in shelf.all("payout")[:ROWS]),
        ]

    def act(self, act: str, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Dispute a payment, decide a dispute, settle or fail a refund, pay out; `id` may be our reference too."""
        try:
            with at_work() as desk:
                return _done(desk, act, wishes)
        except Refusal as refusal:
            raise NotPossible(str(refusal)) from refusal


def _done(desk: StripeDesk, act: str, wishes: Mapping[str, str]) -> dict[str, Any]:
    wanted = wishes.get("id", "")
    match act:
        case "payout":
            return {"payouts": [shown(payout) for payout in desk.pay_out()]}
        case "dispute":
            return _shown(desk.dispute(_thing(desk, "intent", wanted)))
        case "win" | "lose":
            status = {"win": "won", "lose": "lost"}[act]
            return _shown(desk.close_dispute(_thing(desk, "dispute", wanted), status=status))
        case "settle":
            return _shown(desk.settle_refund(_thing(desk, "refund", wanted)))
        case "fail":
            reason = wishes.get("reason") or "expired_or_canceled_card"
            return _shown(desk.fail_refund(_thing(desk, "refund", wanted), reason))
    raise NotPossible(f"Stripe knows no {act}.")


def _thing(desk: StripeDesk, kind: str, wanted: str) -> Thing:
    for thing in desk.shelf.all(kind):
        if wanted in {thing["id"], thing["metadata"].get("reference")}:
            return thing
    raise NotPossible(f"There is no {kind} {wanted}.")


def _pay(desk: StripeDesk, session: Thing, fault: Fault | None) -> None:
    received, currency = session["amount_total"], session["currency"]
    if fault and fault.kind is Kind.OTHER_AMOUNT:
        received = received - 1 or 2
    if fault and fault.kind is Kind.OTHER_CURRENCY:
        currency = "usd" if currency == "eur" else "eur"
    intent = _intent(desk, session)
    if intent["setup_future_usage"]:
        desk.keep_card(intent, session["_email"])
    desk.settle(intent, received=received, currency=currency)
    session |= {"status": "complete", "payment_status": "paid", "customer": intent["customer"], "url": None}
    desk.shelf.put("session", session)
    desk.events.append(("checkout.session.completed", session))


def _intent(desk: StripeDesk, session: Thing) -> Thing:
    """Find the page's payment intent; the first try to pay makes it."""
    if session["payment_intent"]:
        return desk.intent(session["payment_intent"])
    wish = session["_intent"]
    intent = desk.new_intent(
        session["amount_total"],
        session["currency"],
        wish.get("metadata", {}),
        setup_future_usage=wish.get("setup_future_usage"),
    )
    session["payment_intent"] = intent["id"]
    desk.shelf.put("session", session)
    return intent


def _session(desk: StripeDesk, thing_id: str) -> Thing:
    try:
        return desk.session(thing_id)
    except Refusal:
        abort(404)


def _row(kind: str, thing: Thing, acts: Mapping[str, list[str]]) -> Row:
    reference = thing.get("metadata", {}).get("reference", "")
    amount = paying.written(_money(thing["amount"], thing["currency"]))
    return Row(thing["id"], kind, reference, amount, thing["status"], acts.get(thing["status"], []))


def _shown(thing: Thing) -> dict[str, Any]:
    whole: dict[str, Any] = shown(thing)
    return whole


def _money(number: int, currency: str) -> Money:
    digits = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    return Money(number * 10 ** exponent(currency.upper()) // 10**digits, currency.upper())
