"""PayPal's API, as far as the portal speaks with it: tokens, orders, captures, refunds, disputes, webhooks, books."""

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, request

from portal.core import clock
from portal.sandbox import books, faults, notifying
from portal.sandbox.faults import Call, Fault, Kind
from portal.sandbox.paypal_desk import PayPalDesk
from portal.sandbox.paypal_words import Refusal, impossible, instant, whole
from portal.sandbox.shelf import Shelf, Thing, new_id

CLIENT = ("sandbox-client", "sandbox-secret")
TOKEN = "A21AA-sandbox"  # noqa: S105 - public on purpose: it opens nothing real
WEBHOOK_ID = "WH-SANDBOX"
SIGNING_KEY = b"paypal-sandbox-signing"

paypal_api = Blueprint("paypal_api", __name__, url_prefix="/paypal")

OLDEST_DISPUTE = timedelta(days=180)

LISTED_OF_DISPUTES = ("dispute_id", "create_time", "dispute_amount", "reason", "status")
"""What the list tells of a dispute; which payment it is about only the dispute itself tells."""

OUTCOMES = {Kind.PENDING: "pending", Kind.FAILED: "failed"}

Act = Callable[[PayPalDesk, Fault | None], tuple[int, Thing | None]]


@paypal_api.before_request
def check_token() -> Response | None:
    """Refuse a call without a token, but for the call that fetches one."""
    given = request.headers.get("Authorization", "")
    if request.endpoint == "paypal_api.token":
        pair = base64.b64encode(":".join(CLIENT).encode()).decode()
        is_right = hmac.compare_digest(given.encode(), f"Basic {pair}".encode())
        refusal = {"error": "invalid_client", "error_description": "Client Authentication failed"}
    else:
        is_right = hmac.compare_digest(given.encode(), f"Bearer {TOKEN}".encode())
        refusal = {"name": "AUTHENTICATION_FAILURE", "message": "Authentication failed."}
    return None if is_right else make_response(jsonify(refusal), 401)


@paypal_api.post("/v1/oauth2/token")
def token() -> Response:
    """Give the token."""
    return jsonify(access_token=TOKEN, token_type="Bearer", app_id="APP-SANDBOX", expires_in=32_400)  # noqa: S106


@paypal_api.post("/v2/checkout/orders")
def open_order() -> Response:
    """Open an order, once for its request id."""
    wish = _wish()
    units = wish.get("purchase_units") or [{}]

    def act(desk: PayPalDesk, fault: Fault | None) -> tuple[int, Thing]:
        if fault and fault.kind is Kind.REFUSE:
            raise impossible(fault.reason.upper())
        return 201, desk.open(wish, host_url=request.host_url)

    return _acted(Call.BEGIN, units[0].get("invoice_id"), act)


@paypal_api.get("/v2/checkout/orders/<order_id>")
def show_order(order_id: str) -> Response:
    """Show an order."""
    return _acted(Call.LOOK_UP, _reference_of(order_id), lambda desk, _fault: (200, desk.order(order_id)))


@paypal_api.patch("/v2/checkout/orders/<order_id>")
def change_order(order_id: str) -> Response:
    """Change an order that was not captured."""

    def act(desk: PayPalDesk, _fault: Fault | None) -> tuple[int, None]:
        desk.change(order_id, request.get_json())
        return 204, None

    return _acted(Call.CLOSE, _reference_of(order_id), act)


@paypal_api.post("/v2/checkout/orders/<order_id>/capture")
def capture(order_id: str) -> Response:
    """Take the money of an order."""
    wish = _wish()

    def act(desk: PayPalDesk, fault: Fault | None) -> tuple[int, Thing]:
        refused = None
        if fault and fault.kind is Kind.REFUSE:
            refused = {"authentication_required": "PAYER_ACTION_REQUIRED"}.get(fault.reason, fault.reason.upper())
        return 201, desk.capture(order_id, wish, refused=refused)

    return _acted(Call.CHARGE if "payment_source" in wish else Call.CAPTURE, _reference_of(order_id), act)


@paypal_api.get("/v2/payments/captures/<capture_id>")
def show_capture(capture_id: str) -> Response:
    """Show a capture."""
    return _acted(
        Call.LOOK_UP, _reference_of(capture_id), lambda desk, _fault: (200, desk.thing("capture", capture_id))
    )


@paypal_api.post("/v2/payments/captures/<capture_id>/refund")
def refund(capture_id: str) -> Response:
    """Give money back, once for its request id."""
    wish = _wish()

    def act(desk: PayPalDesk, fault: Fault | None) -> tuple[int, Thing]:
        if fault and fault.kind is Kind.REFUSE:
            raise impossible(fault.reason.upper())
        outcome = OUTCOMES.get(fault.kind, "succeeded") if fault else "succeeded"
        return 201, desk.refund(desk.thing("capture", capture_id), wish, outcome=outcome)

    return _acted(Call.REFUND, wish.get("invoice_id"), act)


@paypal_api.get("/v2/payments/refunds/<refund_id>")
def show_refund(refund_id: str) -> Response:
    """Show a refund."""
    return _acted(Call.LOOK_UP, _reference_of(refund_id), lambda desk, _fault: (200, desk.thing("refund", refund_id)))


@paypal_api.get("/v1/customer/disputes")
def list_disputes() -> Response:
    """List the disputes that were opened since, newest first, a page at a time."""

    def act(desk: PayPalDesk, _fault: Fault | None) -> tuple[int, Thing]:
        since = datetime.fromisoformat(request.args["create_time_after"])
        if clock.now() - since > OLDEST_DISPUTE:
            raise Refusal(400, "INVALID_REQUEST", "create_time_after must be within the last 180 days")
        found = [thing for thing in desk.shelf.all("dispute") if datetime.fromisoformat(thing["create_time"]) >= since]
        size, page = int(request.args.get("page_size", 10)), int(request.args.get("page", 1))
        listed = found[size * (page - 1) : size * page]
        items = [{name: thing[name] for name in LISTED_OF_DISPUTES} for thing in listed]
        after = f"{request.base_url}?{urlencode(request.args.to_dict() | {'page': str(page + 1)})}"
        links = [{"rel": "next", "href": after}] if size * page < len(found) else []
        return 200, {"items": items, "links": links}

    return _acted(Call.LOOK_UP, None, act)


@paypal_api.get("/v1/customer/disputes/<dispute_id>")
def show_dispute(dispute_id: str) -> Response:
    """Show a dispute."""
    return _acted(Call.LOOK_UP, None, lambda desk, _fault: (200, desk.thing("dispute", dispute_id)))


@paypal_api.get("/v1/reporting/transactions")
def transactions() -> Response:
    """List what moved the balance in a time, a page at a time."""

    def act(desk: PayPalDesk, _fault: Fault | None) -> tuple[int, Thing]:
        since, until = (datetime.fromisoformat(request.args[name]) for name in ("start_date", "end_date"))
        if (until - since).days > 31:
            raise Refusal(400, "INVALID_REQUEST", "Date range is greater than 31 days")
        lines = [line for line in reversed(desk.shelf.all("line")) if since <= _booked_at(line) <= until]
        size, page = int(request.args.get("page_size", 100)), int(request.args.get("page", 1))
        rows = [
            {"transaction_info": whole(line["transaction_info"])} for line in lines[size * (page - 1) : size * page]
        ]
        pages = max(1, -(-len(lines) // size))
        return 200, {"transaction_details": rows, "page": page, "total_items": len(lines), "total_pages": pages}

    return _acted(Call.LOOK_UP, None, act)


@paypal_api.get("/v1/notifications/webhooks")
def list_webhooks() -> Response:
    """List who is told of what happens."""
    return _acted(Call.EVERY, None, lambda desk, _fault: (200, {"webhooks": _webhooks(desk)}))


@paypal_api.post("/v1/notifications/webhooks")
def create_webhook() -> Response:
    """Tell somebody from now on; every webhook here has the same id."""
    wish = _wish()

    def act(desk: PayPalDesk, _fault: Fault | None) -> tuple[int, Thing]:
        if not str(wish.get("url", "")).startswith(("http://", "https://")):
            raise Refusal(400, "VALIDATION_ERROR", "Not a valid webhook URL")
        names = [event["name"] for event in wish["event_types"]]
        desk.shelf.put("webhook", {"id": f"webhook {wish['url']}", "url": wish["url"], "names": names})
        return 201, {"id": WEBHOOK_ID} | wish

    return _acted(Call.EVERY, None, act)


@paypal_api.post("/v1/notifications/verify-webhook-signature")
def verify() -> Response:
    """Tell whether a webhook came from here, by its very bytes."""
    question = _wish()
    _, _, rest = request.get_data().partition(b'"webhook_event":')
    body = rest.strip()[:-1].strip()
    expected = signature(
        body,
        transmission_id=str(question.get("transmission_id")),
        at=str(question.get("transmission_time")),
        webhook_id=str(question.get("webhook_id")),
    )
    is_ours = question.get("webhook_id") == WEBHOOK_ID
    is_right = is_ours and hmac.compare_digest(expected, str(question.get("transmission_sig")))
    return jsonify(verification_status="SUCCESS" if is_right else "FAILURE")


@contextmanager
def at_work() -> Iterator[PayPalDesk]:
    """Open the desk in a transaction, and tell the webhooks after it."""
    with books.current().writing() as connection:
        desk = PayPalDesk(Shelf(connection, "paypal"))
        yield desk
        webhooks = desk.shelf.all("webhook")
    for word, thing in desk.events:
        tell(word, thing, webhooks)


def tell(word: str, thing: Thing, webhooks: list[Thing]) -> None:
    """Send an event, signed, to every webhook that wants it."""
    at = instant(clock.now())
    event = {
        "id": new_id("WH-").upper(),
        "event_version": "1.0",
        "create_time": at,
        "event_type": word,
        "resource": whole(thing),
    }
    body = json.dumps(event).encode()
    transmission_id = new_id("")
    headers = {
        "Content-Type": "application/json",
        "PayPal-Auth-Algo": "SHA256withRSA",
        "PayPal-Cert-Url": "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-SANDBOX",
        "PayPal-Transmission-Id": transmission_id,
        "PayPal-Transmission-Time": at,
        "PayPal-Transmission-Sig": signature(body, transmission_id=transmission_id, at=at),
    }
    units = thing.get("purchase_units") or [thing]
    for webhook in webhooks:
        if {word, "*"} & set(webhook["names"]):
            reference = units[0].get("invoice_id")
            notifying.post_later(webhook["url"], headers, body, sender="paypal", reference=reference)


def signature(body: bytes, *, transmission_id: str, at: str, webhook_id: str = WEBHOOK_ID) -> str:
    """Sign a webhook over what PayPal signs; with a shared key, where PayPal has a certificate."""
    signed = f"{transmission_id}|{at}|{webhook_id}|{zlib.crc32(body)}"
    return base64.b64encode(hmac.new(SIGNING_KEY, signed.encode(), hashlib.sha256).digest()).decode()


def _acted(call: Call, reference: str | None, act: Act) -> Response:
    """Do something once for its request id; the same id again gives the first answer, whatever is wished."""
    given = request.headers.get("PayPal-Request-Id")
    key = f"{request.path} {given}" if given else None

    def carry_out(fault: Fault | None) -> Response:
        with at_work() as desk:
            before = desk.shelf.answered(key) if key else None
            if before:
                return make_response(jsonify(before[2]), before[1])
            status, body = _tried(lambda: act(desk, fault))
            if key and body and status < 400:
                desk.shelf.keep_answer(key, "", status, body)
            return make_response(jsonify(body) if body is not None else "", status)

    return faults.around(call, carrier="paypal", reference=reference, act=carry_out)


def _tried(act: Callable[[], tuple[int, Thing | None]]) -> tuple[int, Thing | None]:
    try:
        status, body = act()
        return status, whole(body) if body is not None else None
    except Refusal as refusal:
        details = [] if refusal.status == 404 else [{"issue": refusal.issue, "description": refusal.issue}]
        return refusal.status, {"name": refusal.name, "message": refusal.issue, "details": details}
    except (KeyError, ValueError, TypeError, IndexError) as oddity:
        detail = {"issue": "INVALID_PARAMETER_VALUE", "description": str(oddity)}
        return 400, {"name": "INVALID_REQUEST", "message": "Request is not well-formed.", "details": [detail]}


def _webhooks(desk: PayPalDesk) -> list[Thing]:
    return [{"id": WEBHOOK_ID, "url": webhook["url"]} for webhook in desk.shelf.all("webhook")]


def _booked_at(line: Thing) -> datetime:
    return datetime.fromisoformat(line["transaction_info"]["transaction_initiation_date"])


def _reference_of(thing_id: str) -> str | None:
    with books.current().reading() as connection:
        thing = Shelf(connection, "paypal").get(thing_id) or {}
    found = (thing.get("purchase_units") or [thing])[0].get("invoice_id")
    return str(found) if found else None


def _wish() -> dict[str, Any]:
    wish = request.get_json(silent=True)
    return wish if isinstance(wish, dict) else {}
