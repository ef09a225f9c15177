"""The stand-in PayPal's page where a payer approves an order, and its place on the control page."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core.money import Money, exponent
from portal.sandbox import faults, paying
from portal.sandbox.faults import Call, Kind
from portal.sandbox.paypal_api import at_work
from portal.sandbox.paypal_desk import PayPalDesk
from portal.sandbox.paypal_words import WITHOUT_DECIMALS, Refusal, minor, whole
from portal.sandbox.shelf import Shelf, Thing
from portal.sandbox.tills import NotPossible, Row

paypal_pages = Blueprint("paypal_pages", __name__, url_prefix="/paypal/pay")

WAITING = frozenset({"CREATED", "PAYER_ACTION_REQUIRED"})
SPOILT = frozenset({Kind.OTHER_AMOUNT, Kind.OTHER_CURRENCY})

ROWS = 50


@paypal_pages.get("/<order_id>")
def page(order_id: str) -> str:
    """Show the order."""
    with at_work() as desk:
        order = _order(desk, order_id)
    unit = order["purchase_units"][0]
    return paying.page(
        provider="PayPal",
        description=unit.get("description", ""),
        amount=_money(unit["amount"]),
        action=f"/paypal/pay/{order_id}",
        language=order["_locale"],
        state="open" if order["status"] in WAITING else "settled",
        was_refused=bool(order.get("_is_instrument_bad")),
    )


@paypal_pages.post("/<order_id>")
def choose(order_id: str) -> AnyResponse:
    """Approve, approve with an account that will be refused when it is captured, or walk away."""
    choice = request.form.get("choice")
    with at_work() as desk:
        order = _order(desk, order_id)
        reference = order["purchase_units"][0].get("invoice_id")
        fault = faults.take_within(desk.shelf.connection, Call.PAY, carrier="paypal", iccid=reference)
        if order["status"] not in WAITING:
            return redirect(request.path, 303)
        if choice == "abandon":
            return redirect(order["_cancel_url"], 303)
        is_bad = choice != "pay" or (fault is not None and fault.kind is Kind.REFUSE)
        desk.approve(order, is_instrument_bad=is_bad, fault=fault.kind if fault and fault.kind in SPOILT else None)
    return redirect(order["_return_url"], 303)


class PayPalTill:
    """PayPal on the control page."""

    def rows(self, connection: sqlite3.Connection) -> list[Row]:
        """List the latest captures, refunds and disputes."""
        shelf = Shelf(connection, "paypal")
        refunds = {"PENDING": ["settle", "fail"], "COMPLETED": ["fail"]}
        disputes = {"WAITING_FOR_SELLER_RESPONSE": ["win", "lose"]}
        paid = {"COMPLETED": ["dispute"], "PARTIALLY_REFUNDED": ["dispute"]}
        return [
            *(_row("payment", thing, thing["amount"], paid) for thing in shelf.all("capture")[:ROWS]),
            *(_row("refund", thing, thing["amount"], refunds) for thing in shelf.all("refund")[:ROWS]),
            *(_row("dispute", thing, thing["dispute_amount"], disputes) for thing in shelf.all("dispute")[:ROWS]),
        ]

    def act(self, act: str, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Dispute a payment, decide a dispute, settle or fail a refund, withdraw; `id` may be our reference too."""
        try:
            with at_work() as desk:
                return _done(desk, act, wishes.get("id", ""))
        except Refusal as refusal:
            raise NotPossible(str(refusal)) from refusal


def _done(desk: PayPalDesk, act: str, wanted: str) -> dict[str, Any]:
    match act:
        case "payout":
            return {"payouts": [whole(line["transaction_info"]) for line in desk.pay_out()]}
        case "dispute":
            return whole(desk.dispute(_thing(desk, "capture", wanted)))
        case "win" | "lose":
            return whole(desk.close_dispute(_thing(desk, "dispute", wanted), is_won=act == "win"))
        case "settle":
            return whole(desk.settle_refund(_thing(desk, "refund", wanted)))
        case "fail":
            return whole(desk.fail_refund(_thing(desk, "refund", wanted)))
    raise NotPossible(f"PayPal knows no {act}.")


def _thing(desk: PayPalDesk, kind: str, wanted: str) -> Thing:
    for thing in desk.shelf.all(kind):
        if wanted in {thing["id"], thing.get("invoice_id")}:
            return thing
    raise NotPossible(f"There is no {kind} {wanted}.")


def _order(desk: PayPalDesk, order_id: str) -> Thing:
    try:
        return desk.thing("order", order_id)
    except Refusal:
        abort(404)


def _row(kind: str, thing: Thing, amount: Mapping[str, str], acts: Mapping[str, list[str]]) -> Row:
    shown_amount = f"{amount['value']} {amount['currency_code']}"
    status = thing["status"]
    return Row(thing["id"], kind, thing.get("invoice_id") or "", shown_amount, status, acts.get(status, []))


def _money(amount: Mapping[str, str]) -> Money:
    currency = amount["currency_code"]
    digits = 0 if currency in WITHOUT_DECIMALS else 2
    return Money(minor(amount) * 10 ** exponent(currency) // 10**digits, currency)
