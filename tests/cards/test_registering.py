from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from portal.agents.errors import AgentMayNotSell
from portal.agents.models import AgentStatus
from portal.audit.models import AuditRecord
from portal.cards import concealing, details, keeping, registering
from portal.cards.errors import CardHeldElsewhere, CardRegisteredAlready, NeedsConfirmation
from portal.cards.models import Card, CardState
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.outbox import OutboxRow
from portal.customers import details as customer_details
from portal.customers.models import Customer
from tests import make

ICCID = "89852000263318806140"
ODD_ICCID = "00000002610900000479"
EID = "89865707049996228303883685957408"
CODE = "LPA:1$rsp.truphone.com$QRF-BETTERROAMING-PMRDGIR2EARDEIT5"
CAROL = customer_details.read(name="Carol", email="carol@customers.example", locale="en")


def typed(**changes: str) -> details.CardDetails:
    return details.read(**{"iccid": ICCID, "carrier": "sandbox-east"} | changes)


def test_registers_a_card_for_a_new_customer(app):
    alice = make.agent()

    card = registering.register(
        typed(iccid="8985 2000 2633 1880 6140", msisdn="13800138001", label=" 出差 "),
        agent_id=alice.id,
        customer=CAROL,
        actor=make.actor(),
    )

    assert (card.iccid, card.msisdn, card.label) == (ICCID, "+8613800138001", "出差")
    assert card.state is CardState.ACTIVE
    assert card.customer.name == "Carol"
    assert db.session.scalars(select(AuditRecord.act).where(AuditRecord.subject_id == card.id)).all() == [
        "cards.register"
    ]
    assert db.session.scalars(select(OutboxRow.kind).where(OutboxRow.subject_id == card.id)).all() == [
        "cards.read_usage"
    ]


def test_registers_a_card_for_a_customer_on_record(app):
    alice, bob = make.agent(), make.agent()
    zhe, bobs = make.customer(alice), make.customer(bob)

    card = registering.register(typed(), agent_id=alice.id, customer=zhe.id, actor=make.actor())

    assert card.customer_id == zhe.id
    with pytest.raises(NotFound):
        registering.register(
            typed(iccid="8997212330099025334"), agent_id=alice.id, customer=bobs.id, actor=make.actor()
        )


def test_keeps_eid_and_activation_code_encrypted_and_out_of_the_audit_log(app):
    card = registering.register(
        typed(eid=EID, activation_code=CODE), agent_id=make.agent().id, customer=CAROL, actor=make.actor()
    )

    db.session.refresh(card)
    stored = bytes(card.eid_encrypted) + bytes(card.activation_code_encrypted)
    records = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == card.id)).all()
    assert EID.encode() not in stored
    assert b"BETTERROAMING" not in stored
    assert not any("BETTERROAMING" in str(record.after) or EID in str(record.after) for record in records)
    assert concealing.masked_eid(card) == "8986 •••• 7408"
    assert concealing.masked_activation_code(card) == "LPA:1$rsp.truphone.com$••••"
    assert "BETTERROAMING" not in repr(typed(activation_code=CODE))


def test_reveals_an_activation_code_and_writes_down_who_saw_it(app):
    card = registering.register(
        typed(activation_code=CODE), agent_id=make.agent().id, customer=CAROL, actor=make.actor()
    )

    shown = concealing.reveal_activation_code(card, actor=make.actor(name="Amy"))

    record = db.session.scalars(select(AuditRecord).where(AuditRecord.act == "cards.reveal_activation_code")).one()
    assert shown.text == CODE
    assert (record.subject_id, record.actor_name, record.after) == (card.id, "Amy", None)


def test_nothing_is_revealed_where_nothing_was_given(app):
    card = registering.register(typed(), agent_id=make.agent().id, customer=CAROL, actor=make.actor())

    assert concealing.masked_eid(card) is None
    assert concealing.masked_activation_code(card) is None
    with pytest.raises(NotFound):
        concealing.reveal_activation_code(card, actor=make.actor())


def test_refuses_a_card_the_agent_has_and_names_it(app):
    alice = make.agent()
    card = registering.register(typed(), agent_id=alice.id, customer=CAROL, actor=make.actor())

    with pytest.raises(CardRegisteredAlready) as refusal:
        registering.register(typed(), agent_id=alice.id, customer=CAROL, actor=make.actor())

    assert refusal.value.parts == {"field": "iccid", "card_id": card.id}


@pytest.mark.parametrize("state", [CardState.ACTIVE, CardState.SUSPENDED])
def test_refuses_a_card_another_agent_has_without_saying_whose(app, state):
    alice, bob = make.agent(), make.agent()
    make.card(make.customer(bob), iccid=ICCID, state=state)

    with pytest.raises(CardHeldElsewhere) as refusal:
        registering.register(typed(), agent_id=alice.id, customer=CAROL, actor=make.actor())

    assert refusal.value.parts == {"field": "iccid"}
    assert db.session.query(Customer).filter_by(agent_id=alice.id).count() == 0


def test_a_removed_card_may_be_registered_again_by_another_agent(app):
    alice, bob = make.agent(), make.agent()
    card = make.card(make.customer(bob), iccid=ICCID)
    keeping.remove(card, actor=make.actor())

    again = registering.register(typed(), agent_id=alice.id, customer=CAROL, actor=make.actor())

    assert again.id != card.id


def test_asks_about_an_odd_iccid_and_accepts_it_once_confirmed(app):
    alice = make.agent()
    with pytest.raises(NeedsConfirmation) as question:
        registering.register(typed(iccid=ODD_ICCID), agent_id=alice.id, customer=CAROL, actor=make.actor())
    assert question.value.parts["warnings"] == ["iccid_luhn", "iccid_prefix"]
    with pytest.raises(NeedsConfirmation):
        registering.register(
            typed(iccid=ODD_ICCID), agent_id=alice.id, customer=CAROL, confirmed={"iccid_luhn"}, actor=make.actor()
        )
    assert db.session.query(Card).count() == 0

    card = registering.register(
        typed(iccid=ODD_ICCID),
        agent_id=alice.id,
        customer=CAROL,
        confirmed={"iccid_luhn", "iccid_prefix"},
        actor=make.actor(),
    )

    assert card.iccid == ODD_ICCID


def test_asks_before_giving_a_card_to_somebody_of_another_name(app):
    alice = make.agent()
    zhe = make.customer(alice, name="张喆", email="carol@customers.example")

    with pytest.raises(NeedsConfirmation) as question:
        registering.register(typed(), agent_id=alice.id, customer=CAROL, actor=make.actor())
    card = registering.register(
        typed(), agent_id=alice.id, customer=CAROL, confirmed=["customer_other_name"], actor=make.actor()
    )

    assert question.value.parts["warnings"] == ["customer_other_name"]
    assert question.value.parts["known_name"] == "张喆"
    assert card.customer_id == zhe.id
    assert zhe.name == "张喆"


@pytest.mark.parametrize("status", [AgentStatus.PENDING, AgentStatus.SUSPENDED])
def test_only_a_verified_agent_registers(app, status):
    with pytest.raises(AgentMayNotSell):
        registering.register(typed(), agent_id=make.agent(status=status).id, customer=CAROL, actor=make.actor())


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"iccid": "8934"}, "iccid", "iccid_short"),
        ({"eid": "89"}, "eid", "eid_length"),
        ({"msisdn": "12"}, "msisdn", "msisdn_invalid"),
        ({"activation_code": "LPA:2$a$b"}, "activation_code", "activation_code_malformed"),
        ({"carrier": "nobody"}, "carrier", "carrier_unknown"),
        ({"label": "a\u202eb"}, "label", "name_control_characters"),
        ({"label": "a" * 81}, "label", "too_long"),
    ],
)
def test_names_what_is_wrong_with_a_card(app, changes, field, reason):
    with pytest.raises(InvalidInput) as refusal:
        typed(**changes)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == (field, reason)


def _register_at_once(own_app, agent_ids):
    def register(agent_id) -> str:
        with own_app.app_context():
            try:
                in_transaction(
                    lambda: registering.register(typed(), agent_id=agent_id, customer=CAROL, actor=make.actor())
                )
            except Exception as error:
                return type(error).__name__
            finally:
                db.session.remove()
            return "registered"

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(register, agent_ids))


def test_of_agents_that_register_a_card_at_once_one_has_it(own_app):
    agents = [in_transaction(make.agent).id for _ in range(8)]

    outcomes = _register_at_once(own_app, agents)

    assert sorted(outcomes) == ["CardHeldElsewhere"] * 7 + ["registered"]
    assert db.session.query(Card).count() == 1


def test_of_clerks_that_register_a_card_at_once_one_does(own_app):
    agent = in_transaction(make.agent)

    outcomes = _register_at_once(own_app, [agent.id] * 8)

    assert sorted(outcomes) == ["CardRegisteredAlready"] * 7 + ["registered"]
    assert db.session.query(Customer).count() == 1


def test_agents_would_share_a_card_without_the_index(own_app, monkeypatch):
    agents = [in_transaction(make.agent).id for _ in range(8)]
    in_transaction(lambda: db.session.execute(db.text("DROP INDEX uq_cards_registered_iccid")))

    meeting = Barrier(8, timeout=60)
    monkeypatch.setattr(registering, "_refuse_registered", lambda iccid, agent_id: meeting.wait())  # all look at once

    outcomes = _register_at_once(own_app, agents)

    assert outcomes == ["registered"] * 8
