"""The control page's hand in the stand-in payment providers: settle, fail, dispute, pay out; this machine only."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from flask import Response, current_app, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal.sandbox import books, notifying
from portal.sandbox.control import control
from portal.sandbox.faults import failure


@dataclass(frozen=True, slots=True)
class Row:
    """A payment, refund or dispute on the control page, and what can be done to it there."""

    id: str
    kind: str
    reference: str
    amount: str
    state: str
    acts: list[str] = field(default_factory=list)


class NotPossible(Exception):
    """There is no such thing, or the act does not fit its state."""


class Till(Protocol):
    """A stand-in provider as the control page sees it; put one into `app.extensions["tills"]` by its name."""

    def rows(self, connection: sqlite3.Connection) -> list[Row]:
        """List the latest payments, refunds and disputes, newest first."""

    def act(self, act: str, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Do what was asked (`id` names the thing), and tell the webhooks; gives what came of it.

        Raises:
            NotPossible: it cannot be done.
        """


def tills() -> dict[str, Till]:
    """Give the providers' tills by name."""
    known: dict[str, Till] = current_app.extensions["tills"]
    return known


@control.get("/payments/")
def payments_page() -> str:
    """Show what every provider holds, and the latest webhooks."""
    with books.current().reading() as connection:
        rows = {name: till.rows(connection) for name, till in tills().items()}
    return render_template("payments.html", rows=rows, notices=notifying.history()[:50])


@control.get("/payments/<provider>")
def list_things(provider: str) -> Response:
    """List what a provider holds."""
    if provider not in tills():
        return failure(404, "no_such_provider", "There is no such provider here.")
    with books.current().reading() as connection:
        return jsonify(rows=[asdict(row) for row in tills()[provider].rows(connection)])


@control.get("/notices")
def list_notices() -> Response:
    """List the latest webhooks, newest first."""
    return jsonify(notices=notifying.history())


@control.post("/payments/<provider>/<act>")
def act(provider: str, act: str) -> AnyResponse:
    """Do something to a payment, refund or dispute, from JSON or from the page's form."""
    if provider not in tills():
        return failure(404, "no_such_provider", "There is no such provider here.")
    wishes = request.form.to_dict() if request.form else request.get_json(silent=True) or {}
    try:
        came_of_it = tills()[provider].act(act, wishes)
    except NotPossible as error:
        return failure(422, "not_possible", str(error))
    if request.form:
        return redirect("/control/payments/", 303)
    return make_response(jsonify(came_of_it), 200)
