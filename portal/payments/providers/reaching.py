"""Tell what a broken call means: nothing was sent, or nobody knows what it did."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from portal.core.http import StrangeHost
from portal.payments.providers.base import Declined, Raw, Retry, UnknownOutcome
from portal.payments.providers.masking import masked
from portal.payments.providers.reading import Unreadable

NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, StrangeHost)


@contextmanager
def acting() -> Iterator[None]:
    """Call to move something: once it was sent, only a readable answer tells what it did.

    Raises:
        Retry: nobody was reached.
        UnknownOutcome: it was sent, and no answer came that can be read.
    """
    try:
        yield
    except NOTHING_SENT as error:
        raise Retry("not_reached", str(error), _broken(error)) from error
    except httpx.HTTPError as error:
        raise UnknownOutcome(_what_broke(error), str(error), _broken(error)) from error
    except Unreadable as error:
        raise UnknownOutcome("unreadable_answer", str(error)) from error


@contextmanager
def asking() -> Iterator[None]:
    """Call to learn something, or to do what may be done twice: whatever breaks, asking again is safe.

    Raises:
        Retry: there is no answer that says.
    """
    try:
        with repeatable():
            yield
    except Declined as error:
        raise Retry(error.reason_code, error.message, error.raw) from error


@contextmanager
def repeatable() -> Iterator[None]:
    """Call to do what may be done twice; a refusal comes through.

    Raises:
        Retry: nobody was reached, or nobody knows: do it again.
    """
    try:
        with acting():
            yield
    except UnknownOutcome as error:
        raise Retry(error.reason_code, error.message, error.raw) from error


def _what_broke(error: httpx.HTTPError) -> str:
    return "no_answer_in_time" if isinstance(error, httpx.TimeoutException) else "connection_lost"


def _broken(error: httpx.HTTPError) -> Raw:
    raw: Raw = masked({"error": type(error).__name__, "message": str(error)})
    return raw
