"""Do what one button of a page asks for."""

from collections.abc import Callable

from flask import flash
from werkzeug.wrappers import Response

from portal.core.db import in_transaction
from portal.web import requests


def do(act: Callable[[], object], *, told: str, back: str) -> Response:
    """Do an act in a transaction of its own, say that it is done, and go to a page."""
    in_transaction(act)
    flash(told, "success")
    return requests.go_to(back)
