"""Where a payer stands, and the codes that are scanned from a screen."""

import segno

from portal.payments.offers import OfferedMethod
from portal.payments.providers.base import Surface
from portal.web import requests

ON_A_PHONE = (Surface.MOBILE, Surface.PAGE, Surface.QR)
AT_A_COMPUTER = (Surface.PAGE, Surface.QR, Surface.MOBILE)
"""Where to pay best, the first that the method has."""


def best(offered: OfferedMethod) -> Surface:
    """Choose where to pay, by the device that asks."""
    wishes = ON_A_PHONE if "Mobi" in (requests.user_agent() or "") else AT_A_COMPUTER
    return next(surface for surface in wishes if surface in offered.surfaces)


def qr_code(text: str) -> str:
    """Draw a QR code as the address of an image (`data:`), which the portal's policy lets pages show."""
    picture: str = segno.make(text, error="m").svg_data_uri(scale=6, border=2, light="#fff")
    return picture
