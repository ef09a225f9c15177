"""What a request tells: its id and network address, whether htmx sent it, what it names, where it wants to go next."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core import ids
from portal.core.db import existing

# A path of ours: one slash, no second slash or backslash after it, nothing but visible ASCII.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def request_id() -> str:
    """Give this request's id, made here: one sent by a client could not be trusted in the audit log."""
    if "request_id" not in g:
        g.request_id = uuid4().hex
    found: str = g.request_id
    return found


def address() -> str | None:
    """Give the network address of who asks, as the trusted proxies tell it."""
    return request.remote_addr


def user_agent() -> str | None:
    """Give the browser's name for itself, cut to what is kept."""
    return (request.user_agent.string or "")[:300] or None


def is_htmx() -> bool:
    """Whether htmx asks for a piece of a page that is shown already."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def id_in_address(text: str) -> UUID:
    """Read the id in an address.

    Raises:
        NotFound: it is none.
    """
    return existing(ids.parse_id(text))


def safe_path(path: str | None, *, default: str) -> str:
    """Give a path of this portal to go to, or the default for anything else: other hosts, schemes, line breaks."""
    if not path or len(path) > 2000 or not _OWN_PATH.fullmatch(path) or urlsplit(path).netloc:
        return default
    return path


def next_path(*, default: str) -> str:
    """Give where the visitor was going, from the form or the address, when that is a page of ours."""
    return safe_path(request.form.get("next") or request.args.get("next"), default=default)


def with_query(path: str, wishes: Mapping[str, str]) -> str:
    """Add something to what an address asks for."""
    return f"{path}{'&' if '?' in path else '?'}{urlencode(wishes)}"


def go_to(path: str) -> AnyResponse:
    """Redirect, also when htmx asks: it would otherwise put the whole next page into the piece it swaps."""
    if is_htmx():
        return Response(status=204, headers={"HX-Redirect": path})
    return redirect(path, code=303)
