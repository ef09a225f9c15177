"""What an operator enters to be paid through WeChat Pay; light, so that settings pages need not load its library."""

from dataclasses import dataclass, field
from pathlib import Path

API = "https://api.mch.weixin.qq.com"
SIGN_IN_PAGE = "https://open.weixin.qq.com/connect/oauth2/authorize"
SIGN_IN_API = "https://api.weixin.qq.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatPayCredentials:
    """A merchant's keys, as PEM or their bare base64. The addresses lead to a stand-in where they are not WeChat's own.

    The platform's public key is used (`PUB_KEY_ID_...`), so no platform certificates are ever fetched.
    """

    app_id: str
    app_secret: str = field(repr=False, default="")
    """The app's own secret, by which WeChat tells who reads a page inside it; without it nobody can pay there."""
    mch_id: str
    merchant_private_key: str = field(repr=False)
    merchant_certificate_serial: str
    api_v3_key: str = field(repr=False)
    """32 signs; opens what notices carry."""
    platform_public_key: str
    platform_public_key_id: str
    api_base: str = API
    sign_in_page: str = SIGN_IN_PAGE
    sign_in_api: str = SIGN_IN_API


def of_sandbox(sandbox_url: str) -> WechatPayCredentials:
    """Give the credentials of the stand-in; they are public and open nothing real."""
    here, base = Path(__file__), f"{sandbox_url.rstrip('/')}/wechat_pay"
    return WechatPayCredentials(
        app_id="wx0000000000000001",
        app_secret="sandbox-app-secret",  # noqa: S106 - public on purpose
        mch_id="1900000001",
        merchant_private_key=here.with_name("sandbox_merchant_private.pem").read_text(),
        merchant_certificate_serial="5A4E00000000000000000000000000000000001F",
        api_v3_key="sandbox-sandbox-sandbox-sandbox-",
        platform_public_key=here.with_name("sandbox_platform_public.pem").read_text(),
        platform_public_key_id="PUB_KEY_ID_0119000000012026112200000000000001",
        api_base=base,
        sign_in_page=f"{base}/connect/oauth2/authorize",
        sign_in_api=base,
    )
