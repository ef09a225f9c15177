"""Stripe's API, as far as the portal speaks with it: pages, charges, refunds, disputes, books, webhook endpoints."""

import hmac
import re
import time
from typing import Any

from flask import Blueprint, Response, request

from portal.sandbox.faults import Call, Fault, Kind
from portal.sandbox.shelf import Thing, new_id
from portal.sandbox.stripe_desk import Refusal, StripeDesk, invalid, missing
from portal.sandbox.stripe_wire import WEBHOOK_SECRET, acted, asked, error, listed, reference_of, wish

SECRET_KEY = "sk_test_sandbox"  # noqa: S105 - public on purpose: it opens nothing real

stripe_api = Blueprint("stripe_api", __name__, url_prefix="/stripe/v1")

SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600

OUTCOMES = {Kind.PENDING: "pending", Kind.FAILED: "failed"}


@stripe_api.before_request
def check_key() -> Response | None:
    """Refuse a call without the account's key."""
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {SECRET_KEY}".encode()):
        return error(401, {"type": "invalid_request_error", "message": "Invalid API Key provided."})
    return None


@stripe_api.get("/account")
def account() -> Response:
    """Tell whose key it is."""
    profile = {"name": "Sandbox Stripe"}
    return asked(None, lambda _desk: {"id": "acct_sandbox", "object": "account", "business_profile": profile})


@stripe_api.post("/checkout/sessions")
def create_session() -> Response:
    """Open a Checkout page."""
    return acted(Call.BEGIN, wish().get("client_reference_id"), _open_session)


@stripe_api.get("/checkout/sessions")
def list_sessions() -> Response:
    """List pages, newest first."""
    return listed("session", ("payment_intent",))


@stripe_api.get("/checkout/sessions/<thing_id>")
def show_session(thing_id: str) -> Response:
    """Show a page's state."""
    return asked(thing_id, lambda desk: desk.session(thing_id))


@stripe_api.post("/checkout/sessions/<thing_id>/expire")
def expire_session(thing_id: str) -> Response:
    """Close a page."""
    return acted(Call.CLOSE, reference_of(thing_id), lambda desk, _fault, _wish: desk.expire(desk.session(thing_id)))


@stripe_api.post("/payment_intents")
def create_intent() -> Response:
    """Charge a saved card while its owner is away."""
    return acted(Call.CHARGE, wish().get("metadata", {}).get("reference"), _charge)


@stripe_api.get("/payment_intents")
def list_intents() -> Response:
    """List payment intents, newest first."""
    return listed("intent", ("customer",))


@stripe_api.get("/payment_intents/search")
def search_intents() -> Response:
    """Find payment intents by our reference; the only search that is spoken here."""
    match = re.fullmatch(r"metadata\['reference'\]:'([^']+)'", request.args.get("query", ""))
    reference = match[1] if match else ""

    def find(desk: StripeDesk) -> Thing:
        found = desk.shelf.all("intent", reference=reference)
        return {"object": "search_result", "data": found, "has_more": False, "url": "/v1/payment_intents/search"}

    return asked(None, find, reference=reference)


@stripe_api.get("/payment_intents/<thing_id>")
def show_intent(thing_id: str) -> Response:
    """Show a payment intent."""
    return asked(thing_id, lambda desk: desk.intent(thing_id))


@stripe_api.post("/payment_intents/<thing_id>/cancel")
def cancel_intent(thing_id: str) -> Response:
    """Cancel a payment intent that was not paid."""

    def cancel(desk: StripeDesk, _fault: Fault | None, _wish: dict[str, Any]) -> Thing:
        intent = desk.intent(thing_id)
        if intent["status"] in {"succeeded", "canceled"}:
            raise invalid("It cannot be canceled any more.", code="payment_intent_unexpected_state")
        return desk.shelf.put("intent", intent | {"status": "canceled"})

    return acted(Call.CLOSE, reference_of(thing_id), cancel)


@stripe_api.post("/refunds")
def create_refund() -> Response:
    """Give money back."""

    def refund(desk: StripeDesk, fault: Fault | None, wish: dict[str, Any]) -> Thing:
        if fault and fault.kind is Kind.REFUSE:
            raise invalid("It is not given back.", code=fault.reason)
        outcome = OUTCOMES.get(fault.kind, "succeeded") if fault else "succeeded"
        intent = desk.intent(wish.get("payment_intent", ""))
        return desk.refund(intent, wish, outcome=outcome, reason=fault.reason if fault else None)

    return acted(Call.REFUND, wish().get("metadata", {}).get("reference"), refund)


@stripe_api.get("/refunds")
def list_refunds() -> Response:
    """List refunds, newest first."""
    return listed("refund", ("payment_intent",))


@stripe_api.get("/refunds/<thing_id>")
def show_refund(thing_id: str) -> Response:
    """Show a refund."""
    return asked(thing_id, lambda desk: _found(desk, "refund", thing_id))


@stripe_api.get("/disputes")
def list_disputes() -> Response:
    """List disputes, newest first."""
    return listed("dispute", ("charge", "payment_intent"))


@stripe_api.get("/disputes/<thing_id>")
def show_dispute(thing_id: str) -> Response:
    """Show a dispute."""
    return asked(thing_id, lambda desk: _found(desk, "dispute", thing_id))


@stripe_api.get("/balance_transactions")
def list_bookings() -> Response:
    """List the lines of Stripe's books, newest first."""
    return listed("booking", ("_payout",))


@stripe_api.get("/payouts")
def list_payouts() -> Response:
    """List payouts, newest first."""
    return listed("payout", ())


@stripe_api.get("/webhook_endpoints")
def list_webhooks() -> Response:
    """List who is told of what happens."""
    return listed("webhook", ())


@stripe_api.post("/webhook_endpoints")
def create_webhook() -> Response:
    """Tell somebody from now on; every endpoint here has the same secret."""

    def create(desk: StripeDesk, _fault: Fault | None, wish: dict[str, Any]) -> Thing:
        if not str(wish.get("url", "")).startswith(("http://", "https://")):
            raise invalid("Not a valid URL", code="url_invalid", param="url")
        endpoint = {"id": new_id("we_"), "object": "webhook_endpoint", "created": int(time.time()), "livemode": False}
        endpoint |= {"url": wish["url"], "enabled_events": wish.get("enabled_events", ["*"]), "status": "enabled"}
        return desk.shelf.put("webhook", endpoint) | {"secret": WEBHOOK_SECRET}

    return acted(Call.EVERY, None, create)


@stripe_api.delete("/webhook_endpoints/<thing_id>")
def delete_webhook(thing_id: str) -> Response:
    """Tell somebody no more."""

    def delete(desk: StripeDesk, _fault: Fault | None, _wish: dict[str, Any]) -> Thing:
        desk.shelf.remove(thing_id)
        return {"id": thing_id, "object": "webhook_endpoint", "deleted": True}

    return acted(Call.EVERY, None, delete)


def _open_session(desk: StripeDesk, fault: Fault | None, wish: dict[str, Any]) -> Thing:
    if fault and fault.kind is Kind.REFUSE:
        raise invalid("It is not taken.", code=fault.reason)
    if "payment_method_types" in wish:
        raise invalid("Received unknown parameter: payment_method_types", code="parameter_unknown")
    price = wish["line_items"][0]["price_data"]
    amount, left = int(price["unit_amount"]), int(wish["expires_at"]) - time.time()
    if amount <= 0:
        raise invalid("The amount must be greater than 0.", code="amount_too_small")
    if not SHORTEST_SECONDS <= left <= LONGEST_SECONDS + 60:
        raise invalid("`expires_at` must be between 30 minutes and 24 hours from now.", param="expires_at")
    _refuse_odd_thousandths(amount, price["currency"])
    thing_id = new_id("cs_test_")
    session: Thing = {
        "id": thing_id,
        "object": "checkout.session",
        "amount_total": amount,
        "client_reference_id": wish.get("client_reference_id"),
        "created": int(time.time()),
        "currency": price["currency"],
        "customer": None,
        "expires_at": int(wish["expires_at"]),
        "livemode": False,
        "metadata": wish.get("metadata", {}),
        "mode": wish["mode"],
        "payment_intent": None,
        "payment_method_types": wish.get("allowed_payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "status": "open",
        "success_url": wish["success_url"],
        "cancel_url": wish["cancel_url"],
        "url": f"{request.host_url}stripe/pay/{thing_id}",
        "_description": price["product_data"]["name"],
        "_email": wish.get("customer_email"),
        "_intent": wish.get("payment_intent_data", {}),
        "_locale": wish.get("locale", "en"),
    }
    return desk.shelf.put("session", session, reference=session["client_reference_id"])


def _charge(desk: StripeDesk, fault: Fault | None, wish: dict[str, Any]) -> Thing:
    method = desk.shelf.get(wish.get("payment_method"))
    if method is None or method.get("customer") != wish.get("customer"):
        raise missing("PaymentMethod", wish.get("payment_method"))
    amount = int(wish["amount"])
    _refuse_odd_thousandths(amount, wish["currency"])
    usage = {"customer": wish["customer"], "payment_method": method["id"], "setup_future_usage": "off_session"}
    intent = desk.new_intent(amount, wish["currency"], wish.get("metadata", {}), **usage)
    if fault and fault.kind is Kind.REFUSE:
        failed = desk.fail(intent, code=fault.reason)
        raise Refusal(402, failed["last_payment_error"] | {"payment_intent": failed})
    return desk.settle(intent, received=amount, currency=wish["currency"])


def _refuse_odd_thousandths(amount: int, currency: str) -> None:
    if currency in {"bhd", "jod", "kwd", "omr", "tnd"} and amount % 10:
        raise invalid("Invalid amount: the last digit must be 0.", param="amount")


def _found(desk: StripeDesk, kind: str, thing_id: str) -> Thing:
    thing = desk.shelf.get(thing_id)
    if thing is None or thing["object"] != kind:
        raise missing(kind, thing_id)
    return thing
