"""Answers that are not as agreed are unreadable, never guessed."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from portal.carriers.base import CardStatus
from portal.carriers.sandbox import answers
from portal.carriers.sandbox.answers import Unreadable
from portal.core.http import Answer
from portal.core.money import Money

CARD = {
    "plan_code": "JP-5G-30D",
    "data_total_mb": 5120,
    "data_left_mb": 310,
    "valid_until": "2026-03-01T20:00:00+08:00",
    "status": "active",
}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff\xfe", b'"x"'])
def test_takes_only_a_json_object(body: bytes) -> None:
    with pytest.raises(Unreadable):
        answers.parsed(Answer(200, httpx.Headers(), body, "id"))


def test_turns_times_into_utc() -> None:
    assert answers.card_state(CARD).valid_until == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_left_mb", -1),
        ("data_left_mb", 1.5),
        ("data_left_mb", "310"),
        ("data_left_mb", True),
        ("data_total_mb", 2**31),
        ("valid_until", "2026-03-01T12:00:00"),
        ("valid_until", "tomorrow"),
        ("valid_until", "0001-01-01T00:00:00+14:00"),
        ("plan_code", 7),
    ],
)
def test_refuses_a_value_of_another_kind(name: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        answers.card_state(CARD | {name: value})


def test_does_not_take_a_missing_amount_for_unlimited_data() -> None:
    without = {name: value for name, value in CARD.items() if name != "data_left_mb"}

    with pytest.raises(Unreadable):
        answers.card_state(without)
    assert answers.card_state(CARD | {"data_left_mb": None}).data_left_mb is None


@pytest.mark.parametrize("status", ["frozen", None, ["active"], {}])
def test_keeps_a_status_it_does_not_know_as_unknown(status: Any) -> None:
    assert answers.card_state(CARD | {"status": status}).status is CardStatus.UNKNOWN


@pytest.mark.parametrize("number", ["", "SE 1", "x" * 65, "SE-\n1", 99120, None])
def test_refuses_a_confirmation_number_that_cannot_be_printed(number: Any) -> None:
    body = {"confirmation": number, "reference": "R", "iccid": "89", "plan_code": "P", "before": CARD, "after": CARD}

    with pytest.raises(Unreadable):
        answers.confirmation(body, {})


def test_keeps_a_page_that_is_not_json_as_text() -> None:
    kept = answers.kept(Answer(502, httpx.Headers(), b"<h1>Bad gateway</h1>", "0192"))

    assert kept == {"status": 502, "request_id": "0192", "body": "<h1>Bad gateway</h1>"}


COST = {
    "id": "SE-99101",
    "reference": "R-7K3M-92QD",
    "amount_minor": -5698,
    "currency": "CNY",
    "booked_at": "2026-03-01T20:00:00+08:00",
}


def test_reads_what_is_asked_for_renewals() -> None:
    (line,) = answers.costs({"costs": [COST]})

    assert (line.line_id, line.reference, line.amount) == ("SE-99101", "R-7K3M-92QD", Money(-5_698, "CNY"))
    assert line.booked_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_minor", "5698"),
        ("amount_minor", 56.98),
        ("amount_minor", True),
        ("amount_minor", 10**12 + 1),
        ("currency", "cny"),
        ("currency", "RMB¥"),
        ("id", ""),
        ("reference", None),
        ("booked_at", "2026-03-01T12:00:00"),
    ],
)
def test_refuses_a_cost_of_another_kind(name: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        answers.costs({"costs": [COST | {name: value}]})


@pytest.mark.parametrize("body", [{}, {"costs": None}, {"costs": {}}, {"costs": ["x"]}])
def test_refuses_a_bill_of_another_shape(body: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        answers.costs(body)
