"""Call PayPal's API with a token that is fetched when needed, and tell what its answers mean."""

import base64
import threading
import time
from dataclasses import dataclass
from typing import Any

from portal.core.http import Answer, Endpoint
from portal.payments.providers import reaching
from portal.payments.providers.base import Declined, ProviderError, Raw, Retry, UnknownOutcome
from portal.payments.providers.masking import masked
from portal.payments.providers.paypal.credentials import PayPalCredentials
from portal.payments.providers.reading import Unreadable, parsed, rows, text, text_or_none, whole

NOT_TAKEN = frozenset({401, 403, 409, 429})
"""Refused before anything is done: wrong key, the same reference under way, too many calls."""

UNDER_WAY = frozenset({"PREVIOUS_REQUEST_IN_PROGRESS", "RATE_LIMIT_REACHED"})

MARGIN_SECONDS = 120
"""A token is not used in its last two minutes: a call and its clock need some room."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = ""
    good_until: float = 0.0
    """On the monotonic clock of this machine, in seconds."""
    app_id: str = ""


_tokens: dict[PayPalCredentials, _Token] = {}
_fetching = threading.Lock()


class Line:
    """The way to PayPal for one app."""

    def __init__(
        self, credentials: PayPalCredentials, *, connect_seconds: float, act_seconds: float, ask_seconds: float
    ) -> None:
        self._credentials = credentials
        base_url = f"{credentials.api_base.rstrip('/')}/"
        self._endpoint = Endpoint(base_url=base_url, headers={}, connect_seconds=connect_seconds)
        self._act_seconds = act_seconds
        self._ask_seconds = ask_seconds

    def get(self, path: str) -> dict[str, Any]:
        """Ask for a thing; give it to `ask`, which tells what a failure means."""
        return self._call("GET", path, read_seconds=self._ask_seconds)

    def post(
        self, path: str, body: Any = None, *, once: str | None = None, content: bytes | None = None
    ) -> dict[str, Any]:
        """Have a thing done, once for the key `once`, and shown whole.

        Raises:
            Declined: PayPal said no; the code is the issue that it names.
            Retry: it was not reached, or did not take the call.
            UnknownOutcome: it may be done.
        """
        headers = {"Prefer": "return=representation", "Content-Type": "application/json"}
        if once:
            headers["PayPal-Request-Id"] = once
        with reaching.acting():
            sent = None if content is not None else (body if body is not None else {})
            return self._call("POST", path, json=sent, content=content, headers=headers, read_seconds=self._act_seconds)

    def patch(self, path: str, body: Any) -> None:
        """Change a thing; raises as `post` does."""
        with reaching.acting():
            self._call("PATCH", path, json=body, read_seconds=self._act_seconds)

    def app_id(self) -> str:
        """Fetch a new token, and tell whose it is.

        Raises:
            Retry: it could not be had; `http_401` is a wrong id or secret.
        """
        _tokens.pop(self._credentials, None)
        return self._token().app_id

    def _call(self, method: str, path: str, *, read_seconds: float, **sent: Any) -> dict[str, Any]:
        # Outside of what may have an unknown outcome: without a token nothing was asked for yet.
        token = self._token()
        headers = {"Authorization": f"Bearer {token.text}"} | sent.pop("headers", {})
        answer = self._endpoint.call(method, path, read_seconds=read_seconds, headers=headers, **sent)
        if answer.status == 401:
            _tokens.pop(self._credentials, None)
        if 200 <= answer.status < 300:
            return parsed(answer.body) if answer.body else {}
        raise _meaning(answer)

    def _token(self) -> _Token:
        with _fetching:
            known = _tokens.get(self._credentials, _Token())
            if known.good_until <= time.monotonic():
                with reaching.asking():
                    known = self._fetch_token()
                _tokens[self._credentials] = known
            return known

    def _fetch_token(self) -> _Token:
        pair = f"{self._credentials.client_id}:{self._credentials.client_secret}".encode()
        asked_at = time.monotonic()
        answer = self._endpoint.call(
            "POST",
            "v1/oauth2/token",
            read_seconds=self._ask_seconds,
            form={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        if answer.status != 200:
            raise Retry(f"http_{answer.status}", raw=kept(answer))
        body = parsed(answer.body)
        return _Token(
            text(body, "access_token"),
            asked_at + whole(body, "expires_in") - MARGIN_SECONDS,
            text_or_none(body, "app_id") or self._credentials.client_id,
        )


def kept(answer: Answer) -> Raw:
    """Make an answer fit to be kept."""
    try:
        body: Any = parsed(answer.body)
    except Unreadable:
        body = answer.body.decode("utf-8", "replace")
    raw: Raw = masked({"status": answer.status, "body": body})
    return raw


def _meaning(answer: Answer) -> ProviderError:
    raw = kept(answer)
    code, message = _words(answer)
    if answer.status in NOT_TAKEN or code in UNDER_WAY:
        return Retry(f"http_{answer.status}", message or code, raw)
    if 400 <= answer.status < 500:
        return Declined(code.lower() or f"http_{answer.status}", message, raw)
    return UnknownOutcome(f"http_{answer.status}", message, raw)


def _words(answer: Answer) -> tuple[str, str]:
    try:
        body = parsed(answer.body)
        details = rows(body, "details")
    except Unreadable:
        return "", ""
    detail = details[0] if details else {}
    code = detail.get("issue") or body.get("name") or ""
    return str(code), str(masked(detail.get("description") or body.get("message") or ""))
