"""What an operator enters to be paid through Alipay; light, so that settings pages need not load its library."""

from dataclasses import dataclass, field
from pathlib import Path

API = "https://openapi.alipay.com"


@dataclass(frozen=True, slots=True)
class AlipayCredentials:
    """An app's keys, as PEM or as the bare base64 that Alipay's key tool writes.

    `api_base` leads to a stand-in where it is not Alipay itself; `/gateway.do` follows it.
    """

    app_id: str
    app_private_key: str = field(repr=False)
    alipay_public_key: str
    """Alipay's own, shown beside the app's settings; not the app's public key."""
    seller_id: str = ""
    """The merchant's `2088...` number; where it is given, notices for another one are refused."""
    api_base: str = API


def of_sandbox(sandbox_url: str) -> AlipayCredentials:
    """Give the credentials of the stand-in; they are public and open nothing real."""
    here = Path(__file__)
    return AlipayCredentials(
        app_id="2021000000000001",
        app_private_key=here.with_name("sandbox_merchant_private.pem").read_text(),
        alipay_public_key=here.with_name("sandbox_platform_public.pem").read_text(),
        seller_id="2088000000000001",
        api_base=f"{sandbox_url.rstrip('/')}/alipay",
    )
