"""The back door for tests and demonstrations: set faults, set cards, see what was received. This machine only."""

import ipaddress
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core import clock
from portal.sandbox import books
from portal.sandbox.faults import Call, Fault, Kind, failure
from portal.sandbox.renewing import MESSAGES

control = Blueprint("control", __name__, url_prefix="/control")

NUMBERS = {"seconds": float, "percent": int, "times": int}


@control.before_request
def refuse_strangers() -> Response | None:
    """Let in calls from this machine only, and none that a page of another site makes a browser send."""
    is_local = ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104
    is_named_so = request.host.rsplit(":", 1)[0] in {"localhost", "127.0.0.1", "[::1]"}
    is_foreign = request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
    if is_local and is_named_so and not is_foreign:
        return None
    return failure(403, "not_local", "Only this machine may do that.")


@control.get("/")
def page() -> str:
    """Show the faults waiting to strike and the latest submissions."""
    return render_template(
        "control.html",
        faults=_rows("SELECT * FROM faults ORDER BY id"),
        submissions=_rows("SELECT * FROM submissions ORDER BY id DESC LIMIT 50"),
        kinds=list(Kind),
        calls=list(Call),
        reasons=sorted(MESSAGES),
        carriers=[*sorted(current_app.extensions["desks"]), *current_app.extensions["tills"]],
    )


@control.get("/faults")
def list_faults() -> Response:
    """List the faults that were set, those already played out included."""
    return jsonify(faults=_rows("SELECT * FROM faults ORDER BY id"))


@control.post("/faults")
def add_fault() -> AnyResponse:
    """Set a fault, from JSON or from the page's form."""
    fault = _fault(request.form.to_dict() if request.form else request.get_json(silent=True))
    with books.current().writing() as connection:
        cursor = connection.execute(
            "INSERT INTO faults (kind, call, carrier, iccid, reason, seconds, percent, times)"
            " VALUES (:kind, :call, :carrier, :iccid, :reason, :seconds, :percent, :times)",
            asdict(fault),
        )
    return _done(asdict(fault) | {"id": cursor.lastrowid}, 201)


@control.post("/faults/clear")
def clear_faults() -> AnyResponse:
    """Take every fault back."""
    with books.current().writing() as connection:
        connection.execute("DELETE FROM faults")
    return _done({}, 200)


@control.post("/faults/<int:fault_id>/clear")
def clear_fault(fault_id: int) -> AnyResponse:
    """Take one fault back."""
    with books.current().writing() as connection:
        connection.execute("DELETE FROM faults WHERE id = ?", (fault_id,))
    return _done({}, 200)


@control.get("/submissions")
def list_submissions() -> Response:
    """List every submission received, first to last, of one reference or ICCID when asked so."""
    reference, iccid = request.args.get("reference"), request.args.get("iccid")
    return jsonify(
        submissions=_rows(
            "SELECT * FROM submissions WHERE (?1 IS NULL OR reference = ?1) AND (?2 IS NULL OR iccid = ?2) ORDER BY id",
            reference,
            iccid,
        )
    )


@control.put("/cards/<carrier>/<iccid>")
def set_card(carrier: str, iccid: str) -> Response:
    """Change a card: any of plan_code, data_total_mb, data_left_mb, valid_until (ISO 8601), is_suspended."""
    desk = current_app.extensions["desks"].get(carrier)
    changes = request.get_json(silent=True)
    if desk is None or not isinstance(changes, dict):
        return failure(400, "bad_body", "Name a carrier and send a JSON object.")
    if "valid_until" in changes:
        changes["valid_until"] = datetime.fromisoformat(changes["valid_until"])
    now = clock.now()
    with books.current().writing() as connection:
        card = replace(desk.card(connection, iccid, now=now), **changes, seen_at=now)
        books.save(connection, carrier, card)
    return jsonify(asdict(card))


def _rows(sql: str, *values: str | None) -> list[dict[str, Any]]:
    with books.current().reading() as connection:
        return [dict(row) for row in connection.execute(sql, values)]


def _fault(body: Any) -> Fault:
    if not isinstance(body, dict) or body.keys() - {field.name for field in fields(Fault)}:
        abort(failure(400, "bad_body", "Send a fault's fields as a JSON object."))
    given = {name: value for name, value in body.items() if value not in {None, ""}}
    try:
        given |= {name: number(given[name]) for name, number in NUMBERS.items() if name in given}
        kind = Kind(given.pop("kind", ""))
        # A carrier that is down is down for every call; other faults strike submissions unless told otherwise.
        is_down = kind in {Kind.DOWN, Kind.CLOSED}
        call = Call(given.pop("call", Call.EVERY if is_down else Call.SUBMIT))
    except ValueError as error:
        abort(failure(400, "bad_fault", str(error)))
    return Fault(kind=kind, call=call, **given)


def _done(shown: dict[str, Any], status: int) -> AnyResponse:
    if request.is_json or not request.form:
        return make_response(jsonify(shown), status)
    return redirect("/control/", 303)
