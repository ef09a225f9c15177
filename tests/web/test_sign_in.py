import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.accounts import lifecycle, links, passwords, sessions
from portal.accounts.links import Purpose
from portal.accounts.models import Role, SignInSession, User
from portal.audit.models import AuditRecord
from portal.core.db import db, transaction
from portal.core.mail import Mail
from portal.customers.models import Customer
from tests import browsing, make

PASSWORD = "four words are plenty"


@pytest.fixture(scope="module")
def kept_password() -> str:
    """Hashing takes long on purpose: once is enough for all who sign in here."""
    return passwords.make_hash(PASSWORD)


@pytest.fixture
def alice(app: Flask, kept_password: str) -> User:
    with transaction():
        user = make.user(role=Role.AGENT_OWNER, of=make.agent(), email="alice@leb.example", name="Alice")
        user.password_hash = kept_password
    return user


@pytest.fixture
def carol(app: Flask) -> Customer:
    with transaction():
        return make.customer(make.agent(), name="Carol", email="carol@customers.example")


def post(client: FlaskClient, path: str, **fields: str):
    token = browsing.csrf_token(client.get(path).text)
    return client.post(path, data={"csrf_token": token, **fields})


def sign_in(client: FlaskClient, *, password: str = PASSWORD, next_path: str = ""):
    return post(client, "/sign-in", email="Alice@leb.example", password=password, next=next_path)


def last_mail() -> Mail:
    return db.session.scalars(select(Mail).order_by(Mail.created_at.desc())).first()


def test_lets_a_user_in_with_the_right_password(client, alice):
    answer = sign_in(client)

    assert (answer.status_code, answer.location) == (303, "/agent/")
    assert client.get("/password").status_code == 200


def test_writes_the_sign_in_into_the_audit_log(client, alice):
    sign_in(client)

    act = db.session.scalars(select(AuditRecord).where(AuditRecord.act == "sign_in")).one()
    assert (act.actor_id, act.subject_id, act.address) == (alice.id, alice.id, "127.0.0.1")


def test_refuses_a_wrong_password_and_keeps_what_was_typed(client, alice):
    answer = sign_in(client, password="something else entirely")

    assert answer.status_code == 422
    assert browsing.field_value(answer.text, "email") == "Alice@leb.example"
    assert browsing.field_value(answer.text, "password") == ""
    assert client.get("/password").status_code == 303


def test_says_the_same_for_an_unknown_address(client, alice):
    wrong = sign_in(client, password="something else entirely")
    unknown = post(client, "/sign-in", email="nobody@leb.example", password="something else entirely")

    assert wrong.status_code == unknown.status_code == 422
    assert browsing.words(wrong.text) == browsing.words(unknown.text)


def test_takes_as_long_for_an_unknown_address(app, alice):
    from portal.accounts import signing_in

    def seconds(email: str) -> float:
        began = time.perf_counter()
        assert signing_in.recognise(email, "something else entirely") is None
        return time.perf_counter() - began

    seconds("warm@leb.example")
    known = min(seconds("alice@leb.example") for _ in range(3))
    unknown = min(seconds("nobody@leb.example") for _ in range(3))

    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize("password", ["", "x" * 100_000, "nul\0inside", "😀"])
def test_refuses_odd_passwords_without_failing(client, alice, password):
    assert sign_in(client, password=password).status_code == 422


def test_refuses_an_invited_user_who_has_no_password_yet(client, alice):
    alice.password_hash = None
    with transaction():
        db.session.flush()

    assert sign_in(client).status_code == 422


def test_refuses_a_suspended_user(client, alice):
    with transaction():
        lifecycle.suspend(alice, actor=make.actor())

    assert sign_in(client).status_code == 422


def test_goes_where_the_visitor_was_going(client, alice):
    answer = client.get("/password")
    assert answer.location == "/sign-in?next=/password"

    assert sign_in(client, next_path="/password").location == "/password"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:a=b/../\n",
        " //evil.example",
        "/\t/evil.example",
    ],
)
def test_goes_nowhere_else(client, alice, elsewhere):
    assert sign_in(client, next_path=elsewhere).location == "/agent/"


def test_starts_a_new_cookie_at_sign_in(client, alice):
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"

    sign_in(client)

    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_ends_the_session_on_the_server_at_sign_out(app, client, alice):
    sign_in(client)
    with client.session_transaction() as cookie:
        stolen = dict(cookie)
    token = browsing.csrf_token(client.get("/password").text)

    assert client.post("/sign-out", data={"csrf_token": token}).location == "/sign-in"

    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get("/password").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(SignInSession)) == 0


@pytest.mark.parametrize("act", ["suspend", "change_role"])
def test_ends_every_session_when_an_admin_intervenes(client, alice, act):
    browsing.sign_in(client, alice)
    assert client.get("/password").status_code == 200

    with transaction():
        if act == "suspend":
            lifecycle.suspend(alice, actor=make.actor())
        else:
            lifecycle.change_role(alice, Role.AGENT_CLERK, actor=make.actor())

    assert client.get("/password").status_code == 303


def test_changes_a_password_and_ends_every_session(app, client, alice):
    elsewhere = browsing.sign_in(app.test_client(), alice)
    sign_in(client)

    answer = post(
        client,
        "/password",
        old_password=PASSWORD,
        password="five words are even better",
        repeated="five words are even better",
    )

    assert answer.location == "/sign-in"
    assert client.get("/password").status_code == 303
    assert elsewhere.get("/password").status_code == 303
    assert sign_in(client, password=PASSWORD).status_code == 422
    assert sign_in(client, password="five words are even better").status_code == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"old_password": "wrong", "password": "five words are even better"}, "old_password"),
        ({"old_password": PASSWORD, "password": "short"}, "password"),
        ({"old_password": PASSWORD, "password": PASSWORD}, "password"),
        ({"old_password": PASSWORD, "password": "alice@leb.example"}, "password"),
        ({"old_password": PASSWORD, "password": "qwertyuiop123"}, "password"),
        ({"old_password": PASSWORD, "password": "x" * 300}, "password"),
    ],
)
def test_says_by_the_field_why_a_password_is_refused(client, alice, fields, field):
    browsing.sign_in(client, alice)

    answer = post(client, "/password", repeated=fields["password"], **fields)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert client.get("/password").status_code == 200


def test_an_invitation_sets_the_first_password_once(client, alice):
    from portal.accounts import invitations

    with transaction():
        invitations.invite(
            email="Clerk@leb.example", name="Chen", role=Role.AGENT_CLERK, agent_id=alice.agent_id, actor=make.actor()
        )
    mail = last_mail()
    path = mail.text.split("https://portal.example", 1)[1].split()[0]

    answer = post(client, path, password="a first good password", repeated="a first good password")

    assert mail.recipient == "clerk@leb.example"
    assert answer.location == "/sign-in"
    assert post(client, "/sign-in", email="clerk@leb.example", password="a first good password").status_code == 303
    assert client.get(path).status_code == 410


def test_a_forgotten_password_is_chosen_anew_by_mail(client, alice):
    post(client, "/forgotten-password", email="alice@leb.example")
    path = last_mail().text.split("https://portal.example", 1)[1].split()[0]

    post(client, path, password="a brand new password", repeated="a brand new password")

    assert sign_in(client, password="a brand new password").status_code == 303
    assert client.get(path).status_code == 410


def test_nobody_learns_whether_an_address_has_an_account(client, alice):
    known = post(client, "/forgotten-password", email="alice@leb.example")
    unknown = post(client, "/forgotten-password", email="bobby@leb.example")

    assert browsing.words(known.text).replace("alice", "bobby") == browsing.words(unknown.text)
    assert db.session.scalar(select(func.count()).select_from(Mail)) == 1


def test_a_link_for_one_purpose_opens_nothing_else(app, client, alice):
    token = links.sign(Purpose.CUSTOMER, alice.id, email="alice@leb.example", page="/my/")

    assert client.get(f"/invitation/{token}").status_code == 400
    assert client.get(f"/new-password/{token}").status_code == 400
    assert client.get(f"/new-password/{token[:-2]}").status_code == 400


def test_a_customer_signs_in_with_the_code_from_their_mail(client, carol):
    post(client, "/my/sign-in", email="Carol@customers.example")
    code = last_mail().subject.split()[0]

    answer = post(client, "/my/sign-in/code", code=f"{code[:3]} {code[3:]}")

    assert (answer.status_code, answer.location) == (303, "/my/")
    session = db.session.scalars(select(SignInSession)).one()
    assert (session.customer_id, session.email) == (carol.id, "carol@customers.example")


def test_a_code_works_once(app, client, carol):
    post(client, "/my/sign-in", email="carol@customers.example")
    code = last_mail().subject.split()[0]
    post(client, "/my/sign-in/code", code=code)

    other = app.test_client()
    with other.session_transaction() as cookie:
        cookie["sign_in_email"] = "carol@customers.example"
    assert post(other, "/my/sign-in/code", code=code).status_code == 422


def test_five_wrong_codes_spoil_the_right_one(client, carol):
    post(client, "/my/sign-in", email="carol@customers.example")
    code = last_mail().subject.split()[0]
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        assert post(client, "/my/sign-in/code", code=wrong).status_code == 422

    assert post(client, "/my/sign-in/code", code=code).status_code == 422


def test_an_unknown_customer_gets_no_mail_and_the_same_page(app, client, carol):
    known = post(client, "/my/sign-in", email="carol@customers.example")
    unknown = post(app.test_client(), "/my/sign-in", email="nobody@customers.example")

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert db.session.scalar(select(func.count()).select_from(Mail)) == 1


def test_a_mailed_link_signs_in_only_when_the_button_is_pressed(client, carol):
    address = links.address_for_customer(carol.id, email="carol@customers.example", page="/my/receipts/1")
    path = address.removeprefix("https://portal.example")

    client.get(path)
    assert db.session.scalar(select(func.count()).select_from(SignInSession)) == 0

    assert post(client, path).location == "/my/receipts/1"


def test_a_mailed_link_works_on_one_device(app, client, carol):
    path = links.address_for_customer(carol.id, email="carol@customers.example").removeprefix("https://portal.example")
    post(client, path)

    assert client.get(path).location == "/my/"
    assert post(app.test_client(), path).status_code == 410


def test_a_customers_session_ends_when_the_agent_changes_the_address(client, carol):
    browsing.sign_in_customer(client, carol)
    with transaction():
        carol.email = "somebody-else@customers.example"
        db.session.flush()

    assert client.get("/my/enter/x").status_code == 400
    assert client.get("/password").location == "/sign-in?next=/password"


def test_a_customer_is_refused_where_users_work(client, carol):
    browsing.sign_in_customer(client, carol)

    assert client.get("/password").status_code == 403


def test_sessions_grow_old(client, alice):
    browsing.sign_in(client, alice)
    with transaction():
        opened = db.session.scalars(select(SignInSession)).one()
        opened.seen_at -= sessions.USER_IDLE
        db.session.flush()

    assert client.get("/password").status_code == 303


def test_the_language_follows_the_browser_until_it_is_switched(client):
    assert 'lang="zh-Hans"' in client.get("/sign-in", headers={"Accept-Language": "zh-TW,en;q=0.5"}).text
    assert 'lang="en"' in client.get("/sign-in", headers={"Accept-Language": "fr,en-GB;q=0.5"}).text

    answer = client.get("/language/zh?next=/forgotten-password", headers={"Accept-Language": "en"})

    assert answer.location == "/forgotten-password"
    assert 'lang="zh-Hans"' in client.get("/sign-in", headers={"Accept-Language": "en"}).text


def test_the_language_switch_redirects_nowhere_else(client):
    assert client.get("/language/zh?next=//evil.example").location == "/sign-in"
    assert client.get("/language/xx").status_code == 404
