"""When an automatic top-up is needed, and what follows from how it ended."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.money import Money
from portal.payments.models import PaymentState
from portal.wallets import needing
from portal.wallets.models import AutomaticTopUp, TopUpAttemptState, TopUpRest
from portal.wallets.needing import Standing

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def standing(available: int = 0, on_its_way: int = 0, times: int = 0, charged: int = 0) -> Standing:
    return Standing(cny(available), cny(on_its_way), times, cny(charged))


MANDATE = AutomaticTopUp(
    currency="CNY", threshold_minor=50_000, amount_minor=100_000, most_a_day=3, most_minor_a_day=250_000
)


@pytest.mark.parametrize(
    ("available", "on_its_way", "is_short"),
    [(49_999, 0, True), (50_000, 0, False), (0, 50_000, False), (0, 49_999, True), (49_999, 1, False)],
)
def test_a_wallet_is_short_below_its_threshold_and_money_on_its_way_counts(
    available: int, on_its_way: int, is_short: bool
) -> None:
    assert needing.is_short(standing(available, on_its_way), cny(50_000)) is is_short


@pytest.mark.parametrize(
    ("times", "charged", "is_full"),
    [(0, 0, False), (1, 100_000, False), (1, 150_000, False), (1, 150_001, True), (2, 200_000, True), (3, 0, True)],
)
def test_a_day_is_full_by_number_and_by_sum(times: int, charged: int, is_full: bool) -> None:
    assert needing.is_day_full(standing(times=times, charged=charged), MANDATE) is is_full


@pytest.mark.parametrize(
    ("state", "code", "was_reached", "ended"),
    [
        (PaymentState.BEGUN, None, True, None),
        (PaymentState.HELD, None, True, None),
        (PaymentState.SETTLED, None, True, TopUpAttemptState.PAID),
        (PaymentState.SETTLED, "insufficient_funds", True, TopUpAttemptState.PAID),
        (PaymentState.DECLINED, "insufficient_funds", True, TopUpAttemptState.DECLINED),
        (PaymentState.DECLINED, "authentication_required", True, TopUpAttemptState.OWNER_WANTED),
        (PaymentState.DECLINED, "http_429", False, TopUpAttemptState.NOT_REACHED),
        (PaymentState.EXPIRED, None, True, TopUpAttemptState.NOT_REACHED),
        (PaymentState.RETURNED, None, True, TopUpAttemptState.RETURNED),
    ],
)
def test_an_attempt_ends_as_its_payment_does(
    state: PaymentState, code: str | None, was_reached: bool, ended: TopUpAttemptState | None
) -> None:
    assert needing.outcome(state, decline_code=code, was_reached=was_reached) is ended


@pytest.mark.parametrize(
    ("ended", "in_row", "rest"),
    [
        (TopUpAttemptState.PAID, 0, None),
        (TopUpAttemptState.DROPPED, 0, None),
        (TopUpAttemptState.NOT_REACHED, 0, (TopUpRest.NOT_REACHED, timedelta(minutes=10))),
        (TopUpAttemptState.OWNER_WANTED, 1, (TopUpRest.OWNER_WANTED, timedelta(days=1))),
        (TopUpAttemptState.DECLINED, 1, (TopUpRest.DECLINED, timedelta(hours=1))),
        (TopUpAttemptState.DECLINED, 2, (TopUpRest.DECLINED, timedelta(hours=6))),
        (TopUpAttemptState.RETURNED, 3, (TopUpRest.DECLINED, timedelta(hours=6))),
    ],
)
def test_nobody_is_charged_for_a_while_after_a_refusal(
    ended: TopUpAttemptState, in_row: int, rest: tuple[TopUpRest, timedelta] | None
) -> None:
    found = needing.rest_after(ended, declines_in_row=in_row, now=NOW)

    assert found == (rest and (rest[0], NOW + rest[1]))


@pytest.mark.parametrize(
    ("available", "on_its_way", "is_held_back"),
    [(49_999, 1, True), (49_999, 0, False), (49_998, 1, False), (50_000, 100_000, False), (-10_000, 60_000, True)],
)
def test_money_on_its_way_holds_a_charge_back_where_it_would_end_the_shortage(
    available: int, on_its_way: int, is_held_back: bool
) -> None:
    assert needing.is_held_back(cny(available), cny(50_000), on_its_way=cny(on_its_way)) is is_held_back
