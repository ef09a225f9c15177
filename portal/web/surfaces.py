"""Where a payer stands, and the codes that are scanned from a screen."""

from collections.abc import Iterable

import segno
from babel.lists import format_list
from flask_babel import get_locale

from portal.payments.beginning import Choice
from portal.payments.offers import OfferedMethod
from portal.payments.providers.base import Method, Surface
from portal.web import language, payers, words

ON_A_PHONE = (Surface.MOBILE, Surface.PAGE, Surface.QR)
AT_A_COMPUTER = (Surface.PAGE, Surface.QR, Surface.MOBILE)
"""Where to pay best, the first that the method has."""

OPENS_NOT_IN_WECHAT = frozenset({Method.ALIPAY, Method.WECHAT_PAY})
"""WeChat opens no page of Alipay's, and none of its own that is meant for other browsers."""


def best(offered: OfferedMethod) -> Surface:
    """Choose where to pay, by the device and the browser that ask."""
    if payers.pays_inside(offered) and payers.known(offered.provider):
        return Surface.IN_APP
    wishes = ON_A_PHONE if payers.is_on_a_phone() else AT_A_COMPUTER
    return next(surface for surface in wishes if surface in offered.surfaces)


def choice(offered: OfferedMethod) -> Choice:
    """Say how a reader who chose a way to pay wants to pay; inside an app, with the name that it has for them."""
    surface = best(offered)
    payer_id = payers.known(offered.provider) if surface is Surface.IN_APP else None
    return Choice(offered.method, surface, language.current(), payer_id)


def as_offered_here(offered: Iterable[OfferedMethod]) -> list[OfferedMethod]:
    """Put first what the app around the page takes, and last what cannot be opened in it."""
    return sorted(offered, key=lambda one: (is_shut_out(one), best(one) is not Surface.IN_APP))


def shut_out(offered: Iterable[OfferedMethod]) -> str:
    """Name the ways to pay that cannot be opened where the page is read, as in `Alipay or WeChat Pay`; or nothing."""
    names = [str(words.method_words(one.method)) for one in offered if is_shut_out(one)]
    return format_list(names, style="or", locale=get_locale()) if names else ""


def is_shut_out(offered: OfferedMethod) -> bool:
    """Tell whether the page is open inside WeChat, and this way to pay can only be opened outside of it."""
    is_stopped = offered.method in OPENS_NOT_IN_WECHAT and best(offered) not in (Surface.IN_APP, Surface.QR)
    return is_stopped and payers.is_inside_wechat()


def qr_code(text: str) -> str:
    """Draw a QR code as the address of an image (`data:`), which the portal's policy lets pages show."""
    picture: str = segno.make(text, error="m").svg_data_uri(scale=6, border=2, light="#fff")
    return picture
