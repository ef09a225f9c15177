import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.customers import details, queries, registering
from portal.customers.errors import CustomersDiffer
from portal.customers.models import Customer
from tests import make


def carol(**typed: str) -> details.CustomerDetails:
    return details.read(**{"name": "Carol", "email": "carol@customers.example", "locale": "en"} | typed)


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"name": ""}, "customer_name", "customer_name_missing"),
        ({"name": "张三\u202e法外"}, "customer_name", "name_control_characters"),
        ({"email": "carol"}, "customer_email", "email_invalid"),
        ({"phone": "12"}, "customer_phone", "phone_invalid"),
        ({"locale": "xx"}, "locale", "locale_unknown"),
        ({"email": " ", "phone": ""}, "customer_email", "contact_missing"),
    ],
)
def test_names_what_is_wrong_with_a_customer(typed, field, reason):
    with pytest.raises(InvalidInput) as refusal:
        carol(**typed)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == (field, reason)


def test_adds_a_customer_once(app):
    alice = make.agent()

    first = registering.find_or_add(agent_id=alice.id, details=carol(), actor=make.actor())
    second = registering.find_or_add(
        agent_id=alice.id, details=carol(email="CAROL@customers.example"), actor=make.actor()
    )

    assert first is second
    assert (first.name, first.email, first.phone, first.locale) == ("Carol", "carol@customers.example", None, "en")
    assert db.session.scalars(select(AuditRecord.act).where(AuditRecord.subject_id == first.id)).all() == [
        "customers.add"
    ]


def test_finds_a_customer_by_phone_and_keeps_the_new_address(app):
    alice = make.agent()
    known = registering.find_or_add(agent_id=alice.id, details=carol(email="", phone="13800138001"), actor=make.actor())

    found = registering.find_or_add(
        agent_id=alice.id, details=carol(name="Caroline", phone="+86 138 0013 8001"), actor=make.actor()
    )

    assert found is known
    assert (found.name, found.email, found.phone) == ("Carol", "carol@customers.example", "+8613800138001")


def test_refuses_an_address_and_a_number_of_two_people(app):
    alice = make.agent()
    registering.find_or_add(agent_id=alice.id, details=carol(), actor=make.actor())
    registering.find_or_add(
        agent_id=alice.id, details=carol(name="张喆", email="", phone="13800138001"), actor=make.actor()
    )

    with pytest.raises(CustomersDiffer) as refusal:
        registering.find_or_add(agent_id=alice.id, details=carol(phone="13800138001"), actor=make.actor())

    assert refusal.value.parts == {"field": "customer_phone", "email_name": "Carol", "phone_name": "张喆"}


def test_the_same_person_at_another_agent_is_another_customer(app):
    alice, bob = make.agent(), make.agent()

    at_alice = registering.find_or_add(agent_id=alice.id, details=carol(), actor=make.actor())
    at_bob = registering.find_or_add(agent_id=bob.id, details=carol(), actor=make.actor())

    assert at_alice.id != at_bob.id
    assert {row.id for row in queries.with_email(at_bob.email)} == {at_alice.id, at_bob.id}
    assert db.session.query(Customer).count() == 2
