"""Speak with one stand-in carrier over HTTP and JSON."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx

from portal.carriers.base import (
    CardState,
    CarrierPlan,
    Confirmation,
    CostLine,
    Raw,
    Refused,
    Retry,
    TakenBack,
    UnknownOutcome,
)
from portal.carriers.sandbox import answers
from portal.carriers.sandbox.answers import Unreadable
from portal.core.http import Answer, Endpoint, StrangeHost

ASK_SECONDS = 10.0
"""Patience of a mere question, in seconds: somebody may be looking at the page that asks."""

NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, StrangeHost)

NOT_TAKEN = frozenset({401, 403, 429, 503})
"""By the stand-ins' contract these are answered before anything is read."""


Found = TypeVar("Found")


class SandboxCarrier:
    """One of the stand-in carriers."""

    def __init__(self, *, name: str, endpoint: Endpoint, submit_seconds: float, settles_within: timedelta) -> None:
        self.name = name
        self.settles_within = settles_within
        self._endpoint = endpoint
        self._submit_seconds = submit_seconds
        self._ask_seconds = min(ASK_SECONDS, submit_seconds)

    def plans(self) -> list[CarrierPlan]:
        """List what the carrier sells."""
        return _told(self._ask("plans"), lambda body, _raw: answers.plans(body))

    def card_state(self, iccid: str) -> CardState:
        """Ask for a card's state."""
        return _told_or_refused(self._ask(f"cards/{quote(iccid, safe='')}"), answers.card_state)

    def submit_renewal(self, *, reference: str, iccid: str, plan_code: str) -> Confirmation:
        """Submit a renewal once; the carrier drops it when it arrives too late to be settled in time."""
        body = {
            "reference": reference,
            "iccid": iccid,
            "plan_code": plan_code,
            # By the machine's clock, which both sides share, not by the portal's, which tests may set. The last
            # third of the settling time is the carrier's to write it down and to show it to who looks it up.
            "not_after": time.time() + self.settles_within.total_seconds() * 2 / 3,
        }
        try:
            answer = self._endpoint.call("POST", "renewals", json=body, read_seconds=self._submit_seconds)
        except NOTHING_SENT as error:
            raise Retry("not_reached", str(error), _broken(error)) from error
        except httpx.HTTPError as error:
            raise UnknownOutcome(_what_broke(error), str(error), _broken(error)) from error
        raw = answers.kept(answer)
        if answer.status in NOT_TAKEN:
            raise Retry(f"http_{answer.status}", raw=raw)
        try:
            confirmation = self._outcome(answer, reference, raw) if answer.status in {200, 201, 422} else None
        except Unreadable as error:
            raise UnknownOutcome("unreadable_answer", str(error), raw) from error
        if confirmation is None:
            raise UnknownOutcome(f"http_{answer.status}", raw=raw)
        if not confirmation.is_for(iccid=iccid, plan_code=plan_code):
            raise UnknownOutcome("other_renewal_confirmed", confirmation.number, raw)
        return confirmation

    def renewal_by_reference(self, reference: str) -> Confirmation | None:
        """Look up a submission by our reference."""
        answer = self._ask(f"renewals/{quote(reference, safe='')}")
        raw = answers.kept(answer)
        try:
            if answer.status == 200:
                return self._outcome(answer, reference, raw)
            # Only the carrier's own words count: a proxy's 404 page knows nothing of references.
            if answer.status == 404 and answers.failure(answers.parsed(answer))[0] == "no_such_reference":
                return None
        except Unreadable as error:
            raise Retry("unreadable_answer", str(error), raw) from error
        raise Retry(f"http_{answer.status}", raw=raw)

    def take_back(self, reference: str) -> TakenBack:
        """Ask for a renewal to be taken back; asking twice is safe, so whatever breaks is merely asked again."""
        answer = self._ask(f"renewals/{quote(reference, safe='')}/take-back", method="POST", json={})
        return _told_or_refused(answer, lambda body, raw: answers.taken_back(body, reference, raw))

    def costs(self, *, since: datetime, until: datetime) -> list[CostLine]:
        """List what it asks for its renewals."""
        span = urlencode({"since": since.isoformat(), "until": until.isoformat()})
        return _told(self._ask(f"costs?{span}"), lambda body, _raw: answers.costs(body))

    def _outcome(self, answer: Answer, reference: str, raw: Raw) -> Confirmation:
        body = answers.parsed(answer)
        if body.get("reference") != reference:
            raise Unreadable("reference")
        match body.get("outcome"):
            case "delivered":
                return answers.confirmation(body, raw)
            case "refused":
                raise Refused(*answers.failure(body), raw)
        raise Unreadable("outcome")

    def _ask(self, path: str, *, method: str = "GET", json: Any = None) -> Answer:
        """Ask for what may be asked twice: whatever breaks on the way, it is merely asked again."""
        try:
            return self._endpoint.call(method, path, json=json, read_seconds=self._ask_seconds)
        except httpx.HTTPError as error:
            raise Retry(_what_broke(error), str(error), _broken(error)) from error


def _told(answer: Answer, read: Callable[[dict[str, Any], Raw], Found]) -> Found:
    raw = answers.kept(answer)
    try:
        if answer.status == 200:
            return read(answers.parsed(answer), raw)
    except Unreadable as error:
        raise Retry("unreadable_answer", str(error), raw) from error
    raise Retry(f"http_{answer.status}", raw=raw)


def _told_or_refused(answer: Answer, read: Callable[[dict[str, Any], Raw], Found]) -> Found:
    if answer.status != 422:
        return _told(answer, read)
    raw = answers.kept(answer)
    try:
        raise Refused(*answers.failure(answers.parsed(answer)), raw)
    except Unreadable as error:
        raise Retry("unreadable_answer", str(error), raw) from error


def _what_broke(error: httpx.HTTPError) -> str:
    if isinstance(error, NOTHING_SENT):
        return "not_reached"
    return "no_answer_in_time" if isinstance(error, httpx.TimeoutException) else "connection_lost"


def _broken(error: httpx.HTTPError) -> dict[str, Any]:
    return {"error": type(error).__name__, "message": str(error)}
