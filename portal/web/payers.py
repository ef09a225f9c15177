"""Who pays inside WeChat: its app tells it of the reader, once a browser, before a page of ours shows ways to pay.

What it tells is the reader's openid with the operator's app. It is kept in the reader's own cookie and nowhere else.
"""

from collections.abc import Iterable

from flask import redirect, request, session
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.settings import current as settings
from portal.payments import payers
from portal.payments.offers import OfferedMethod
from portal.payments.providers.base import Surface
from portal.web import requests

INSIDE_WECHAT = "MicroMessenger"
"""What WeChat's own browser calls itself."""

UNKNOWN = {"payer": "unknown"}
"""In the address of a page that has asked in vain."""

_KNOWN = "payers"
_STATE = "payers_state"


def is_inside_wechat() -> bool:
    """Tell whether WeChat shows the page."""
    return INSIDE_WECHAT in (requests.user_agent() or "")


def is_on_a_phone() -> bool:
    """Tell whether the page is read on a phone."""
    return "Mobi" in (requests.user_agent() or "")


def pays_inside(offered: OfferedMethod) -> bool:
    """Tell whether a way to pay can be handed to the app around the page; at a computer a code is scanned instead."""
    return Surface.IN_APP in offered.surfaces and is_inside_wechat() and is_on_a_phone()


def known(provider: str) -> str | None:
    """Give what a provider's app calls the reader; None while it was not asked, or did not tell."""
    payer_id: str | None = session.get(_KNOWN, {}).get(provider)
    return payer_id


def ask(offered: Iterable[OfferedMethod]) -> Response | None:
    """Send the reader to the app that knows them, and back to this page; None where there is nothing to ask.

    The reader sees a page of the app flash by, and is asked nothing; where it is in vain, our page is shown as it is.
    """
    if request.args.get("payer") == UNKNOWN["payer"] or requests.is_htmx():
        return None
    asked = next((one.provider for one in offered if pays_inside(one) and known(one.provider) is None), None)
    if asked is None:
        return None
    state = session.setdefault(_STATE, ids.unguessable_code(32))
    back = requests.with_query(f"{settings().address}/pay/as/{asked}", {"next": request.full_path.rstrip("?")})
    return redirect(payers.sign_in_page(asked, return_url=back, state=state), 302)


def is_expected() -> bool:
    """Tell whether this browser is the one that was sent to ask: nobody else's code is taken for its reader's."""
    sent: str | None = session.get(_STATE)
    return sent is not None and request.args.get("state") == sent


def remember(provider: str, payer_id: str) -> None:
    """Keep what a provider's app calls the reader, as long as the browser stays open."""
    session[_KNOWN] = session.get(_KNOWN, {}) | {provider: payer_id}
