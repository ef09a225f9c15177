"""Alipay and WeChat Pay as the shared contract sees them."""

import itertools
import re
import secrets
from base64 import b64encode
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from portal.core import clock
from portal.payments.providers.alipay import credentials as alipay_credentials
from portal.payments.providers.alipay.provider import AlipayProvider
from portal.payments.providers.base import Begun, Method, Surface
from portal.payments.providers.wechat_pay import credentials as wechat_pay_credentials
from portal.payments.providers.wechat_pay.provider import WechatPayProvider
from portal.sandbox import signing
from tests.carriers.sandbox_process import BROWSER
from tests.payments.providers.in_wechat import OUR_PAGES
from tests.payments.providers.receiver import Post
from tests.payments.providers.stages import Stage
from tests.payments.providers.wallet_contract import stranger

_numbers = itertools.count(1)


class WalletStage(Stage):
    currency: ClassVar[str] = "CNY"
    fee_minor: ClassVar[int] = 60
    tells_of_disputes: ClassVar[bool] = False
    banks_send_refunds_back: ClassVar[bool] = False

    def reference(self, prefix: str = "P") -> str:
        return f"{prefix}-{next(_numbers):08}"

    def open(self, begun: Begun) -> httpx.Response:
        """Go to the page as a browser does that a page of ours leads there."""
        return BROWSER.get(str(begun.go_to), headers={"Referer": OUR_PAGES}, follow_redirects=True)

    def pay(self, begun: Begun, choice: str = "pay") -> httpx.Response:
        page = self.open(begun)
        action = re.search(r'action="([^"]+)"', page.text)
        if action is None:
            return page
        address = page.url.join(action[1].replace("&amp;", "&"))
        return BROWSER.post(address, data={"choice": choice})


class AlipayStage(WalletStage):
    name = "alipay"
    method = Method.ALIPAY

    def provider(self, *, patience: float = 5.0, sandbox_url: str | None = None) -> AlipayProvider:
        credentials = alipay_credentials.of_sandbox(sandbox_url or self.sandbox.url)
        return AlipayProvider(credentials, connect_seconds=1, act_seconds=patience, ask_seconds=patience)

    def unsigned(self, post: Post) -> Post:
        return self._changed(post, sign="")

    def tampered(self, post: Post, reference: str) -> Post:
        return self._changed(post, out_trade_no="P_OF_SOMEBODY")

    def resigned(self, post: Post, at: datetime) -> Post:
        return self._resigned(post, at, lambda text: signing.sign("alipay", text))

    def by_somebody_else(self, post: Post) -> Post:
        return self._resigned(post, clock.now(), sign_as_stranger)

    def _resigned(self, post: Post, at: datetime, sign) -> Post:
        fields = dict(parse_qsl(post.body.decode()))
        fields["notify_time"] = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
        signed = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
        return Post(post.headers, urlencode(fields | {"sign": sign(signed)}).encode())

    def _changed(self, post: Post, **changes: str) -> Post:
        fields = dict(parse_qsl(post.body.decode())) | changes
        return Post(post.headers, urlencode(fields).encode())


class WechatPayStage(WalletStage):
    name = "wechat_pay"
    method = Method.WECHAT_PAY
    surface = Surface.MOBILE

    def provider(self, *, patience: float = 5.0, sandbox_url: str | None = None) -> WechatPayProvider:
        credentials = wechat_pay_credentials.of_sandbox(sandbox_url or self.sandbox.url)
        return WechatPayProvider(credentials, connect_seconds=1, act_seconds=patience, ask_seconds=patience)

    def tampered(self, post: Post, reference: str) -> Post:
        return Post(post.headers, post.body.replace(b'"EV-', b'"EW-'))

    def resigned(self, post: Post, at: datetime) -> Post:
        return self._resigned(post, at, lambda text: signing.sign("wechat_pay", text))

    def by_somebody_else(self, post: Post) -> Post:
        return self._resigned(post, clock.now(), sign_as_stranger)

    def _resigned(self, post: Post, at: datetime, sign) -> Post:
        stamp, nonce = str(int(at.timestamp())), secrets.token_hex(8)
        signature = sign(f"{stamp}\n{nonce}\n{post.body.decode()}\n")
        new = {"Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Signature": signature}
        return Post(post.headers | new, post.body)


def sign_as_stranger(text: str) -> str:
    key = load_pem_private_key(stranger()[0].encode(), None)
    return b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


WALLET_STAGES: dict[str, type[Stage]] = {"alipay": AlipayStage, "wechat_pay": WechatPayStage}
