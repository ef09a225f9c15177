"""Speak with WeChat Pay's API v3: the library builds and signs, our own endpoint sends, and errors are told apart."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from portal.core.http import Answer, Endpoint
from portal.payments.providers import reaching
from portal.payments.providers.base import Declined, Raw, Retry, UnknownOutcome
from portal.payments.providers.mainland import kept
from portal.payments.providers.wechat_pay.credentials import WechatPayCredentials

SIGNED_WITH = "WECHATPAY2-SHA256-RSA2048"

API_V3_KEY_BYTES = 32

NOT_NOW = frozenset({"NOT_ENOUGH", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED"})
"""Refusals that say to send the same again later: nothing was done. `NOT_ENOUGH`: the account must be filled first."""

ALREADY_PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
"""Refused because the payment was made before: what stands has to be asked."""

BREAKDOWNS = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"})
"""WeChat Pay itself does not know what it did, whatever the status says."""


class Signature(Enum):
    """What an answer's signature says."""

    GOOD = "good"
    WRONG = "wrong"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came, trusted or not."""

    answer: Answer
    signature: Signature
    fields: dict[str, Any] | None
    """The JSON object in it; an answer without a body has an empty one, an unreadable one has none."""

    @property
    def is_done(self) -> bool:
        """Whether the call did what it says, and WeChat Pay signed that."""
        return 200 <= self.answer.status < 300 and self.signature is Signature.GOOD and self.fields is not None

    @property
    def is_refusal(self) -> bool:
        """Whether WeChat Pay says no, in its own words.

        Refusals are taken without a signature, as the provider's own clients do, but never with a wrong one.
        """
        is_said = self.code != "" and self.code not in BREAKDOWNS
        return 400 <= self.answer.status < 500 and self.signature is not Signature.WRONG and is_said

    @property
    def is_not_taken(self) -> bool:
        """Whether nothing was done and the same call may be made later."""
        return self.answer.status == 429 or (self.is_refusal and self.code in NOT_NOW)

    @property
    def code(self) -> str:
        """WeChat Pay's word for why not, such as `ORDER_NOT_EXIST`; empty where there is none."""
        code = (self.fields or {}).get("code")
        return code if isinstance(code, str) else ""

    @property
    def message(self) -> str:
        """WeChat Pay's sentence for it."""
        return str((self.fields or {}).get("message") or "")

    @property
    def why(self) -> str:
        """Name what is wrong with it, for people."""
        if self.signature is Signature.WRONG:
            return "answer_signature_wrong"
        if not 200 <= self.answer.status < 300:
            return self.code or f"http_{self.answer.status}"
        return "unreadable_answer" if self.fields is None else "answer_not_signed"

    @property
    def raw(self) -> Raw:
        """Give it as it may be kept."""
        body = self.fields if self.fields is not None else self.answer.body.decode("utf-8", "replace")
        return kept({"status": self.answer.status, "request_id": self.answer.request_id, "body": body})


class Line(WeChatPay):
    """The library's client on our own sender; its calls give a `Reply`, to be judged by `ask` or `change`."""

    def __init__(
        self, credentials: WechatPayCredentials, *, connect_seconds: float, act_seconds: float, ask_seconds: float
    ) -> None:
        """Read the keys.

        Raises:
            Declined: a key can not be read (`key_unreadable`).
        """
        if len(credentials.api_v3_key.encode()) != API_V3_KEY_BYTES:
            raise Declined("key_unreadable", "api_v3_key")
        try:
            super().__init__(
                wechatpay_type=WeChatPayType.NATIVE,
                mchid=credentials.mch_id,
                private_key=credentials.merchant_private_key,
                cert_serial_no=credentials.merchant_certificate_serial,
                appid=credentials.app_id,
                apiv3_key=credentials.api_v3_key,
                public_key=credentials.platform_public_key,
                public_key_id=credentials.platform_public_key_id,
            )
            self._core = _Sender(
                credentials, connect_seconds=connect_seconds, act_seconds=act_seconds, ask_seconds=ask_seconds
            )
        except Exception as error:  # The library raises nothing more precise.
            raise Declined("key_unreadable", str(error)) from error

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether WeChat Pay signed a text with the one key that is trusted; asks nobody for other keys."""
        genuine: bool = self._core.is_genuine(headers, body)
        return genuine

    def opened(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
        """Decrypt what a genuine notice carries; None when our key does not open it."""
        try:
            notice = self.callback(_lower(headers), body)
        except Exception:  # The library raises nothing more precise.
            return None
        return notice if isinstance(notice, dict) and isinstance(notice.get("resource"), dict) else None


def ask(call: Callable[[], Reply]) -> Reply:
    """Ask, or do what may be done twice; the reply may be a refusal.

    Raises:
        Retry: there is no trustworthy answer.
    """
    with reaching.repeatable():
        reply = call()
    if reply.is_done or (reply.is_refusal and not reply.is_not_taken):
        return reply
    raise Retry(reply.why, reply.message, reply.raw)


def change(call: Callable[[], Reply]) -> Reply:
    """Have something done; the reply says that it is.

    Raises:
        Declined: WeChat Pay refuses it.
        Retry: nothing was done.
        UnknownOutcome: it may have been done.
    """
    with reaching.acting():
        reply = call()
    if reply.is_done:
        return reply
    if reply.is_not_taken:
        raise Retry(reply.why, reply.message, reply.raw)
    if reply.is_refusal and reply.code not in ALREADY_PAID:
        raise Declined(reply.code, reply.message, reply.raw)
    raise UnknownOutcome(reply.why, reply.message, reply.raw)


class _Sender(Core):
    """The library's core, its network replaced: `requests` follows redirects and reads proxies from the environment."""

    def __init__(
        self, credentials: WechatPayCredentials, *, connect_seconds: float, act_seconds: float, ask_seconds: float
    ) -> None:
        super().__init__(
            mchid=credentials.mch_id,
            cert_serial_no=credentials.merchant_certificate_serial,
            private_key=credentials.merchant_private_key,
            apiv3_key=credentials.api_v3_key,
            public_key=credentials.platform_public_key,
            public_key_id=credentials.platform_public_key_id,
        )
        self._own = credentials
        self._gate_way = credentials.api_base.rstrip("/")
        self._endpoint = Endpoint(base_url=f"{self._gate_way}/", headers={}, connect_seconds=connect_seconds)
        self._act_seconds = act_seconds
        self._ask_seconds = ask_seconds

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: dict[str, Any] | None = None,
        skip_verify: bool = False,  # noqa: ARG002 - the library's own way to call it
    ) -> Reply:
        """Send what the library built; the signature covers the very bytes that are sent."""
        body = "" if data is None else json.dumps(data, ensure_ascii=False)
        own = self._own
        authorization = build_authorization(
            path, method.value, own.mch_id, own.merchant_certificate_serial, self._private_key, data=body
        )
        answer = self._endpoint.call(
            method.value,
            path.lstrip("/"),
            content=body.encode() if data is not None else None,
            headers={
                "Authorization": authorization,
                "Wechatpay-Serial": own.platform_public_key_id,
                "Content-Type": "application/json",
            },
            read_seconds=self._ask_seconds if method is RequestType.GET else self._act_seconds,
        )
        return Reply(answer, self._signature(answer), _fields(answer.body))

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the platform's key signed a text; with another key's id the library would go and fetch it."""
        lower = _lower(headers)
        if lower["wechatpay-signature-type"] != SIGNED_WITH:
            return False
        if lower.get("wechatpay-serial") != self._own.platform_public_key_id:
            return False
        try:
            return bool(self._verify_signature(lower, body.decode()))
        except ValueError:
            return False

    def _signature(self, answer: Answer) -> Signature:
        if "wechatpay-signature" not in answer.headers:
            return Signature.ABSENT
        return Signature.GOOD if self.is_genuine(answer.headers, answer.body) else Signature.WRONG


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    # Without the header that names it, the signature can only be of the one kind there is.
    return {"wechatpay-signature-type": SIGNED_WITH} | {name.lower(): value for name, value in headers.items()}


def _fields(body: bytes) -> dict[str, Any] | None:
    if not body:
        return {}
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
