"""The carriers' API: plans, a card's state, renewals by the caller's reference."""

import hmac
import random
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, request

from portal.core import clock
from portal.sandbox import billing, books, cards, faults, renewing
from portal.sandbox.faults import Call, Fault, Kind, failure
from portal.sandbox.renewing import Desk, Submission

carrier_api = Blueprint("carrier_api", __name__, url_prefix="/carriers/<carrier>")


@carrier_api.before_request
def check_key_and_take_time() -> Response | None:
    """Refuse a call without the carrier's key, and take as long as a carrier takes."""
    desk = current_app.extensions["desks"].get((request.view_args or {}).get("carrier"))
    if desk is None:
        return failure(404, "no_such_carrier", "There is no such carrier here.")
    if not hmac.compare_digest(request.headers.get("X-Api-Key", "").encode(), desk.stand_in.api_key.encode()):
        return failure(401, "bad_key", "The API key is missing or wrong.")
    time.sleep(random.uniform(*current_app.extensions["latency"]))  # noqa: S311
    return None


@carrier_api.get("/plans")
def plans(carrier: str) -> Response:
    """List what the carrier sells."""
    fault = faults.befallen(Call.PLANS, carrier=carrier, iccid=None)
    sold = [
        {"code": plan.code, "data_mb": plan.data_mb, "validity_days": plan.validity_days}
        for plan in _desk(carrier).plans.values()
    ]
    return faults.strike_after(fault, jsonify(plans=sold))


@carrier_api.get("/cards/<iccid>")
def card(carrier: str, iccid: str) -> Response:
    """Show a card's state; an ICCID never seen is adopted."""
    fault = faults.befallen(Call.CARD, carrier=carrier, iccid=iccid)
    if not _is_iccid(iccid):
        return failure(422, "card_not_found", renewing.MESSAGES["card_not_found"])
    if fault and fault.kind is Kind.REFUSE:
        return failure(422, fault.reason, renewing.MESSAGES.get(fault.reason, "Refused."))
    now = clock.now()
    with books.current().writing() as connection:
        shown = cards.show(_desk(carrier).card(connection, iccid, now=now), now=now)
    return faults.strike_after(fault, jsonify(shown))


@carrier_api.get("/costs")
def costs(carrier: str) -> Response:
    """List what the carrier asks for its renewals, from `since` to before `until`."""
    fault = faults.befallen(Call.COSTS, carrier=carrier, iccid=None)
    try:
        since, until = (datetime.fromisoformat(request.args[end]).astimezone(UTC) for end in ("since", "until"))
    except (KeyError, ValueError):
        return failure(400, "bad_span", "Send since and until in ISO 8601.")
    with books.current().reading() as connection:
        lines = billing.costs(connection, _desk(carrier), since=since, until=until)
    if fault and fault.kind is Kind.OTHER_AMOUNT:
        lines = [line | {"amount_minor": line["amount_minor"] + 1} for line in lines]
    return faults.strike_after(fault, jsonify(costs=lines))


@carrier_api.post("/renewals")
def submit(carrier: str) -> Response:
    """Carry out a renewal: 201 with its confirmation, 422 with a reason, 409 for a reference used otherwise."""
    submission = _submission(request.get_json(silent=True))
    fault = faults.take(Call.SUBMIT, carrier=carrier, iccid=submission.iccid)
    faults.strike_unread(fault)
    log_id = _log(carrier, submission, fault)
    faults.strike_before(fault)
    refusing = fault.reason if fault and fault.kind is Kind.REFUSE else None
    with books.current().writing() as connection:
        try:
            answer, outcome = renewing.submit(
                connection, _desk(carrier), submission, refusing=refusing, now=clock.now()
            )
        except renewing.ReferenceReused:
            answer, outcome = {"error": {"code": "reference_reused", "message": "Used otherwise."}}, "conflict"
        connection.execute("UPDATE submissions SET outcome = ? WHERE id = ?", (outcome, log_id))
    status = 409 if outcome == "conflict" else 422 if answer["outcome"] == "refused" else 201
    return faults.strike_after(fault, make_response(jsonify(answer), status))


@carrier_api.get("/renewals/<reference>")
def look_up(carrier: str, reference: str) -> Response:
    """Tell what became of a reference: delivered or refused, or 404 when it never arrived."""
    with books.current().reading() as connection:
        answer = renewing.find(connection, _desk(carrier), reference)
    fault = faults.befallen(Call.LOOK_UP, carrier=carrier, iccid=answer["iccid"] if answer else None)
    # Asked again after the faults had their time: a slow answer shall not be an old one.
    with books.current().reading() as connection:
        answer = renewing.find(connection, _desk(carrier), reference)
    if answer is None:
        return faults.strike_after(fault, failure(404, "no_such_reference", "We never received it."))
    return faults.strike_after(fault, jsonify(answer))


@carrier_api.post("/renewals/<reference>/take-back")
def take_back(carrier: str, reference: str) -> Response:
    """Take a renewal back: 200 with the card as it is now, 422 with a reason."""
    with books.current().reading() as connection:
        sold = renewing.find(connection, _desk(carrier), reference)
    fault = faults.befallen(Call.TAKE_BACK, carrier=carrier, iccid=sold["iccid"] if sold else None)
    refusing = fault.reason if fault and fault.kind is Kind.REFUSE else None
    with books.current().writing() as connection:
        answer = renewing.take_back(connection, _desk(carrier), reference, refusing=refusing, now=clock.now())
    status = 422 if answer["outcome"] == "refused" else 200
    return faults.strike_after(fault, make_response(jsonify(answer), status))


def _desk(carrier: str) -> Desk:
    desk: Desk = current_app.extensions["desks"][carrier]
    return desk


def _is_iccid(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 17 <= len(text) <= 20


def _submission(body: Any) -> Submission:
    if not isinstance(body, dict):
        abort(failure(400, "not_json", "Send a JSON object."))
    reference, iccid, plan_code = (body.get(name) for name in ("reference", "iccid", "plan_code"))
    not_after = body.get("not_after")
    if not (isinstance(reference, str) and 1 <= len(reference) <= 64 and "/" not in reference):
        abort(failure(400, "bad_reference", "A reference has 1 to 64 signs."))
    if not (isinstance(iccid, str) and _is_iccid(iccid) and isinstance(plan_code, str)):
        abort(failure(400, "bad_body", "Send iccid and plan_code."))
    if not isinstance(not_after, int | float | None):
        abort(failure(400, "bad_body", "Send not_after in seconds of the epoch."))
    return Submission(reference, iccid, plan_code, not_after)


def _log(carrier: str, submission: Submission, fault: Fault | None) -> int:
    row = (
        carrier,
        submission.reference,
        submission.iccid,
        submission.plan_code,
        clock.now().isoformat(),
        fault.kind if fault else None,
    )
    with books.current().writing() as connection:
        cursor: sqlite3.Cursor = connection.execute(
            "INSERT INTO submissions (carrier, reference, iccid, plan_code, received_at, fault, outcome)"
            " VALUES (?, ?, ?, ?, ?, ?, 'received')",
            row,
        )
    return cursor.lastrowid or 0
