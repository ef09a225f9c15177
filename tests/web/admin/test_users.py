import pytest

from portal.accounts import queries, sessions
from portal.accounts.models import Role, User
from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from tests import browsing, make
from tests.web.admin.conftest import last_act


@pytest.fixture
def fred(house) -> User:
    def made() -> User:
        user = make.user(role=Role.FINANCE, name="Fred", email="fred@leb.example")
        user.password_hash = "x"
        sessions.open_for_user(user.id, address="203.0.113.9", user_agent="Firefox")
        return user

    return in_transaction(made)


def test_an_admin_invites_staff_by_mail(dana):
    answer = dana.post("/admin/users/", name="Eve", email="Eve@leb.example", role="auditor", language="zh")

    assert answer.status_code == 303
    assert queries.by_email("eve@leb.example").role is Role.AUDITOR
    assert db.session.query(Mail).filter_by(recipient="eve@leb.example").one().language == "zh"
    assert "Eve eve@leb.example auditor invited" in dana.words("/admin/users/")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"email": "dana@leb.example"}, "has an account already"),
        ({"email": "eve"}, "Please enter an e-mail address"),
        ({"name": " "}, "Please fill this in."),
        ({"role": "agent_owner"}, "Not a valid choice"),
    ],
)
def test_refuses_an_invitation_that_cannot_be(dana, changed, sentence):
    fields = {"name": "Eve", "email": "eve@leb.example", "role": "auditor", "language": "en"}

    answer = dana.post("/admin/users/", **(fields | changed))

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert queries.by_email("eve@leb.example") is None


def test_shows_where_somebody_is_signed_in(ada, fred):
    words = ada.words(f"/admin/users/{fred.id}")

    assert "Firefox 203.0.113.9" in words
    assert "Suspend" not in words


def test_suspends_and_ends_sessions(dana, fred):
    dana.post(f"/admin/users/{fred.id}/suspend")

    assert queries.by_id(fred.id).is_suspended
    assert queries.open_sessions_of(fred.id) == []
    assert last_act().act == "users.suspend"
    dana.post(f"/admin/users/{fred.id}/restore")
    assert not queries.by_id(fred.id).is_suspended


def test_changes_a_role_and_ends_sessions(dana, fred):
    answer = dana.post(f"/admin/users/{fred.id}/role", role="auditor")

    assert answer.status_code == 303
    assert queries.by_id(fred.id).role is Role.AUDITOR
    assert queries.open_sessions_of(fred.id) == []
    assert last_act().before == {"role": "finance"}


def test_nobody_changes_sides(dana, fred, house):
    assert dana.post(f"/admin/users/{fred.id}/role", role="agent_owner").status_code == 422
    assert dana.post(f"/admin/users/{house.owner.id}/role", role="admin").status_code == 422
    assert queries.by_id(house.owner.id).role is Role.AGENT_OWNER


def test_nobody_does_it_to_themselves(dana):
    assert dana.post(f"/admin/users/{dana.user.id}/suspend").status_code == 403
    assert dana.post(f"/admin/users/{dana.user.id}/role", role="auditor").status_code == 403
    assert "Change the role" not in dana.words(f"/admin/users/{dana.user.id}")


def test_invites_again_who_has_not_come_yet(dana):
    dana.post("/admin/users/", name="Eve", email="eve@leb.example", role="auditor", language="en")
    eve = queries.by_email("eve@leb.example")

    dana.post(f"/admin/users/{eve.id}/invite-again")

    assert db.session.query(Mail).filter_by(recipient="eve@leb.example").count() == 2


def test_finance_has_no_business_here(fiona, fred):
    assert fiona.get("/admin/users/").status_code == 403
    assert fiona.get(f"/admin/users/{fred.id}").status_code == 403


@pytest.mark.parametrize("odd", ["x", "0192f0c1-0000-7000-8000-000000000000"])
def test_an_unknown_user_is_not_found(dana, odd):
    assert dana.get(f"/admin/users/{odd}").status_code == 404
    assert dana.post(f"/admin/users/{odd}/suspend").status_code == 404
