"""Read WeChat Pay's notices: signed, and what they carry encrypted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.payments.providers.base import STALE_AFTER_SECONDS, Forged, Notice, NoticeKind
from portal.payments.providers.mainland import kept
from portal.payments.providers.reading import Unreadable, instant, text, text_or_none
from portal.payments.providers.wechat_pay.credentials import WechatPayCredentials
from portal.payments.providers.wechat_pay.line import Line


def read(
    headers: Mapping[str, str], body: bytes, *, line: Line, credentials: WechatPayCredentials, now: datetime
) -> Notice:
    """Read a notice that WeChat Pay signed in the last 300 s, for our merchant and app.

    Raises:
        Forged: it is none.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    if not lower.get("wechatpay-signature") or not lower.get("wechatpay-serial"):
        raise Forged(why="missing")
    if lower["wechatpay-serial"] != credentials.platform_public_key_id:
        raise Forged(why="foreign")
    if not line.is_genuine(lower, body):
        raise Forged(why="wrong")
    if not _is_fresh(lower.get("wechatpay-timestamp", ""), now):
        raise Forged(why="stale")
    opened = line.opened(lower, body)
    # What our own key does not open was sealed for somebody else.
    if opened is None or not _is_for(credentials, opened["resource"]):
        raise Forged(why="foreign")
    try:
        return _notice(opened)
    except Unreadable as error:
        raise Forged(why="wrong") from error


def _is_for(credentials: WechatPayCredentials, resource: dict[str, Any]) -> bool:
    # Notices of refunds name no app.
    return (
        resource.get("mchid") == credentials.mch_id and resource.get("appid", credentials.app_id) == credentials.app_id
    )


def _notice(opened: dict[str, Any]) -> Notice:
    word, resource = text(opened, "event_type"), opened["resource"]
    is_payment, is_refund = word.startswith("TRANSACTION."), word.startswith("REFUND.")
    reference, number = ("out_refund_no", "refund_id") if is_refund else ("out_trade_no", "transaction_id")
    return Notice(
        event_id=text(opened, "id"),
        kind=NoticeKind.REFUND if is_refund else NoticeKind.PAYMENT if is_payment else NoticeKind.OTHER,
        word=word,
        reference=text_or_none(resource, reference),
        provider_id=text_or_none(resource, number),
        occurred_at=instant(opened, "create_time"),
        raw=kept(opened),
    )


def _is_fresh(stamp: str, now: datetime) -> bool:
    is_number = stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12
    return is_number and abs(now.timestamp() - int(stamp)) <= STALE_AFTER_SECONDS
