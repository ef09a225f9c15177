"""Ask Alipay's gateway: sign the question, check the signature of the answer, and tell what an error means."""

import binascii
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from alipay import AliPay
from alipay.exceptions import AliPayException

from portal.core import clock
from portal.core.http import Answer, Endpoint
from portal.payments.providers import reaching
from portal.payments.providers.alipay.credentials import AlipayCredentials
from portal.payments.providers.base import Declined, Raw, Retry, UnknownOutcome
from portal.payments.providers.mainland import beijing_text, kept
from portal.payments.providers.reading import Unreadable

DONE = "10000"

NOT_ACCEPTED = frozenset({"20001", "40001", "40002", "40006"})
"""The gateway's own refusals: the call went no further. It can not sign them when it does not know who asks."""

NOT_NOW = frozenset(
    {"ACQ.SELLER_BALANCE_NOT_ENOUGH", "isv.app-call-limited", "isp.app-call-limited", "app-call-limited"}
)
"""Refusals that say to send the same again later: nothing was done."""

ALREADY_PAID = frozenset({"ACQ.TRADE_HAS_SUCCESS"})
"""Refused because the payment was made before: what stands has to be asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose signature is good, or a refusal of the gateway itself."""

    fields: dict[str, Any]
    raw: Raw

    @property
    def is_done(self) -> bool:
        """Whether the call did what it says."""
        return str(self.fields.get("code")) == DONE

    @property
    def code(self) -> str:
        """Alipay's word for why not, such as `ACQ.TRADE_NOT_EXIST`."""
        return str(self.fields.get("sub_code") or self.fields.get("code") or "no_code")

    @property
    def message(self) -> str:
        """Alipay's sentence for it."""
        return str(self.fields.get("sub_msg") or self.fields.get("msg") or "")

    @property
    def is_breakdown(self) -> bool:
        """Whether Alipay itself does not know what it did: `ACQ.SYSTEM_ERROR`, `isp.unknow-error` and their kin."""
        word = self.code.upper().replace("-", "_")
        return str(self.fields.get("code")) == "20000" or word.endswith(("SYSTEM_ERROR", "UNKNOW_ERROR"))


class Gateway:
    """Alipay's one address, asked with one app's key."""

    def __init__(
        self, credentials: AlipayCredentials, *, connect_seconds: float, act_seconds: float, ask_seconds: float
    ) -> None:
        """Read the keys.

        Raises:
            Declined: a key can not be read (`key_unreadable`).
        """
        try:
            self._signer = _Signer(
                appid=credentials.app_id,
                app_private_key_string=_pem(credentials.app_private_key, "PRIVATE KEY"),
                alipay_public_key_string=_pem(credentials.alipay_public_key, "PUBLIC KEY"),
                sign_type="RSA2",
            )
        except (ValueError, IndexError, TypeError) as error:
            raise Declined("key_unreadable", str(error)) from error
        self.base_url = credentials.api_base.rstrip("/") + "/"
        self.connect_seconds = connect_seconds
        self.ask_seconds = ask_seconds
        self._endpoint = Endpoint(base_url=self.base_url, headers={}, connect_seconds=connect_seconds)
        self._act_seconds = act_seconds

    def page(self, method: str, content: dict[str, Any], **addresses: str) -> str:
        """Sign the address of a page of Alipay's for the payer's browser; asks nobody."""
        signed: str = self._signer.client_api(method, content, **addresses)
        return f"{self.base_url}gateway.do?{signed}"

    def ask(self, method: str, content: dict[str, Any]) -> Reply:
        """Ask, or do what may be done twice; the reply may be a refusal.

        Raises:
            Retry: there is no trustworthy answer.
        """
        with reaching.repeatable():
            return self._reply(method, content, read_seconds=self.ask_seconds)

    def change(self, method: str, content: dict[str, Any], **addresses: str) -> Reply:
        """Have something done; the reply says that it is.

        Raises:
            Declined: Alipay refuses it.
            Retry: nothing was done.
            UnknownOutcome: it may have been done.
        """
        reply = self._reply(method, content, read_seconds=self._act_seconds, **addresses)
        if reply.is_done:
            return reply
        if reply.code in ALREADY_PAID:
            raise UnknownOutcome(reply.code, reply.message, reply.raw)
        failure = Retry if reply.code in NOT_NOW else Declined
        raise failure(reply.code, reply.message, reply.raw)

    def is_genuine(self, fields: dict[str, str], signature: str) -> bool:
        """Tell whether Alipay signed a notice; the fields come without `sign` and `sign_type`."""
        try:
            return bool(self._signer.verify(dict(fields), signature))
        except (ValueError, binascii.Error, AliPayException):
            return False

    def _reply(self, method: str, content: dict[str, Any], *, read_seconds: float, **addresses: str) -> Reply:
        signed = self._signer.sign_data(self._signer.build_body(method, content, **addresses))
        parameters = dict(parse_qsl(signed, keep_blank_values=True))
        # What is asked travels in the body, where no proxy's log keeps it; Alipay reads the charset in the address.
        form = {"biz_content": parameters.pop("biz_content")}
        with reaching.acting():
            answer = self._endpoint.call(
                "POST", f"gateway.do?{urlencode(parameters)}", form=form, read_seconds=read_seconds
            )
        if answer.status == 429:
            raise Retry("http_429", raw=_unread(answer))
        if answer.status != 200:
            raise UnknownOutcome(f"http_{answer.status}", raw=_unread(answer))
        try:
            fields = self._trusted(answer, node=method.replace(".", "_") + "_response")
        except Unreadable as error:
            raise UnknownOutcome(str(error), raw=_unread(answer)) from error
        reply = Reply(fields, kept({"request_id": answer.request_id, "body": fields}))
        if reply.is_breakdown:
            raise UnknownOutcome(reply.code, reply.message, reply.raw)
        return reply

    def _trusted(self, answer: Answer, *, node: str) -> dict[str, Any]:
        """Read the part of an answer that Alipay signed, and nothing beside it."""
        text = answer.body.decode("utf-8", "replace")
        try:
            body = json.loads(text)
            node = node if node in body else "error_response"
            signature, fields = body.get("sign"), body[node]
            if signature is not None:
                signed = self._signer.signed_text(text, node)
                is_trusted, fields = self._signer.is_genuine(signed, signature), json.loads(signed)
            else:
                is_trusted = str(fields["code"]) in NOT_ACCEPTED
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable("unreadable_answer") from error
        if not isinstance(fields, dict):
            raise Unreadable("unreadable_answer")
        if not is_trusted:
            raise Unreadable("answer_signature_wrong" if signature else "answer_not_signed")
        return fields


class _Signer(AliPay):
    """The library, told what time it is in Beijing, and where a JSON object really ends."""

    def build_body(self, method: str, biz_content: Any = None, **addresses: Any) -> dict[str, Any]:
        """Put a call's parameters together; the library takes the machine's own zone for Beijing's."""
        parameters: dict[str, Any] = super().build_body(method, biz_content, **addresses)
        return parameters | {"timestamp": beijing_text(clock.now())}

    def signed_text(self, raw: str, node: str) -> str:
        """Cut the signed part out of an answer as it came; the library counts braces within texts too."""
        start = raw.index("{", raw.index(f'"{node}"'))
        _, end = json.JSONDecoder().raw_decode(raw, start)
        return raw[start:end]

    def is_genuine(self, text: str, signature: str) -> bool:
        """Tell whether Alipay signed a text."""
        try:
            return bool(self._verify(text, signature))
        except (ValueError, binascii.Error):
            return False


def _unread(answer: Answer) -> Raw:
    return kept({"status": answer.status, "body": answer.body.decode("utf-8", "replace")})


def _pem(key: str, kind: str) -> str:
    bare = key.strip()
    return bare if bare.startswith("-----") else f"-----BEGIN {kind}-----\n{bare}\n-----END {kind}-----"
