"""How Stripe's API speaks: nested forms in, JSON out, idempotency keys, `expand`, lists in pages, signed events."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, jsonify, make_response, request

from portal.sandbox import books, faults, notifying
from portal.sandbox.faults import Call, Fault
from portal.sandbox.shelf import Shelf, Thing, new_id, shown
from portal.sandbox.stripe_desk import Refusal, StripeDesk

WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - public on purpose: every endpoint here has it

Act = Callable[[StripeDesk, Fault | None, dict[str, Any]], Thing]


@contextmanager
def at_work() -> Iterator[StripeDesk]:
    """Open the desk in a transaction, and tell the webhooks after it."""
    with books.current().writing() as connection:
        desk = StripeDesk(Shelf(connection, "stripe"))
        yield desk
        endpoints = desk.shelf.all("webhook")
    for word, thing in desk.events:
        tell(word, thing, endpoints)


def tell(word: str, thing: Thing, endpoints: list[Thing]) -> None:
    """Send an event, signed, to every endpoint that wants it."""
    event = {
        "id": new_id("evt_"),
        "object": "event",
        "created": int(time.time()),
        "data": {"object": shown(thing)},
        "livemode": False,
        "type": word,
    }
    reference = thing.get("client_reference_id") or thing.get("metadata", {}).get("reference")
    body = json.dumps(event)
    signature = signed(body, int(time.time()))
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
    for endpoint in endpoints:
        if {word, "*"} & set(endpoint["enabled_events"]):
            notifying.post_later(endpoint["url"], headers, body.encode(), sender="stripe", reference=reference)


def signed(body: str, at: int) -> str:
    """Write the `Stripe-Signature` of a body at an instant of the Unix epoch."""
    mac = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def acted(call: Call, reference: str | None, act: Act) -> Response:
    """Do something once for its idempotency key; the same key with another wish is refused."""
    wanted = wish()
    fingerprint = hashlib.sha256(f"{request.path} {sorted(request.form.items(multi=True))}".encode()).hexdigest()
    key = request.headers.get("Idempotency-Key", new_id("key_"))

    def carry_out(fault: Fault | None) -> Response:
        with at_work() as desk:
            before = desk.shelf.answered(key)
            if before and before[0] != fingerprint:
                message = "Keys for idempotent requests can only be used with the same parameters."
                return error(400, {"type": "idempotency_error", "message": message})
            if before is None:
                status, body = _tried(lambda: act(desk, fault, wanted))
                # A wish that made no sense was not begun, so it may come again under its key.
                if status < 400 or status == 402:
                    desk.shelf.keep_answer(key, fingerprint, status, body)
            else:
                status, body = before[1:]
            return make_response(jsonify(_opened(desk.shelf, body, wanted.get("expand", []))), status)

    return faults.around(call, carrier="stripe", reference=reference, act=carry_out)


def asked(thing_id: str | None, find: Callable[[StripeDesk], Thing], reference: str | None = None) -> Response:
    """Answer a question."""

    def look(_fault: Fault | None) -> Response:
        with at_work() as desk:
            status, body = _tried(lambda: find(desk))
            return make_response(
                jsonify(_opened(desk.shelf, body, request.args.getlist("expand[]") or _expand())), status
            )

    about = reference or (reference_of(thing_id) if thing_id else None)
    return faults.around(Call.LOOK_UP, carrier="stripe", reference=about, act=look)


def listed(kind: str, filters: tuple[str, ...]) -> Response:
    """List the things of a kind, newest first, a page at a time, those alone that fit the question's filters."""

    def find(desk: StripeDesk) -> Thing:
        things = [thing for thing in desk.shelf.all(kind) if _fits(thing, filters)]
        after = request.args.get("starting_after")
        if after:
            things = things[[thing["id"] for thing in things].index(after) + 1 :]
        limit = int(request.args.get("limit", 10))
        path = request.path.removeprefix("/stripe")
        return {"object": "list", "data": things[:limit], "has_more": len(things) > limit, "url": path}

    return asked(None, find)


def _fits(thing: Thing, filters: tuple[str, ...]) -> bool:
    for name in filters:
        wanted = request.args.get({"_payout": "payout"}.get(name, name))
        if wanted is not None and thing.get(name) != wanted:
            return False
    since, until = request.args.get("created[gte]"), request.args.get("created[lt]")
    if since is not None and thing["created"] < int(since):
        return False
    return until is None or thing["created"] < int(until)


def _tried(act: Callable[[], Thing]) -> tuple[int, Thing]:
    try:
        return 200, act()
    except Refusal as refusal:
        return refusal.status, {"error": refusal.error}
    except (KeyError, ValueError, TypeError, IndexError) as oddity:
        return 400, {"error": {"type": "invalid_request_error", "message": f"Missing or odd parameter: {oddity}"}}


def _opened(shelf: Shelf, body: Thing, paths: list[str]) -> Any:
    """Put whole things in the place of the ids that `expand` names."""
    body = json.loads(json.dumps(body))
    for path in paths:
        _open(shelf, body, path.split("."))
    return shown(body)


def _open(shelf: Shelf, thing: Any, names: list[str]) -> None:
    if isinstance(thing, list):
        for part in thing:
            _open(shelf, part, names)
    elif isinstance(thing, dict) and names and thing.get(names[0]):
        if isinstance(thing[names[0]], str):
            thing[names[0]] = shelf.get(thing[names[0]])
        _open(shelf, thing[names[0]], names[1:])


def wish() -> dict[str, Any]:
    """Read a form whose names are nested: `line_items[0][price_data][currency]=usd`."""
    return nested(list(request.form.items(multi=True)))


def _expand() -> list[str]:
    expand = nested(parse_qsl(request.query_string.decode())).get("expand", [])
    return expand if isinstance(expand, list) else []


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Put a flat form's fields into the tree that their names tell of."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        parts = re.findall(r"[^\[\]]+", name)
        here = tree
        for part in parts[:-1]:
            here = here.setdefault(part, {})
        here[parts[-1]] = value
    listed = _lists(tree)
    return listed if isinstance(listed, dict) else {}


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    branches = {name: _lists(branch) for name, branch in tree.items()}
    is_list = bool(branches) and all(name.isdecimal() for name in branches)
    return [branches[name] for name in sorted(branches, key=int)] if is_list else branches


def reference_of(thing_id: str) -> str | None:
    """Find our reference on a thing, for the fault plan."""
    with books.current().reading() as connection:
        thing = Shelf(connection, "stripe").get(thing_id) or {}
    reference: str | None = thing.get("client_reference_id") or thing.get("metadata", {}).get("reference")
    return reference


def error(status: int, fields: dict[str, Any]) -> Response:
    """Answer with an error in Stripe's words."""
    return make_response(jsonify(error=fields), status)
