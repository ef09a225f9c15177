from rq import Worker

from portal.core.queue import broker


def test_names_the_worker_while_none_listens_and_is_ready_once_one_does(own_app):
    client = own_app.test_client()
    alone = client.get("/readyz")

    worker = Worker([broker.queue], connection=broker.queue.connection)
    worker.register_birth()
    accompanied = client.get("/readyz")

    assert (alone.status_code, alone.json["missing"]) == (503, ["worker"])
    assert (accompanied.status_code, accompanied.json["missing"]) == (200, [])


def test_answers_without_asking_the_database_who_asks(client):
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "x"

    assert client.get("/healthz").json == {"status": "ok"}
