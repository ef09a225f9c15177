"""Answers that are not as agreed are unreadable, never guessed."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from portal.carriers.base import CardStatus
from portal.carriers.sandbox import answers
from portal.carriers.sandbox.answers import Unreadable
from portal.core.http import Answer

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
