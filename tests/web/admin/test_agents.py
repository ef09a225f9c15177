import pytest

from portal.accounts import queries as accounts
from portal.agents import queries
from portal.agents.models import Agent, AgentStatus
from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from portal.wallets import queries as wallets
from tests import browsing, make
from tests.web.admin.conftest import acts, last_act

DETAILS = {
    "name_zh": "环太通讯",
    "name_en": "Pacific Roam",
    "licence_number": "3101-ab77",
    "contact_name": "Bob",
    "contact_email": "Bob@Pacific.example",
    "contact_phone": "138 0013 8001",
    "state": "verified",
    "currency": "CNY",
    "fee_bps": "4.5",
    "fee_fixed_minor": "1.00",
    "fee_min_minor": "2",
    "fee_max_minor": "30.00",
    "share_bps": "3",
    "credit_limit": "2,000",
}


def test_an_admin_takes_an_agent_on(dana):
    answer = dana.post("/admin/agents/new", **DETAILS)

    assert answer.status_code == 303
    agent = db.session.query(Agent).filter_by(name_en="Pacific Roam").one()
    assert agent.licence_number == "3101-AB77"
    assert agent.contact_email == "bob@pacific.example"
    assert agent.contact_phone == "+8613800138001"
    assert agent.status is AgentStatus.VERIFIED
    terms = queries.own_terms(agent.id, "CNY")
    assert (terms.fee_bps, terms.fee_fixed_minor, terms.fee_min_minor, terms.fee_max_minor) == (450, 100, 200, 3000)
    assert wallets.in_currency(agent.id, "CNY").credit_limit.minor == 200_000
    assert [act.act for act in acts()[-4:]] == [
        "agents.create",
        "agents.change_terms",
        "wallets.set_credit_limit",
        "agents.set_status",
    ]
    assert "Agent created." in dana.words(answer.location)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name_en": ""}, "Please fill this in."),
        ({"name_en": "Раcific"}, "mixes letters of different scripts"),
        ({"name_zh": "环\u202e太"}, "signs that cannot be"),
        ({"contact_email": "bob"}, "Please enter an e-mail address such as name@example.com."),
        ({"contact_phone": "12"}, "phone number"),
        ({"currency": "XXQ"}, "Please enter an ISO currency code such as CNY."),
        ({"fee_bps": "101"}, "Please enter a percentage from 0 to 100"),
        ({"fee_bps": "1e1"}, "Please enter a percentage from 0 to 100"),
        ({"fee_max_minor": "1"}, "The highest fee must not be below the lowest."),
        ({"fee_min_minor": "-1"}, "The amount must be above zero, without a sign."),
        ({"credit_limit": "１０"}, "ordinary digits"),
        ({"credit_limit": "99999999999999999999"}, "This amount is too large."),
        ({"state": "suspended"}, "Not a valid choice"),
    ],
)
def test_refuses_what_cannot_be_and_keeps_what_was_typed(dana, changed, sentence):
    count = db.session.query(Agent).count()

    answer = dana.post("/admin/agents/new", **(DETAILS | changed))

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert browsing.field_value(answer.text, "licence_number") == "3101-ab77"
    assert db.session.query(Agent).count() == count


def test_names_the_agent_that_has_the_licence(dana, house):
    answer = dana.post("/admin/agents/new", **(DETAILS | {"licence_number": house.agent.licence_number}))

    assert answer.status_code == 422
    assert "Global Link (环球通讯) has this licence number already." in browsing.words(answer.text)


def test_the_list_shows_wallets_and_filters(ada, house):
    in_transaction(lambda: make.agent(name_en="Pacific Roam", name_zh="环太", status=AgentStatus.PENDING))

    assert "CNY 1,000.00" in ada.words("/admin/agents/?q=global+link")
    assert "Pacific Roam" not in ada.words("/admin/agents/?q=global+link")
    assert "Global Link" not in ada.words("/admin/agents/?state=pending")
    assert "No agent fits." in ada.words("/admin/agents/?q=%25")
    assert ada.get("/admin/agents/?state=x").status_code == 422


def test_shows_everything_about_an_agent(fiona, house):
    words = fiona.words(f"/admin/agents/{house.agent.id}")

    assert "CNY CNY 1,000.00 CNY 0.00 CNY 1,000.00 Statement" in words
    assert "CNY v1 5% – 3%" in words
    assert "Alice owner alice@global-link.example" in words


def test_an_auditor_and_finance_see_no_buttons_that_change(ada, fiona, house):
    for person in (ada, fiona):
        page = person.page(f"/admin/agents/{house.agent.id}")
        assert 'method="post" action="/admin/agents' not in page
        assert "/edit" not in page
        assert "New agent" not in person.words("/admin/agents/")


def test_edits_details_with_before_and_after(dana, house):
    fields = {name: DETAILS[name] for name in ("name_zh", "licence_number", "contact_name", "contact_email")}

    answer = dana.post(f"/admin/agents/{house.agent.id}/edit", name_en="Global Link 2", contact_phone="", **fields)

    assert answer.status_code == 303
    assert last_act().before["name_en"] == "Global Link"
    assert last_act().after["name_en"] == "Global Link 2"


def test_suspends_and_lets_sell_again(dana, house):
    path = f"/admin/agents/{house.agent.id}"

    dana.post(f"{path}/status", state="suspended", reason="Papers expired")

    assert queries.by_id(house.agent.id).status is AgentStatus.SUSPENDED
    assert last_act().after == {"status": "suspended", "reason": "Papers expired"}
    dana.post(f"{path}/status", state="verified")
    assert queries.by_id(house.agent.id).status is AgentStatus.VERIFIED


def test_nobody_becomes_unchecked_again(dana, house):
    answer = dana.post(f"/admin/agents/{house.agent.id}/status", state="pending")

    assert answer.status_code == 422
    assert "The agent cannot become that any more." in browsing.words(answer.text)


def test_sets_a_credit_limit(dana, house):
    dana.post(f"/admin/agents/{house.agent.id}/credit-limit", currency="CNY", credit_limit="500.50")

    assert wallets.in_currency(house.agent.id, "CNY").credit_limit.minor == 50_050
    assert last_act().after == {"limit_minor": 50_050, "currency": "CNY"}


def test_refuses_a_limit_below_what_is_owed(dana, house):
    in_transaction(lambda: make.credit_limit(house.agent, 50_000))
    in_transaction(lambda: make.spend(house.agent, 140_000))

    answer = dana.post(f"/admin/agents/{house.agent.id}/credit-limit", currency="CNY", credit_limit="0")

    assert answer.status_code == 422
    assert "further below zero already" in browsing.words(answer.text)
    assert wallets.in_currency(house.agent.id, "CNY").credit_limit.minor == 50_000


def test_invites_the_owner_by_mail(dana, house):
    answer = dana.post(
        f"/admin/agents/{house.agent.id}/people",
        name="Bob",
        email="bob@global-link.example",
        role="agent_owner",
        language="en",
    )

    assert answer.status_code == 303
    bob = accounts.by_email("bob@global-link.example")
    assert bob.agent_id == house.agent.id
    assert db.session.query(Mail).filter_by(recipient="bob@global-link.example", kind="invitation").count() == 1


@pytest.mark.parametrize("role", ["admin", "finance", "x"])
def test_nobody_of_an_agent_gets_a_role_of_the_house(dana, house, role):
    answer = dana.post(
        f"/admin/agents/{house.agent.id}/people", name="Bob", email="bob@x.example", role=role, language="en"
    )

    assert answer.status_code == 422
    assert accounts.by_email("bob@x.example") is None


def test_an_address_that_has_an_account_is_refused(dana, house):
    answer = dana.post(
        f"/admin/agents/{house.agent.id}/people",
        name="Bob",
        email="alice@global-link.example",
        role="agent_clerk",
        language="en",
    )

    assert answer.status_code == 422
    assert "has an account already" in browsing.words(answer.text)


def test_new_terms_are_a_new_version_and_the_old_one_stays_shown(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms"

    dana.post(path, currency="CNY", fee_bps="6", share_bps="2.25", fee_fixed_minor="0")

    words = dana.words(path)
    assert "CNY v2 6% – 2.25%" in words
    assert "CNY v1 5% – 3%" in words
    assert last_act().before["fee_bps"] == 500
    assert last_act().after["fee_bps"] == 600


def test_default_terms_hold_for_who_has_none(dana, house):
    dana.post("/admin/agents/default/terms", currency="USD", fee_bps="4", share_bps="1")

    assert "USD v1 default 4% – 1%" in dana.words(f"/admin/agents/{house.agent.id}")


def test_own_terms_end(dana, house):
    dana.post(f"/admin/agents/{house.agent.id}/terms/CNY/end")

    assert queries.own_terms(house.agent.id, "CNY") is None
    assert last_act().act == "agents.end_terms"


@pytest.mark.parametrize("path", ["", "/edit", "/terms"])
@pytest.mark.parametrize("odd", ["0192f0c1-0000-7000-8000-000000000000", "x"])
def test_an_unknown_agent_is_not_found(dana, house, path, odd):
    assert dana.get(f"/admin/agents/{odd}{path}").status_code == 404


def test_suggests_names_while_typing(dana, house):
    assert 'value="Global Link"' in dana.get("/admin/agents/names?agent=glo").text
    assert dana.get("/admin/agents/names?agent=").text.strip() == ""
