import pytest
from flask import Flask

from portal.core import mail
from portal.core.db import in_transaction
from tests import browsing

INVITATION = "Hello Bob,\n\nhttps://portal.example/invitation/WyJhYmMi.x-1_y\n"


def write(kind: str = "invitation", *, subject: str = "Welcome", text: str = INVITATION, recipient="bob@leb.example"):
    return in_transaction(lambda: mail.send(kind, recipient=recipient, language="en", subject=subject, text=text)).id


def test_lists_and_opens_mails(dana, house):
    mail_id = write()

    assert "bob@leb.example Welcome Invitation waiting" in dana.words("/admin/mails")
    words = dana.words(f"/admin/mails/{mail_id}")
    assert "Hello Bob, https://portal.example/invitation/WyJhYmMi.x-1_y" in words


@pytest.mark.parametrize("kind", ["invitation", "new-password", "my/enter"])
def test_a_link_that_opens_an_account_is_shown_to_admins_alone(ada, fiona, house, kind):
    mail_id = write(text=f"https://portal.example/{kind}/WyJhYmMi.x-1_y here")

    for person in (ada, fiona):
        page = person.page(f"/admin/mails/{mail_id}")
        assert "WyJhYmMi" not in page
        assert f"/{kind}/•••••••• here" in page
        assert "Links and codes that open an account are hidden." in browsing.words(page)


def test_a_sign_in_code_is_hidden_in_the_subject_as_well(ada, house):
    mail_id = write("sign_in_code", subject="123456 is your code", text="验证码是123456。")

    for path in ("/admin/mails", f"/admin/mails/{mail_id}"):
        assert "123456" not in ada.page(path)


def test_nobody_sees_keys_where_mails_leave_the_house(dana, house, app: Flask, monkeypatch):
    monkeypatch.setattr(app.extensions["portal_settings"], "mail_url", "smtp://mail.example")
    mail_id = write()

    assert "WyJhYmMi" not in dana.page(f"/admin/mails/{mail_id}")


def test_filters_by_text_kind_and_whether_it_left(dana, house):
    write()
    write("receipt_ready", subject="Your receipt", text="x", recipient="carol@customers.example")

    def found(query: str) -> tuple[bool, bool]:
        words = dana.words(f"/admin/mails?{query}")
        return "bob@leb.example" in words, "carol@customers.example" in words

    assert found("q=carol") == (False, True)
    assert found("q=100%25") == (False, False)
    assert found("kind=invitation") == (True, False)
    assert found("state=waiting") == (True, True)
    assert found("state=sent") == (False, False)
    assert dana.get("/admin/mails?kind=x").status_code == 422


def test_markup_stays_text(dana, house):
    page = dana.page(f"/admin/mails/{write(text='<script>x</script>')}")

    assert "<script>x" not in page


@pytest.mark.parametrize("odd", ["x", "0192f0c1-0000-7000-8000-000000000000"])
def test_an_unknown_mail_is_not_found(dana, odd):
    assert dana.get(f"/admin/mails/{odd}").status_code == 404
