"""Be paid through Alipay: on a computer's page, on a phone, by a QR code; yuan only."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import ClassVar

from portal.core.money import Money
from portal.payments.providers.alipay import answers, bills, notices
from portal.payments.providers.alipay.answers import theirs
from portal.payments.providers.alipay.credentials import AlipayCredentials
from portal.payments.providers.alipay.gateway import Gateway
from portal.payments.providers.base import (
    OUTSIDE_APPS,
    Asking,
    Begun,
    Booking,
    Declined,
    Method,
    Notice,
    PaymentState,
    RefundStanding,
    RefundState,
    Retry,
    Standing,
    Surface,
    UnknownOutcome,
)
from portal.payments.providers.mainland import MainlandProvider, beijing_text, yuan
from portal.payments.providers.reading import Unreadable

NEVER_HEARD = "ACQ.TRADE_NOT_EXIST"

PAGES = {
    Surface.PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    Surface.MOBILE: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
"""The page of each surface, and the product that the app must have been granted for it."""

_NOT_IN_A_SUBJECT = re.compile(r"[/=&\s]+")


class AlipayProvider(MainlandProvider[AlipayCredentials, Gateway]):
    """One operator's app at Alipay."""

    name: ClassVar[str] = "alipay"
    methods: ClassVar[Mapping[Method, frozenset[Surface]]] = {Method.ALIPAY: OUTSIDE_APPS}
    taken = (200, "text/plain", "success")

    def _opened(self, credentials: AlipayCredentials, **seconds: float) -> Gateway:
        return Gateway(credentials, **seconds)

    def test_connection(self) -> str:
        """Ask for a payment that is not there: only good keys on both sides bring a signed `not there`."""
        try:
            reply = self._wire.ask("alipay.trade.query", {"out_trade_no": "leb_connection_test"})
        except Retry as error:
            if error.reason_code == "answer_signature_wrong":
                raise Declined("alipay_public_key_wrong", error.message, error.raw) from error
            raise
        if reply.is_done or reply.code == NEVER_HEARD:
            return f"Alipay {self._credentials.app_id}"
        raise Declined(reply.code, reply.message, reply.raw)

    def begin(self, asking: Asking) -> Begun:
        """Sign the address of a page, which needs no call, or have a QR code made."""
        self._check_offered(asking)
        content = {
            "out_trade_no": theirs(asking.reference),
            "total_amount": yuan(asking.amount),
            "subject": _NOT_IN_A_SUBJECT.sub(" ", asking.description).strip() or asking.reference,
            "time_expire": beijing_text(asking.expires_at),
        }
        if asking.surface in PAGES:
            return self._page(asking, content)
        reply = self._wire.change(
            "alipay.trade.precreate", content | {"product_code": "FACE_TO_FACE_PAYMENT"}, notify_url=asking.notify_url
        )
        code = reply.fields.get("qr_code")
        if not isinstance(code, str) or not code:
            raise UnknownOutcome("unreadable_answer", "qr_code", reply.raw)
        return Begun(provider_id=asking.reference, go_to=None, qr_text=code, raw=reply.raw)

    def _page(self, asking: Asking, content: dict[str, str]) -> Begun:
        page, product = PAGES[asking.surface]
        if asking.surface is Surface.MOBILE:
            content = content | {"quit_url": asking.cancel_url}
        go_to = self._wire.page(
            page, content | {"product_code": product}, return_url=asking.return_url, notify_url=asking.notify_url
        )
        return Begun(provider_id=asking.reference, go_to=go_to, qr_text=None, raw={"page": page, "content": content})

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Ask by our reference; until a payer signs in to the page or scans the code, Alipay has never heard of it."""
        reply = self._wire.ask("alipay.trade.query", {"out_trade_no": theirs(reference)})
        if reply.code == NEVER_HEARD:
            return None
        if not reply.is_done:
            raise Retry(reply.code, reply.message, reply.raw)
        try:
            return answers.standing(reply, reference)
        except Unreadable as error:
            raise Retry("unreadable_answer", str(error), reply.raw) from error

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Close an unpaid payment, and ask what stands after it.

        A page or code that no payer came to leaves nothing to close (None): it dies by itself at `expires_at`, and may
        be paid until then.
        """
        reply = self._wire.ask("alipay.trade.close", {"out_trade_no": theirs(reference)})
        if reply.code == NEVER_HEARD:
            return None
        standing = self.standing(reference=reference, provider_id=provider_id)
        if standing is not None and standing.state is PaymentState.PENDING:
            raise Retry("still_open" if reply.is_done else reply.code, reply.message, reply.raw)
        return standing

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        """Give money back; only `fund_change` says that it moved, anything else has to be asked."""
        content = {
            "out_trade_no": theirs(payment_reference),
            "out_request_no": theirs(reference),
            "refund_amount": yuan(amount),
            "refund_reason": reason[:256] or reference,
        }
        reply = self._wire.change("alipay.trade.refund", content)
        if reply.fields.get("fund_change") == "Y":
            return RefundStanding(RefundState.SUCCEEDED, reference, amount, None, reply.raw)
        pending = RefundStanding(RefundState.PENDING, reference, amount, None, reply.raw)
        try:
            found = self.refund_standing(reference=reference, provider_id=None, payment_reference=payment_reference)
        except Retry:
            return pending
        return found or pending

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        """Ask by our references; of what left no trace Alipay did nothing, and takes the same refund again."""
        reply = self._wire.ask(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": theirs(payment_reference), "out_request_no": theirs(reference)},
        )
        if reply.code == NEVER_HEARD:
            return None
        if not reply.is_done:
            raise Retry(reply.code, reply.message, reply.raw)
        try:
            return answers.refund_standing(reply, reference)
        except Unreadable as error:
            raise Retry("unreadable_answer", str(error), reply.raw) from error

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a notice, a signed form."""
        return notices.read(body, gateway=self._wire, credentials=self._credentials, now=now)

    def _bill_of(self, day: date, *, now: datetime) -> Iterable[Booking]:
        return bills.of_day(self._wire, day, now=now)
