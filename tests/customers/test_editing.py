import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.i18n import PaperLanguage
from portal.customers import details, editing
from portal.customers.errors import ContactTaken
from tests import make


def test_edits_a_customer_and_writes_down_what_it_was(app):
    customer = make.customer(make.agent(), name="Carol", email="carol@customers.example")

    editing.edit(
        customer,
        details=details.read(name="Caroline", email="caroline@customers.example", phone="13800138001", locale="en"),
        actor=make.actor(),
    )

    record = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == customer.id)).one()
    assert (customer.name, customer.email) == ("Caroline", "caroline@customers.example")
    assert (customer.phone, customer.locale) == ("+8613800138001", "en")
    assert record.act == "customers.edit"
    assert record.before["name"] == "Carol"
    assert record.after["name"] == "Caroline"


def test_refuses_the_address_of_another_customer(app):
    alice = make.agent()
    make.customer(alice, name="张喆", email="zhe@customers.example")
    customer = make.customer(alice, email="carol@customers.example")

    with pytest.raises(ContactTaken) as refusal:
        editing.edit(customer, details=details.read(name="Carol", email="zhe@customers.example"), actor=make.actor())

    assert refusal.value.parts["field"] == "customer_email"
    assert refusal.value.parts["name"] == "张喆"
    assert customer.email == "carol@customers.example"


def test_saving_what_stands_writes_nothing(app):
    customer = make.customer(make.agent(), name="Carol", email="carol@customers.example")

    editing.edit(customer, details=details.read(name="Carol", email="carol@customers.example"), actor=make.actor())

    assert db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == customer.id)).all() == []


def test_a_person_chooses_the_language_of_receipts_at_every_agent(app):
    rows = [make.customer(make.agent(), email="carol@customers.example") for _ in range(2)]
    rows[1].receipt_language = PaperLanguage.EN

    editing.choose_receipt_language(rows, language=PaperLanguage.EN, actor=make.actor())

    assert [row.receipt_language for row in rows] == [PaperLanguage.EN, PaperLanguage.EN]
    record = db.session.scalars(select(AuditRecord)).one()  # the second row said so already
    assert (record.act, record.subject_id) == ("customers.edit", rows[0].id)
    assert (record.before, record.after) == ({"receipt_language": "both"}, {"receipt_language": "en"})


def test_refuses_receipts_in_a_language_that_they_are_not_written_in():
    with pytest.raises(InvalidInput) as refusal:
        details.read(name="Carol", email="carol@customers.example", receipt_language="fr")

    assert refusal.value.parts == {"field": "receipt_language", "reason": "locale_unknown"}
