"""The sandbox connector against the real sandbox process."""

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.carriers import sandbox as sandbox_package
from portal.carriers.base import Carrier, Refused, Retry, UnknownOutcome
from portal.core import clock, ids
from portal.core.settings import Settings
from tests.carriers.contract import CarrierContract
from tests.carriers.sandbox_process import RunningSandbox

PLANS = {"sandbox-east": "JP-5G-30D", "sandbox-west": "JP-10G-30D"}

KINDS = {
    "late": "late",
    "dropped": "drop",
    "failed_after": "error_after",
    "error_page": "error_page",
    "other_plan": "other_plan",
    "failed_before": "error_before",
    "closed": "closed",
    "down": "down",
    "busy": "busy",
}

_iccids = itertools.count(8_901_000_000_000_000_000)


def connect(sandbox: RunningSandbox, name: str, **settings: float) -> Carrier:
    patience = {"carrier_submit_seconds": 0.8, "sandbox_settles_seconds": 3} | settings
    carriers = sandbox_package.connect(Settings(sandbox_url=sandbox.url, **patience))
    return next(carrier for carrier in carriers if carrier.name == name)


class SandboxStage:
    def __init__(self, sandbox: RunningSandbox, carrier: str) -> None:
        self.sandbox = sandbox
        self.carrier = carrier
        self.plan_code = PLANS[carrier]

    def new_card(self) -> str:
        iccid = str(next(_iccids))
        self.sandbox.set_card(
            self.carrier,
            iccid,
            plan_code=self.plan_code,
            data_total_mb=5120,
            data_left_mb=1000,
            valid_until=(clock.now() + timedelta(days=10)).isoformat(timespec="seconds"),
            is_suspended=False,
        )
        return iccid

    def suspend(self, iccid: str) -> None:
        self.sandbox.set_card(self.carrier, iccid, is_suspended=True)

    def misbehave(self, how: str, iccid: str) -> None:
        self.sandbox.set_fault(KINDS[how], call="submit", iccid=iccid, times=1, seconds=2)

    def go_silent(self) -> None:
        self.sandbox.set_fault("down")

    def carried_out(self, iccid: str) -> int:
        return self.sandbox.carried_out(iccid=iccid)


@pytest.fixture(params=["sandbox-east", "sandbox-west"])
def stage(sandbox: RunningSandbox, request: pytest.FixtureRequest) -> SandboxStage:
    return SandboxStage(sandbox, request.param)


@pytest.fixture
def carrier(stage: SandboxStage) -> Carrier:
    return connect(stage.sandbox, stage.carrier)


class TestSandboxConnector(CarrierContract):
    """Passes the shared contract."""


@pytest.fixture
def own_process(tmp_path) -> Iterator[RunningSandbox]:
    """A sandbox that a test may stop."""
    sandbox = RunningSandbox(tmp_path)
    sandbox.start()
    yield sandbox
    sandbox.kill()


def test_confirms_with_the_carriers_own_number(sandbox: RunningSandbox) -> None:
    stage = SandboxStage(sandbox, "sandbox-east")

    confirmation = connect(sandbox, "sandbox-east").submit_renewal(
        reference=ids.reference("R"), iccid=stage.new_card(), plan_code="JP-5G-30D"
    )

    assert confirmation.number.startswith("SE-99")
    assert (confirmation.before.data_left_mb, confirmation.after.data_left_mb) == (1000, 6120)
    assert (confirmation.before.data_total_mb, confirmation.after.data_total_mb) == (5120, 10240)


def test_says_retry_when_nobody_listens(own_process: RunningSandbox) -> None:
    carrier = connect(own_process, "sandbox-east")
    own_process.stop()

    with pytest.raises(Retry) as failure:
        carrier.submit_renewal(reference="R-1", iccid="8997212330099025334", plan_code="JP-5G-30D")

    assert failure.value.reason_code == "not_reached"


def test_says_retry_when_the_key_is_wrong(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sandbox_package.API_KEYS, "sandbox-east", "east-key-of-yesterday")

    with pytest.raises(Retry) as failure:
        connect(sandbox, "sandbox-east").submit_renewal(
            reference="R-1", iccid="8997212330099025334", plan_code="JP-5G-30D"
        )

    assert failure.value.reason_code == "http_401"


@pytest.mark.parametrize("reason", ["card_not_found", "plan_not_compatible", "carrier_maintenance"])
def test_passes_the_carriers_reason_on(sandbox: RunningSandbox, reason: str) -> None:
    sandbox.set_fault("refuse", reason=reason)

    with pytest.raises(Refused) as refusal:
        connect(sandbox, "sandbox-east").submit_renewal(
            reference=ids.reference("R"), iccid="8997212330099025334", plan_code="JP-5G-30D"
        )

    assert refusal.value.reason_code == reason


def test_refuses_a_card_that_lapsed_long_ago_and_a_plan_nobody_sells(sandbox: RunningSandbox) -> None:
    carrier, stage = connect(sandbox, "sandbox-east"), SandboxStage(sandbox, "sandbox-east")
    iccid = stage.new_card()
    sandbox.set_card(
        "sandbox-east", iccid, valid_until=(clock.now() - timedelta(days=91)).isoformat(timespec="seconds")
    )

    with pytest.raises(Refused, match="card_expired_too_long"):
        carrier.submit_renewal(reference=ids.reference("R"), iccid=iccid, plan_code="JP-5G-30D")
    with pytest.raises(Refused, match="plan_not_found"):
        carrier.submit_renewal(reference=ids.reference("R"), iccid=stage.new_card(), plan_code="JP-10G-30D")


def test_does_not_know_a_card_that_is_not_one(sandbox: RunningSandbox) -> None:
    with pytest.raises(Refused, match="card_not_found"):
        connect(sandbox, "sandbox-east").card_state("not-an-iccid")


def test_a_crash_of_the_carrier_loses_nothing_it_confirmed(own_process: RunningSandbox) -> None:
    carrier = connect(own_process, "sandbox-west")
    reference = ids.reference("R")
    confirmed = carrier.submit_renewal(reference=reference, iccid="8997212330099025334", plan_code="JP-10G-30D")

    own_process.kill()
    own_process.start()
    found = carrier.renewal_by_reference(reference)

    assert found is not None
    assert found.number == confirmed.number


@pytest.mark.slow
def test_a_submission_stuck_on_the_way_is_not_carried_out_after_it_settled(own_process: RunningSandbox) -> None:
    carrier = connect(own_process, "sandbox-east", sandbox_settles_seconds=1.5)
    reference = ids.reference("R")
    own_process.pause()

    with pytest.raises(UnknownOutcome, match="no_answer_in_time"):
        carrier.submit_renewal(reference=reference, iccid="8997212330099025334", plan_code="JP-5G-30D")
    time.sleep(carrier.settles_within.total_seconds())
    own_process.resume()

    time.sleep(0.5)
    assert own_process.carried_out(reference=reference) == 0
    with pytest.raises(Refused, match="submission_expired"):
        carrier.renewal_by_reference(reference)


def test_one_reference_sent_by_twenty_threads_is_carried_out_once(sandbox: RunningSandbox) -> None:
    carrier, stage = connect(sandbox, "sandbox-east", carrier_submit_seconds=20), SandboxStage(sandbox, "sandbox-east")
    iccid, reference = stage.new_card(), ids.reference("R")
    numbers: list[str] = []

    def submit() -> None:
        numbers.append(carrier.submit_renewal(reference=reference, iccid=iccid, plan_code="JP-5G-30D").number)

    threads = [threading.Thread(target=submit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(numbers) == 20
    assert len(set(numbers)) == 1
    assert len(sandbox.deliveries(reference)) == 20
    assert sandbox.carried_out(reference=reference) == 1
