"""One person is one person: at another agent, under another name, by address or by number."""

from collections.abc import Sequence

import pytest
from sqlalchemy.orm import Session

from portal.core.db import db, in_transaction, transaction
from portal.customers import details, editing, registering
from portal.ledger import verification
from portal.ledger.verification import Check, Finding
from portal.promotions import redeeming
from portal.promotions.models import PromotionCustomer
from portal.promotions.verification import CHECKS
from portal.renewals.errors import QuoteChanged
from tests.promotions import promoting
from tests.renewals.conftest import Counter, open_counter


def known_as(counter: Counter, *, email: str | None = None, phone: str | None = None) -> None:
    """Have a counter's customer be reached so."""
    with transaction():
        counter.customer.email, counter.customer.phone = email, phone


def person(counter: Counter) -> object:
    db.session.refresh(counter.customer)
    return counter.customer.person_id


@pytest.fixture
def counter(session: Session) -> Counter:
    """Alice's counter."""
    return open_counter()


@pytest.fixture
def other(counter: Counter) -> Counter:
    """Bob's counter, with a customer of its own."""
    return open_counter()


def test_two_rows_with_nothing_in_common_are_two(counter: Counter, other: Counter) -> None:
    assert person(counter) == counter.customer.id
    assert person(other) == other.customer.id


@pytest.mark.parametrize(
    "contact", [{"email": "Carol@home.example"}, {"phone": "+8613800138001", "email": "other@home.example"}]
)
def test_a_row_with_the_same_address_or_number_is_the_same_person(
    counter: Counter, other: Counter, contact: dict[str, str]
) -> None:
    known_as(counter, email="carol@home.example", phone="+8613800138001")

    known_as(other, **contact)

    assert person(other) == person(counter) == counter.customer.id


def test_a_new_customer_is_known_at_once(counter: Counter, other: Counter) -> None:
    known_as(counter, email="carol@home.example")
    read = details.read(name="C. Chan", email="carol@home.example")

    added = in_transaction(lambda: registering.find_or_add(agent_id=other.agent.id, details=read, actor=other.actor))

    assert added.person_id == counter.customer.id


def test_stays_the_same_person_under_another_address(counter: Counter, other: Counter) -> None:
    known_as(counter, email="carol@home.example")
    known_as(other, email="carol@home.example")

    read = details.read(name="Carol", email="carol@work.example")
    in_transaction(lambda: editing.edit(other.customer, details=read, actor=other.actor))

    assert person(other) == counter.customer.id


def test_a_row_that_shares_contacts_with_two_joins_all_three(counter: Counter, other: Counter) -> None:
    third = open_counter()
    known_as(counter, email="carol@home.example")
    known_as(other, email="other@home.example", phone="+8613800138001")

    known_as(third, email="carol@home.example", phone="+8613800138001")

    assert person(third) == person(other) == person(counter) == counter.customer.id


def test_a_limit_for_each_customer_counts_the_person(counter: Counter, other: Counter) -> None:
    for one in (counter, other):
        known_as(one, email="carol@home.example")
    with transaction():
        promoting.campaign(per_customer_limit=1)

    first, second = counter.order(), other.order()

    assert (first.total.minor, second.total.minor) == (9_450, 10_500)
    assert wrong() == []


def test_an_offer_for_new_customers_is_for_new_persons(counter: Counter, other: Counter) -> None:
    for one in (counter, other):
        known_as(one, email="carol@home.example")
    with transaction():
        promoting.campaign(is_first_time_only=True)
    shown = other.signed_quote()
    counter.order()

    with pytest.raises(QuoteChanged) as refused:
        other.order(signed_quote=shown)

    assert refused.value.parts["quote"].total_minor == 10_500


def test_is_given_back_to_whoever_the_person_was(counter: Counter, other: Counter) -> None:
    known_as(counter, email="carol@home.example")
    with transaction():
        promoting.campaign(per_customer_limit=1)
    placed = other.order()
    known_as(other, email="carol@home.example")
    assert person(other) == counter.customer.id

    with transaction():
        assert redeeming.give_back(placed.id)

    (counted,) = db.session.query(PromotionCustomer).execution_options(populate_existing=True)
    assert (counted.person_id, counted.used) == (other.customer.id, 0)
    assert wrong(CHECKS[:1]) == []  # the order itself still stands


def wrong(checks: Sequence[Check] = CHECKS) -> list[Finding]:
    return in_transaction(lambda: verification.run(checks))
