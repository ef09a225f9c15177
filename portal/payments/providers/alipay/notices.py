"""Read Alipay's notices: signed forms."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from portal.payments.providers.alipay.answers import ours
from portal.payments.providers.alipay.credentials import AlipayCredentials
from portal.payments.providers.alipay.gateway import Gateway
from portal.payments.providers.base import STALE_AFTER_SECONDS, Forged, Notice, NoticeKind
from portal.payments.providers.mainland import from_beijing, kept
from portal.payments.providers.reading import Unreadable


def read(body: bytes, *, gateway: Gateway, credentials: AlipayCredentials, now: datetime) -> Notice:
    """Read a notice that Alipay signed with RSA2, for our app and merchant, in the last 300 s.

    Raises:
        Forged: it is none.
    """
    fields = _form(body)
    signature, sign_type = fields.pop("sign", ""), fields.pop("sign_type", "RSA2")
    if not signature:
        raise Forged(why="missing")
    if sign_type != "RSA2" or not gateway.is_genuine(fields, signature):
        raise Forged(why="wrong")
    # Alipay signs everybody's notices with one key: another app's are as genuine as ours.
    if fields.get("app_id") != credentials.app_id:
        raise Forged(why="foreign")
    if credentials.seller_id and fields.get("seller_id") != credentials.seller_id:
        raise Forged(why="foreign")
    try:
        return _notice(fields, now)
    except (Unreadable, KeyError) as error:
        raise Forged(why="wrong") from error


def _notice(fields: Mapping[str, str], now: datetime) -> Notice:
    sent_at = from_beijing(fields["notify_time"])
    if abs((now - sent_at).total_seconds()) > STALE_AFTER_SECONDS:
        raise Forged(why="stale")
    refund = fields.get("out_biz_no") if fields.get("gmt_refund") else None
    reference = refund or fields.get("out_trade_no")
    is_payment = "trade_status" in fields
    happened = fields.get("gmt_refund") or fields.get("gmt_close") or fields.get("gmt_payment")
    return Notice(
        event_id=fields["notify_id"],
        kind=NoticeKind.REFUND if refund else NoticeKind.PAYMENT if is_payment else NoticeKind.OTHER,
        word=fields.get("trade_status") or fields.get("notify_type", ""),
        reference=ours(reference) if reference else None,
        provider_id=fields.get("trade_no"),
        # `gmt_refund` has thousandths of a second.
        occurred_at=from_beijing(happened.partition(".")[0]) if happened else sent_at,
        raw=kept(dict(fields)),
    )


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise Forged(why="wrong") from error
