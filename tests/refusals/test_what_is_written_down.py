"""Headers of mails and lines of logs are whole lines: nobody breaks out of them, and logs name nobody."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import letters, mail
from portal.core.db import transaction
from portal.core.errors import InvalidInput
from tests import browsing, make

BREAKS = ["\r\nBcc: everybody@evil.example", "\nBcc: everybody@evil.example", "\rBcc: x", "\0"]


@pytest.mark.parametrize("attack", BREAKS)
@pytest.mark.parametrize("part", ["recipient", "subject"])
def test_a_mail_is_not_written_with_a_broken_header(app: Flask, part: str, attack: str) -> None:
    parts = {"recipient": "carol@customers.example", "subject": "Your receipt"}
    parts[part] += attack

    with pytest.raises(InvalidInput), transaction():
        mail.send("receipt_ready", language="en", text="...", **parts)


@pytest.mark.parametrize("attack", BREAKS[:3])
def test_a_name_with_a_line_break_stays_in_its_line(app: Flask, attack: str) -> None:
    subject, text = letters.write("sign_in_code", "en", code="123456", name=f"Carol{attack}")

    assert not {"\r", "\n"} & set(subject)
    written = mail.Mail(
        kind="sign_in_code", recipient="carol@customers.example", language="en", subject=subject, text=text
    )
    written.id, written.created_at = make.key(), make.clock.now()
    assert mail.compose(written, sender="LEB Portal <portal@leb.example>")["Bcc"] is None


@pytest.mark.parametrize("header", ["User-Agent", "X-Request-ID", "Referer", "Accept-Language", "HX-Current-URL"])
def test_no_header_of_a_request_reaches_the_log(
    client: FlaskClient, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="portal"):
        answer = client.get("/agent/?q=carol", headers={header: "forged line"})

    assert answer.status_code == 303
    assert "answered" in caplog.text
    assert "forged" not in caplog.text
    assert "carol" not in caplog.text


def test_a_refused_sign_in_names_nobody_in_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    token = browsing.csrf_token(client.get("/sign-in").text)

    with caplog.at_level(logging.DEBUG, logger="portal"):
        client.post("/sign-in", data={"csrf_token": token, "email": "alice@leb.example", "password": "my secret"})

    assert "auth.sign_in" in caplog.text
    assert "alice@leb.example" not in caplog.text
    assert "my secret" not in caplog.text


def test_the_id_of_a_request_is_ours(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "forged"})

    assert len(answer.headers["X-Request-ID"]) == 32
    assert answer.headers["X-Request-ID"] != "forged"
