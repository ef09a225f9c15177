"""Deliver the stand-in payment providers' webhooks from a background thread, as often as the faults let it."""

import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import httpx

from portal.core import clock
from portal.sandbox import faults
from portal.sandbox.faults import Call, Kind

TRIES = 3
GAP_SECONDS = 1.0
PATIENCE_SECONDS = 10.0

_history: deque["Delivery"] = deque(maxlen=200)


@dataclass(slots=True)
class Delivery:
    """A webhook on its way, and what each try to deliver it brought."""

    sender: str
    url: str
    body: str
    headers: dict[str, str]
    asked_at: str
    fault: str | None
    answers: list[str] = field(default_factory=list)
    """One entry a try: the status, or what broke."""
    is_taken: bool = False


def post_later(
    url: str, headers: Mapping[str, str], body: bytes, *, sender: str, reference: str | None = None, expects: str = ""
) -> None:
    """Post a webhook soon, at most three times a second apart, until it is answered 2xx; call it within a request.

    Args:
        url: Where to; an empty one is written down and goes nowhere.
        headers: Sent as they are, the signature among them.
        body: Sent as it is.
        sender: The provider, for the fault plan: `stripe`, `paypal`, `alipay`, `wechat_pay`.
        reference: Our reference of the payment or refund, for the fault plan.
        expects: Text that the answer must contain to count as taken (Alipay wants `success`).
    """
    fault = faults.take(Call.NOTIFY, carrier=sender, iccid=reference)
    kind = fault.kind if fault else None
    delivery = Delivery(sender, url, body.decode("utf-8", "replace"), dict(headers), clock.now().isoformat(), kind)
    _history.append(delivery)
    if not url or kind is Kind.UNSENT:
        return
    delay = fault.seconds if fault and kind in {Kind.SLOW, Kind.LATE} else 0.0
    for _ in range(2 if kind is Kind.TWICE else 1):
        threading.Thread(target=_deliver, args=(delivery, body, expects, delay), daemon=True).start()


def history() -> list[dict[str, Any]]:
    """List the latest webhooks, newest first, each with the answers it got."""
    return [asdict(delivery) for delivery in reversed(_history)]


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    # Loading the certificates takes 20 ms: once a process, not once a webhook.
    return httpx.create_ssl_context()


def _deliver(delivery: Delivery, body: bytes, expects: str, delay: float) -> None:
    time.sleep(delay)
    for number in range(TRIES):
        if number:
            time.sleep(GAP_SECONDS)
        try:
            answer = httpx.post(
                delivery.url,
                content=body,
                headers=delivery.headers,
                timeout=PATIENCE_SECONDS,
                trust_env=False,
                verify=_trust(),
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            delivery.answers.append(type(error).__name__)
            continue
        delivery.answers.append(str(answer.status_code))
        if answer.is_success and expects in answer.text:
            delivery.is_taken = True
            return
