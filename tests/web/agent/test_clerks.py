import pytest
from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from tests import browsing, make
from tests.web.agent.conftest import Counter

GOOD = {"name": "Lin", "email": "lin@global-link.example", "locale": "zh"}


def invited() -> list[User]:
    return list(db.session.scalars(select(User).where(User.name == "Lin")))


def test_lists_who_stands_at_the_counter(counter):
    words = counter.words("/agent/clerks/")

    assert "Alice" in words
    assert "Chen invited" in words


def test_invites_a_clerk_by_mail(counter):
    answer = counter.post("/agent/clerks/", **GOOD)

    (lin,) = invited()
    assert answer.status_code == 303
    assert (lin.role, lin.agent_id) == (Role.AGENT_CLERK, counter.agent.id)
    assert db.session.scalars(select(Mail.recipient)).all() == ["lin@global-link.example"]


def test_takes_no_role_and_no_agent_from_the_form(counter):
    counter.post("/agent/clerks/", **GOOD | {"role": "admin", "agent_id": ""})

    (lin,) = invited()
    assert (lin.role, lin.agent_id) == (Role.AGENT_CLERK, counter.agent.id)


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Please fill this in."),
        ("email", "lin", "name@example.com"),
        ("email", "lin@x.example\r\nBcc: all@x.example", "name@example.com"),
        ("name", "x" * 101, "At most 100 signs"),
    ],
)
def test_refuses_bad_input_by_its_field(counter, field, typed, words):
    answer = counter.post("/agent/clerks/", **GOOD | {field: typed})

    assert answer.status_code == 422
    assert words in browsing.words(answer.text)
    assert invited() == []


def test_refuses_an_address_that_has_an_account(counter):
    answer = counter.post("/agent/clerks/", **GOOD | {"email": counter.owner.email.upper()})

    assert answer.status_code == 422
    assert "has an account already" in answer.text


def test_invites_again_who_has_not_come_yet(counter):
    counter.post(f"/agent/clerks/{counter.clerk.id}/invite-again")

    assert len(db.session.scalars(select(Mail)).all()) == 1


def test_a_suspended_clerk_is_out_at_once(counter, clerk):
    counter.post(f"/agent/clerks/{counter.clerk.id}/suspend")

    assert clerk.get("/agent/").status_code == 303
    assert "suspended" in counter.words("/agent/clerks/")

    counter.post(f"/agent/clerks/{counter.clerk.id}/restore")
    assert not db.session.get_one(User, counter.clerk.id, populate_existing=True).is_suspended


@pytest.mark.parametrize("act", ["suspend", "restore", "invite-again"])
def test_an_owner_is_no_clerk(counter, act):
    second = in_transaction(lambda: make.user(role=Role.AGENT_OWNER, of=counter.agent, name="Ann"))

    for user in (counter.owner, second):
        assert counter.post(f"/agent/clerks/{user.id}/{act}").status_code == 404


@pytest.mark.parametrize("act", ["suspend", "restore", "invite-again"])
def test_a_clerk_may_not_touch_clerks(counter: Counter, clerk, act):
    token = browsing.csrf_token(clerk.get("/agent/").text)

    answer = clerk.post(f"/agent/clerks/{counter.clerk.id}/{act}", data={"csrf_token": token})

    assert answer.status_code == 403
