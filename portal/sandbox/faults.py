"""What goes wrong on demand: which fault strikes a call, and what it does to it."""

import random
import socket
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

from flask import Response, abort, jsonify, make_response, request

from portal.sandbox import books


class Kind(StrEnum):
    """A way for a carrier or a payment provider to fail."""

    REFUSE = "refuse"
    """Refuse with the fault's `reason`; a submission stays refused under its reference."""
    SLOW = "slow"
    """Wait `seconds`, then do what was asked."""
    LATE = "late"
    """Do what was asked, then answer only after `seconds`."""
    DROP = "drop"
    """Do what was asked, then close the connection without an answer."""
    ERROR_BEFORE = "error_before"
    """Answer 500 and do nothing."""
    ERROR_AFTER = "error_after"
    """Do what was asked, then answer 500."""
    ERROR_PAGE = "error_page"
    """Do what was asked, then answer 200 with a page of HTML."""
    OTHER_PLAN = "other_plan"
    """Do what was asked, but answer as if for another plan."""
    BUSY = "busy"
    """Answer 429 and do nothing."""
    DOWN = "down"
    """Answer 503 without having read the call."""
    CLOSED = "closed"
    """Close the connection without having read the call."""
    OTHER_AMOUNT = "other_amount"
    """The payer pays one unit less than was asked, two where it was one; at payment providers, `call` is `pay`."""
    OTHER_CURRENCY = "other_currency"
    """The payer pays the same number in another currency; at payment providers, `call` is `pay`."""
    PENDING = "pending"
    """A refund stays pending until the control page settles it or lets it fail; `call` is `refund`."""
    FAILED = "failed"
    """A refund is taken and has failed with `reason` by the time it is asked for; `call` is `refund`."""
    TWICE = "twice"
    """A notice is delivered two times; `call` is `notify`."""
    UNSENT = "unsent"
    """A notice is not delivered at all; `call` is `notify`."""


class Call(StrEnum):
    """What the caller was doing when the fault struck."""

    SUBMIT = "submit"
    LOOK_UP = "look_up"
    TAKE_BACK = "take_back"
    CARD = "card"
    PLANS = "plans"
    COSTS = "costs"
    """The list of what the carrier asks is fetched; `other_amount` has it ask one minor unit more for everything."""
    BEGIN = "begin"
    """A payment is opened at a payment provider; `look_up` is any question there."""
    PAY = "pay"
    """The payer pays on the provider's page."""
    CAPTURE = "capture"
    CHARGE = "charge"
    """A saved card or account is charged."""
    CLOSE = "close"
    REFUND = "refund"
    NOTIFY = "notify"
    """The provider sends a webhook."""
    SIGN_IN = "sign_in"
    """A provider's app is asked who reads a page inside it; `refuse` takes the error's number as its `reason`."""
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault waiting to strike: at every matching call, at `percent` of them, or `times` more only."""

    kind: Kind
    call: Call = Call.SUBMIT
    carrier: str | None = None
    """A carrier or payment provider; None strikes all of them."""
    iccid: str | None = None
    """None strikes every card; at a payment provider it is our reference of the payment or refund."""
    reason: str = "carrier_maintenance"
    seconds: float = 5.0
    percent: int = 100
    times: int | None = None
    """None strikes until the fault is cleared."""


FIELDS = [field.name for field in fields(Fault)]


def take(call: Call, *, carrier: str, iccid: str | None) -> Fault | None:
    """Choose the fault that strikes this call, one for its card before a general one, and count it down."""
    with books.current().writing() as connection:
        return take_within(connection, call, carrier=carrier, iccid=iccid)


def take_within(connection: sqlite3.Connection, call: Call, *, carrier: str, iccid: str | None) -> Fault | None:
    """Choose the fault as `take` does, in the transaction of whoever asks."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE call IN ('every', ?) AND (carrier IS NULL OR carrier = ?)"
        " AND (iccid IS NULL OR iccid = ?) AND (times IS NULL OR times > 0) ORDER BY iccid IS NULL, id",
        (call, carrier, iccid),
    ).fetchall()
    for row in rows:
        if random.randrange(100) < row["percent"]:  # noqa: S311 - a rehearsal, not a secret
            connection.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
            return Fault(
                **{name: row[name] for name in FIELDS} | {"kind": Kind(row["kind"]), "call": Call(row["call"])}
            )
    return None


def befallen(call: Call, *, carrier: str, iccid: str | None) -> Fault | None:
    """Choose the fault that strikes a call, and let it strike if that is before anything is done."""
    fault = take(call, carrier=carrier, iccid=iccid)
    strike_unread(fault)
    strike_before(fault)
    return fault


def around(call: Call, *, carrier: str, reference: str | None, act: Callable[[Fault | None], Response]) -> Response:
    """Carry a payment provider's call out as the fault plan lets it; `act` sees to the kinds of its own trade."""
    fault = befallen(call, carrier=carrier, iccid=reference)
    return strike_after(fault, act(fault))


def strike_unread(fault: Fault | None) -> None:
    """End a call that the carrier never gets to read."""
    if fault is None:
        return
    if fault.kind is Kind.CLOSED:
        _hang_up()
    if fault.kind is Kind.DOWN:
        abort(failure(503, "down", "The carrier is down; nothing was read."))
    if fault.kind is Kind.BUSY:
        busy = failure(429, "busy", "Too many calls; nothing was read.")
        busy.headers["Retry-After"] = "1"
        abort(busy)


def strike_before(fault: Fault | None) -> None:
    """Hold up or end a call that was read, before anything is done."""
    if fault is None:
        return
    if fault.kind is Kind.SLOW:
        time.sleep(fault.seconds)
    if fault.kind is Kind.ERROR_BEFORE:
        abort(failure(500, "internal", "Something broke."))


def strike_after(fault: Fault | None, answer: Response) -> Response:
    """Spoil the answer to what has been done."""
    if fault is None:
        return answer
    match fault.kind:
        case Kind.LATE:
            time.sleep(fault.seconds)
        case Kind.DROP:
            _hang_up()
        case Kind.ERROR_AFTER:
            return failure(500, "internal", "Something broke.")
        case Kind.ERROR_PAGE:
            return Response("<!doctype html><title>Oops</title><h1>Oops</h1>", mimetype="text/html")
        case Kind.OTHER_PLAN:
            body = answer.get_json() | {"plan_code": "OTHER-1G-1D"}
            return make_response(jsonify(body), answer.status_code)
    return answer


def failure(status: int, code: str, message: str) -> Response:
    """Answer with an error in the carrier's words."""
    return make_response(jsonify(error={"code": code, "message": message}), status)


def _hang_up() -> None:
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    abort(Response(status=500))  # Nobody hears it: the connection is gone.
