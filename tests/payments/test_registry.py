"""Who may take new payments: the sandbox's stand-ins or the operator's own accounts, unless they are switched off."""

from dataclasses import asdict

import pytest
from flask import Flask
from sqlalchemy import event

from portal.core.db import db, in_transaction
from portal.payments import accounts, registry
from tests import make


def enter(provider: str) -> None:
    """Enter the sandbox's credentials as if they were the operator's."""
    entered = asdict(registry.KINDS[provider].of_sandbox("http://127.0.0.1:8010"))
    in_transaction(lambda: accounts.enter(provider, entered, actor=make.actor()))


def test_without_the_sandbox_only_the_operators_accounts_take_payments(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("paypal")
    assert list(registry.usable()) == ["stripe", "paypal", "alipay", "wechat_pay"]

    monkeypatch.setattr(app.extensions["portal_settings"], "sandbox_payments", False)

    assert list(registry.usable()) == ["paypal"]


@pytest.mark.parametrize("provider", ["paypal", "alipay"])
def test_one_that_is_switched_off_takes_none(app: Flask, provider: str) -> None:
    enter("paypal")
    in_transaction(lambda: accounts.switch(provider, is_on=False, actor=make.actor()))

    assert set(registry.usable()) == {"stripe", "paypal", "alipay", "wechat_pay"} - {provider}
    assert registry.get(provider).name == provider  # what was paid through it is still asked about


def test_all_are_looked_up_in_one_query(app: Flask) -> None:
    asked: list[str] = []

    def note(*call: object) -> None:
        asked.append(str(call[2]))

    event.listen(db.session.connection(), "before_cursor_execute", note)
    try:
        registry.usable()
    finally:
        event.remove(db.session.connection(), "before_cursor_execute", note)

    assert len(asked) == 1
