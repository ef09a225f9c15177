"""Send the Stripe library's calls through the portal's own way out, and tell what its errors mean."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import stripe

from portal.core.http import Endpoint
from portal.payments.providers import reaching
from portal.payments.providers.base import Declined, ProviderError, Raw, Retry, UnknownOutcome
from portal.payments.providers.masking import masked
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.stripe.credentials import StripeCredentials

# It would write an identifier of this machine into the home folder and send it with every call.
stripe.enable_telemetry = False

Found = TypeVar("Found")

NOT_TAKEN = frozenset({401, 403, 409, 429})
"""Refused before anything is done: wrong key, the same reference under way, too many calls."""


class OneCall(stripe.HTTPClient):
    """Makes each call once, with the guarantees of `Endpoint`; what breaks comes out as httpx's own errors."""

    name = "portal"

    def __init__(self, endpoint: Endpoint, *, act_seconds: float, ask_seconds: float) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._act_seconds = act_seconds
        self._ask_seconds = ask_seconds

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Make the call."""
        answer = self._endpoint.call(
            method.upper(),
            url,
            headers=headers,
            content=post_data.encode() if post_data else None,
            read_seconds=self._ask_seconds if method.lower() == "get" else self._act_seconds,
        )
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def close(self) -> None:
        """Do nothing: no connection outlives its call."""


def client(
    credentials: StripeCredentials, *, connect_seconds: float, act_seconds: float, ask_seconds: float
) -> stripe.StripeClient:
    """Give the library's client for an account; it never repeats a call by itself."""
    base = credentials.api_base.rstrip("/")
    endpoint = Endpoint(base_url=base, headers={}, connect_seconds=connect_seconds)
    return stripe.StripeClient(
        credentials.secret_key,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=OneCall(endpoint, act_seconds=act_seconds, ask_seconds=ask_seconds),
    )


@contextmanager
def acting() -> Iterator[None]:
    """Call to move something; see `reaching.acting`. A refusal of Stripe's is `Declined` with its own code."""
    with reaching.acting():
        try:
            yield
        except stripe.StripeError as error:
            raise _meaning(error) from error


def ask(question: Callable[[], Found]) -> Found | None:
    """Ask something; None when Stripe says that there is nothing of that name.

    Raises:
        Retry: it could not be asked.
    """
    with reaching.asking():
        try:
            with acting():
                return question()
        except Declined as error:
            if error.reason_code == "resource_missing":
                return None
            raise


def plain(answer: Any) -> dict[str, Any]:
    """Copy an object of the library's into plain values.

    Raises:
        Unreadable: Stripe sent something else than an object.
    """
    if not isinstance(answer, stripe.StripeObject):
        raise Unreadable("not an object")
    return answer.to_dict(for_json=True)


def _meaning(error: stripe.StripeError) -> ProviderError:
    status = error.http_status or 0
    raw: Raw = masked({"status": status, "body": error.json_body or error.http_body})
    detail = error.error.to_dict() if error.error else {}
    message = masked(error.user_message or "")
    provider_id = (detail.get("payment_intent") or {}).get("id")
    if isinstance(error, stripe.IdempotencyError):
        return Declined("reference_reused", message, raw)
    if status in NOT_TAKEN:
        return Retry(f"http_{status}", message, raw)
    if 400 <= status < 500:
        code = detail.get("decline_code") or detail.get("code") or detail.get("type") or f"http_{status}"
        return Declined(str(code), message, raw, provider_id=provider_id)
    return UnknownOutcome(f"http_{status}", message, raw)
