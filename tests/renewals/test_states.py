"""The table of states: what may follow what, and nothing else."""

from itertools import product

import pytest

from portal.renewals import states
from portal.renewals.states import RenewalState as S
from portal.renewals.states import StateRefused

ALLOWED = {
    (S.AWAITING_PAYMENT, S.PAID),
    (S.AWAITING_PAYMENT, S.CANCELLED),
    (S.PAID, S.SUBMITTING),
    (S.SUBMITTING, S.DELIVERED),
    (S.SUBMITTING, S.REFUSED),
    (S.SUBMITTING, S.UNKNOWN),
    (S.UNKNOWN, S.DELIVERED),
    (S.UNKNOWN, S.REFUSED),
    (S.REFUSED, S.RETURNED),
    (S.DELIVERED, S.REFUNDING),
    (S.REFUNDING, S.REFUNDED),
    (S.REFUNDING, S.PARTLY_REFUNDED),
    (S.PARTLY_REFUNDED, S.REFUNDING),
}


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_lets_a_known_step_pass(before: S, after: S) -> None:
    states.check(before, after)


@pytest.mark.parametrize(("before", "after"), sorted(set(product(S, S)) - ALLOWED))
def test_refuses_every_other_step(before: S, after: S) -> None:
    with pytest.raises(StateRefused) as refused:
        states.check(before, after)

    assert refused.value.parts == {"before": before.value, "after": after.value}


def test_a_state_may_follow_itself_nowhere() -> None:
    assert all(state not in following for state, following in states.FOLLOWING.items())


def test_money_is_held_exactly_where_the_carrier_or_the_return_is_awaited() -> None:
    assert {S.PAID, S.SUBMITTING, S.UNKNOWN, S.REFUSED} == states.HOLDING
    assert {S.PAID, S.SUBMITTING, S.UNKNOWN} == states.UNDER_WAY
