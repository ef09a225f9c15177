from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal.sandbox.application import create_app

EAST = {"X-Api-Key": "east-public-demo-key"}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return create_app(tmp_path, demo=False).test_client()


def submit(client: FlaskClient, **changes):
    body = {"reference": "R-1", "iccid": "8997212330099025334", "plan_code": "JP-5G-30D"} | changes
    return client.post("/carriers/sandbox-east/renewals", json=body, headers=EAST)


def test_each_carrier_wants_its_own_key(client: FlaskClient) -> None:
    assert client.get("/carriers/sandbox-east/plans", headers=EAST).status_code == 200
    assert client.get("/carriers/sandbox-west/plans", headers=EAST).status_code == 401
    assert client.get("/carriers/sandbox-east/plans").status_code == 401
    assert client.get("/carriers/sandbox-north/plans", headers=EAST).status_code == 404


def test_shows_only_this_machine_the_back_door(client: FlaskClient) -> None:
    assert client.get("/control/").status_code == 200
    assert client.get("/control/", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    assert client.get("/control/", headers={"Host": "rebound.example"}).status_code == 403
    assert client.post("/control/faults/clear", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_sets_and_clears_a_fault_from_the_page(client: FlaskClient) -> None:
    form = {"kind": "refuse", "call": "submit", "carrier": "", "iccid": "", "reason": "card_suspended", "seconds": "5"}

    set_answer = client.post("/control/faults", data=form | {"percent": "100", "times": ""})

    assert set_answer.status_code == 303
    assert b"card_suspended" in client.get("/control/").data
    assert submit(client).get_json()["error"]["code"] == "card_suspended"
    assert client.post("/control/faults/1/clear", data={"clear": "one"}).status_code == 303
    assert client.get("/control/faults").get_json() == {"faults": []}


@pytest.mark.parametrize(
    "body", [{}, {"kind": "melt"}, {"kind": "late", "seconds": "soon"}, {"kind": "drop", "id": 1}, []]
)
def test_refuses_a_fault_it_does_not_know(client: FlaskClient, body: object) -> None:
    assert client.post("/control/faults", json=body).status_code == 400


def test_strikes_a_counted_fault_so_often_and_one_for_a_card_first(client: FlaskClient) -> None:
    client.post("/control/faults", json={"kind": "refuse", "reason": "carrier_maintenance"})
    client.post(
        "/control/faults", json={"kind": "error_before", "iccid": "8997212330099025334", "times": 1, "call": "submit"}
    )

    assert submit(client).status_code == 500
    assert submit(client).get_json()["error"]["code"] == "carrier_maintenance"


def test_strikes_at_a_rate(client: FlaskClient) -> None:
    client.post("/control/faults", json={"kind": "busy", "percent": 50})

    answers = [submit(client, reference=f"R-{number}").status_code for number in range(60)]

    assert set(answers) == {201, 429}


def test_a_fault_of_one_carrier_spares_the_other(client: FlaskClient) -> None:
    client.post("/control/faults", json={"kind": "down", "carrier": "sandbox-west"})

    assert client.get("/carriers/sandbox-east/plans", headers=EAST).status_code == 200
    west = client.get("/carriers/sandbox-west/plans", headers={"X-Api-Key": "west-public-demo-key"})
    assert west.status_code == 503


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": ""},
        {"reference": "a/b"},
        {"reference": 5},
        {"iccid": "８９９７２１２３３００９９０２５３３"},
        {"plan_code": None},
        {"not_after": "soon"},
    ],
)
def test_refuses_a_submission_that_makes_no_sense(client: FlaskClient, changes: dict) -> None:
    assert submit(client, **changes).status_code == 400


def test_keeps_every_submission_received(client: FlaskClient) -> None:
    submit(client)
    submit(client)
    submit(client, plan_code="KR-3G-15D")

    received = client.get("/control/submissions?reference=R-1").get_json()["submissions"]

    assert [row["outcome"] for row in received] == ["delivered", "repeated", "conflict"]
    assert client.get("/control/submissions?reference=R-2").get_json()["submissions"] == []
