"""A worker that charges a saved card dies at any point: the card is charged once, and the wallet credited once."""

import pytest

from portal.core.db import in_transaction
from portal.payments import queries as payments
from portal.payments import registry, settling
from portal.renewals import verification
from portal.wallets import queries as wallets
from portal.wallets import refilling
from tests.carriers.sandbox_process import RunningSandbox
from tests.faults.house import House, wait_until
from tests.payments.providers.conftest import receiver
from tests.payments.providers.receiver import Receiver
from tests.wallets.shop import Shop, open_shop

__all__ = ["receiver"]

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(house: House, carrier: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An agent with USD 40.00, whose card is charged with USD 100.00 below USD 50.00."""
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    opened = open_shop("stripe", carrier, receiver)
    opened.spend(6_000)
    return opened


def _is_begun(shop: Shop) -> bool:
    mandate = wallets.automatic(shop.agent.id, "USD")
    found = wallets.attempts_of(mandate.id) if mandate else []
    return bool(found) and bool(payments.of_subject(found[0].id))


def test_a_worker_killed_before_it_heard_that_the_card_was_charged_leads_to_one_charge(
    house: House, shop: Shop
) -> None:
    shop.break_down("late", seconds=15)
    worker = house.worker()
    in_transaction(refilling.sweep)
    wait_until(lambda: _is_begun(shop) and shop.charged_at_stripe() == ["succeeded"], seconds=30)

    house.kill(worker)
    assert (shop.states(), shop.balance()) == (["open"], 4_000)
    settling.ask(shop.charge().id)  # as the clock does after twenty seconds
    house.worker()
    house.clock()
    wait_until(lambda: shop.states() == ["paid"], seconds=60)

    assert shop.charged_at_stripe() == ["succeeded"]
    assert shop.balance() == 14_000
    assert verification.verify_everything() == []
