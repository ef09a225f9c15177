"""Be paid through WeChat Pay: by a QR code, from a phone's browser, inside WeChat; yuan only."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from wechatpayv3 import WeChatPayType

from portal.core import clock
from portal.core.ids import unguessable_code
from portal.core.money import Money
from portal.payments.providers import reaching
from portal.payments.providers.base import (
    Asking,
    Begun,
    Booking,
    Declined,
    Method,
    Notice,
    PaymentState,
    RefundStanding,
    Retry,
    Standing,
    Surface,
    UnknownOutcome,
)
from portal.payments.providers.mainland import BEIJING, MainlandProvider, checked
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.wechat_pay import answers, bills, notices
from portal.payments.providers.wechat_pay.credentials import WechatPayCredentials
from portal.payments.providers.wechat_pay.line import Line, Reply, Signature, ask, change
from portal.payments.providers.wechat_pay.signing_in import CODE_REFUSED, SignIn

H5_OPENS_FOR = timedelta(minutes=4)
"""How long a phone's browser may be led to WeChat's page, which opens for five minutes: one of them for the way."""

NEVER_HEARD = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})

Found = TypeVar("Found")


class WechatPayProvider(MainlandProvider[WechatPayCredentials, Line]):
    """One operator's merchant account at WeChat Pay."""

    name: ClassVar[str] = "wechat_pay"
    taken = (200, "application/json", '{"code": "SUCCESS"}')

    @property
    def methods(self) -> Mapping[Method, frozenset[Surface]]:
        """Offer its one method; inside WeChat only where the app's secret was entered, to learn who pays."""
        inside = {Surface.IN_APP} if self._credentials.app_secret else set()
        return {Method.WECHAT_PAY: frozenset({Surface.MOBILE, Surface.QR} | inside)}

    def _opened(self, credentials: WechatPayCredentials, **seconds: float) -> Line:
        self._sign_in = SignIn(
            credentials, connect_seconds=seconds["connect_seconds"], ask_seconds=seconds["ask_seconds"]
        )
        return Line(credentials, **seconds)

    def test_connection(self) -> str:
        """Ask for a payment that is not there: only good keys on both sides bring a signed `not there`."""
        with reaching.repeatable():
            reply: Reply = self._wire.query(out_trade_no="leb-connection-test")
        if reply.signature is Signature.WRONG:
            raise Declined("platform_public_key_wrong", reply.message, reply.raw)
        reply = ask(lambda: reply)
        if not reply.is_done and reply.code not in NEVER_HEARD:
            raise Declined(reply.code, reply.message, reply.raw)
        if self._credentials.app_secret:
            self._test_sign_in()
        return f"WeChat Pay {self._credentials.mch_id}"

    def _test_sign_in(self) -> None:
        # Only for a good id and secret does WeChat look at the code, and say that it is none.
        try:
            self._sign_in.openid("leb-connection-test")
        except Declined as error:
            if error.reason_code != CODE_REFUSED:
                raise

    def begin(self, asking: Asking) -> Begun:
        """Order a QR code's text, the page that opens WeChat from a phone's browser, or what WeChat is handed."""
        self._check_offered(asking)
        match asking.surface:
            case Surface.QR:
                return self._begin_by_code(asking)
            case Surface.IN_APP:
                return self._begin_inside(asking)
        return self._begin_from_browser(asking)

    def sign_in_page(self, *, return_url: str, state: str) -> str:
        """Give WeChat's page that knows its reader."""
        return self._sign_in.page(return_url=return_url, state=state)

    def payer_id(self, code: str) -> str:
        """Learn the openid of the reader that WeChat sent back with a code."""
        return self._sign_in.openid(code)

    def _begin_by_code(self, asking: Asking) -> Begun:
        reply = self._order(asking, WeChatPayType.NATIVE)
        return Begun(asking.reference, None, answers.begun(reply, "code_url"), reply.raw)

    def _begin_from_browser(self, asking: Asking) -> Begun:
        if asking.payer_address is None:
            raise Declined("payer_address_missing")
        scene = {"payer_client_ip": asking.payer_address, "h5_info": {"type": "Wap"}}
        reply = self._order(asking, WeChatPayType.H5, scene_info=scene)
        page = answers.begun(reply, "h5_url")
        joint = "&" if "?" in page else "?"
        page = f"{page}{joint}redirect_url={quote(asking.return_url, safe='')}"
        return Begun(asking.reference, page, None, reply.raw, go_to_until=clock.now() + H5_OPENS_FOR)

    def _begin_inside(self, asking: Asking) -> Begun:
        if asking.payer_id is None:
            raise Declined("payer_id_missing")
        reply = self._order(asking, WeChatPayType.JSAPI, payer={"openid": asking.payer_id})
        package = f"prepay_id={answers.begun(reply, 'prepay_id')}"
        # By the machine's clock, not by one that tests may set: WeChat compares it with its own.
        stamp, nonce = str(int(time.time())), unguessable_code()
        for_app = {
            "appId": self._credentials.app_id,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._wire.sign([self._credentials.app_id, stamp, nonce, package]),
        }
        return Begun(asking.reference, None, None, reply.raw, for_app=for_app)

    def _order(self, asking: Asking, kind: WeChatPayType, **more: Any) -> Reply:
        amount = checked(asking.amount)
        return change(
            lambda: self._wire.pay(
                description=asking.description or asking.reference,
                out_trade_no=asking.reference,
                amount={"total": amount.minor, "currency": amount.currency},
                time_expire=asking.expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
                notify_url=asking.notify_url,
                pay_type=kind,
                **more,
            )
        )

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Ask by our reference."""
        return _found(
            lambda: self._wire.query(out_trade_no=reference), lambda reply: answers.standing(reply, reference)
        )

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Close an unpaid payment, and ask what stands after it."""
        reply = ask(lambda: self._wire.close(out_trade_no=reference))
        if reply.code in NEVER_HEARD:
            return None
        standing = self.standing(reference=reference, provider_id=provider_id)
        if standing is not None and standing.state is PaymentState.PENDING:
            raise Retry(reply.code or "still_open", reply.message, reply.raw)
        return standing

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        """Give money back under our `out_refund_no`; sent again it brings the first one's answer."""
        parts = {"refund": checked(amount).minor, "total": checked(paid).minor, "currency": amount.currency}
        reply = change(
            lambda: self._wire.refund(
                out_refund_no=reference, out_trade_no=payment_reference, amount=parts, reason=reason[:80] or None
            )
        )
        try:
            return answers.refund_standing(reply, reference)
        except Unreadable as error:
            raise UnknownOutcome("unreadable_answer", str(error), reply.raw) from error

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        """Ask by our reference of the refund."""
        return _found(
            lambda: self._wire.query_refund(out_refund_no=reference),
            lambda reply: answers.refund_standing(reply, reference),
        )

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a notice, signed and sealed."""
        return notices.read(headers, body, line=self._wire, credentials=self._credentials, now=now)

    def _bill_of(self, day: date, *, now: datetime) -> Iterable[Booking]:
        return bills.of_day(self._wire, self._credentials.api_base, day, now=now)


def _found(call: Callable[[], Reply], read: Callable[[Reply], Found]) -> Found | None:
    reply = ask(call)
    if reply.code in NEVER_HEARD:
        return None
    if not reply.is_done:
        raise Retry(reply.code, reply.message, reply.raw)
    try:
        return read(reply)
    except Unreadable as error:
        raise Retry("unreadable_answer", str(error), reply.raw) from error
