"""Where a payer stands, and the codes that are scanned from a screen."""

from collections.abc import Iterable

import segno

from portal.payments.offers import OfferedMethod
from portal.payments.providers.base import Method, Surface
from portal.web import requests

ON_A_PHONE = (Surface.MOBILE, Surface.PAGE, Surface.QR)
AT_A_COMPUTER = (Surface.PAGE, Surface.QR, Surface.MOBILE)
"""Where to pay best, the first that the method has."""


def best(offered: OfferedMethod) -> Surface:
    """Choose where to pay, by the device that asks."""
    wishes = ON_A_PHONE if "Mobi" in (requests.user_agent() or "") else AT_A_COMPUTER
    return next(surface for surface in wishes if surface in offered.surfaces)


def must_leave_wechat(offered: Iterable[OfferedMethod]) -> bool:
    """Tell whether the page is open in WeChat's own browser, which opens neither its H5 payments nor Alipay."""
    is_shut_out = any(one.method in (Method.WECHAT_PAY, Method.ALIPAY) for one in offered)
    return is_shut_out and "MicroMessenger" in (requests.user_agent() or "")


def qr_code(text: str) -> str:
    """Draw a QR code as the address of an image (`data:`), which the portal's policy lets pages show."""
    picture: str = segno.make(text, error="m").svg_data_uri(scale=6, border=2, light="#fff")
    return picture
