"""What the portal relies on with Alipay and WeChat Pay, each through its own library and the sandbox's HTTP."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from portal.core import clock, ids
from portal.core.money import Money
from portal.payments.providers.base import (
    Asking,
    Declined,
    Forged,
    Method,
    NoticeKind,
    Outcome,
    PaymentState,
    Provider,
    ProviderError,
    RefundStanding,
    RefundState,
    Retry,
    SavedMethod,
    Standing,
    Surface,
    UnknownOutcome,
)
from portal.payments.providers.mainland import MainlandProvider
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers import in_wechat
from tests.payments.providers.in_wechat import OUR_PAGES

PRICE = Money(10_050, "CNY")


@dataclass
class Hook:
    """Our own side of a webhook: keeps what was posted to it."""

    url: str = ""
    answer: str = "success"
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    rang: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
        with self.rang:
            assert self.rang.wait_for(lambda: len(self.came) >= count, timeout=5), "no notice came"
            return list(self.came)


@contextmanager
def hook() -> Iterator[Hook]:
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with kept.rang:
                kept.came.append((dict(self.headers), body))
                kept.rang.notify_all()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(kept.answer.encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Stage:
    """A provider, its sandbox, and a payer."""

    provider: Provider
    sandbox: RunningSandbox
    method: Method
    notify_url: str = "http://127.0.0.1:9/hook"

    def asking(self, surface: Surface = Surface.QR, amount: Money = PRICE, **changes: Any) -> Asking:
        return replace(
            Asking(
                reference=ids.reference("P"),
                amount=amount,
                method=self.method,
                surface=surface,
                description="日本 10GB/30天 } renewal {",
                return_url="http://127.0.0.1:9/back?of=1",
                cancel_url="http://127.0.0.1:9/cancel",
                notify_url=self.notify_url,
                expires_at=clock.now() + timedelta(minutes=15),
                language="zh",
                payer_address="203.0.113.9",
                payer_id=in_wechat.READER,
            ),
            **changes,
        )

    def begin(self, asking: Asking) -> str:
        begun = self.provider.begin(asking)
        return str(begun.go_to or begun.qr_text)

    def choose(self, address: str, choice: str) -> httpx.Response:
        """Open a page as a browser does, and press a button."""
        with httpx.Client(trust_env=False, headers={"Accept-Language": "zh", "Referer": OUR_PAGES}) as browser:
            page = browser.get(address)
            while page.is_redirect:
                address = str(page.url.join(page.headers["location"]))
                page = browser.get(address)
            action = re.search(r'action="([^"]+)"', page.text)
            return (
                browser.post(page.url.join(action[1].replace("&amp;", "&")), data={"choice": choice})
                if action
                else page
            )

    def paid(self, surface: Surface = Surface.QR, amount: Money = PRICE) -> tuple[Asking, Standing]:
        asking = self.asking(surface, amount)
        begun = self.provider.begin(asking)
        if begun.for_app is None:
            self.choose(str(begun.go_to or begun.qr_text), "pay")
        else:
            assert in_wechat.hand_over(self.sandbox, begun.for_app, "pay") == "ok"
        return asking, self.standing(asking.reference)

    def standing(self, reference: str) -> Standing:
        standing = self.provider.standing(reference=reference, provider_id=None)
        assert standing is not None
        return standing

    def refund(self, asking: Asking, minor: int, reference: str) -> RefundStanding:
        return self.provider.refund(
            reference=reference,
            payment_reference=asking.reference,
            payment_id="",
            amount=Money(minor, "CNY"),
            paid=asking.amount,
            reason="计划有变",
        )

    def refund_standing(self, asking: Asking, reference: str) -> RefundStanding | None:
        return self.provider.refund_standing(reference=reference, provider_id=None, payment_reference=asking.reference)

    def rows(self, kind: str, reference: str) -> list[dict[str, Any]]:
        """What the sandbox holds under a reference."""
        rows = httpx.get(f"{self.sandbox.url}/control/payments/{self.provider.name}", trust_env=False).json()["rows"]
        return [row for row in rows if row["kind"] == kind and row["reference"].replace("_", "-") == reference]

    def act(self, act: str, **wishes: str) -> Any:
        answer = httpx.post(
            f"{self.sandbox.url}/control/payments/{self.provider.name}/{act}", json=wishes, trust_env=False
        )
        return answer.raise_for_status().json()

    def fault(self, kind: str, call: str, reference: str | None, **more: Any) -> None:
        self.sandbox.set_fault(kind, call=call, carrier=self.provider.name, iccid=reference, **more)


def credentials_of(provider: Provider) -> object:
    """Give what a provider was made with."""
    assert isinstance(provider, MainlandProvider)
    return provider._credentials


class WalletContract:
    """Subclass it, and give the fixture `stage`, the provider, and what its keys are called."""

    surfaces: ClassVar[list[Surface]]
    declined: ClassVar[PaymentState]
    breakdown: ClassVar[str]
    """The provider's word for its own error."""
    empty: ClassVar[str]
    """Its word for too little money in our account."""
    own_key: ClassVar[str]
    their_key: ClassVar[str]
    """Which credentials hold our private key, and the provider's public one."""
    another_app: ClassVar[dict[str, str]]
    """Credentials of somebody else's account."""

    def made(self, sandbox: RunningSandbox, **changes: str) -> Provider:
        """Make the provider with the sandbox's credentials, some of them changed."""
        raise NotImplementedError

    def made_wrongly(self, sandbox: RunningSandbox, how: str) -> Provider:
        """Make the provider with a wrong `own_key`, `their_key`, `app`, or `unreachable`."""
        good = str(getattr(credentials_of(self.made(sandbox)), self.own_key))
        changes = {
            "own_key": {self.own_key: stranger()[0]},
            "their_key": {self.their_key: stranger()[1]},
            "app": self.another_app,
            "unreachable": {"api_base": "http://127.0.0.1:9"},
            "broken_key": {self.own_key: "no key"},
            "bare_key": {self.own_key: "".join(good.splitlines()[1:-1])},
        }
        return self.made(sandbox, **changes[how])

    @pytest.mark.parametrize("surface", list(Surface))
    def test_settles_the_exact_amount(self, stage: Stage, surface: Surface) -> None:
        if surface not in self.surfaces:
            with pytest.raises(Declined, match="surface_not_supported"):
                stage.provider.begin(stage.asking(surface))
            return

        asking, standing = stage.paid(surface, Money(1_234_567, "CNY"))

        assert standing.state is PaymentState.SETTLED
        assert standing.amount == Money(1_234_567, "CNY")
        assert standing.provider_id != asking.reference
        assert standing.settled_at is not None
        assert abs(standing.settled_at - clock.now()) < timedelta(seconds=30)
        assert standing.fee is None
        assert standing.refunded_minor in {0, None}

    def test_settles_one_fen(self, stage: Stage) -> None:
        assert stage.paid(amount=Money(1, "CNY"))[1].amount == Money(1, "CNY")

    def test_has_never_heard_of_what_was_not_begun(self, stage: Stage) -> None:
        assert stage.provider.standing(reference="P-NONE-NONE", provider_id=None) is None
        assert stage.provider.close(reference="P-NONE-NONE", provider_id=None) is None

    def test_waits_for_a_payer_who_walks_away(self, stage: Stage) -> None:
        asking = stage.asking()

        stage.choose(stage.begin(asking), "abandon")

        assert stage.standing(asking.reference).state is PaymentState.PENDING
        assert stage.standing(asking.reference).amount is None

    def test_a_declined_payment_can_not_be_paid_any_more(self, stage: Stage) -> None:
        asking = stage.asking()
        address = stage.begin(asking)

        stage.choose(address, "decline")
        stage.choose(address, "pay")

        assert stage.standing(asking.reference).state is self.declined

    def test_a_closed_payment_can_not_be_paid_any_more(self, stage: Stage) -> None:
        asking = stage.asking()
        address = stage.begin(asking)
        stage.choose(address, "abandon")

        closed = stage.provider.close(reference=asking.reference, provider_id=None)
        stage.choose(address, "pay")

        assert closed is not None
        assert closed.state is PaymentState.EXPIRED
        assert stage.standing(asking.reference).state is PaymentState.EXPIRED
        again = stage.provider.close(reference=asking.reference, provider_id=None)
        assert again is not None
        assert again.state is PaymentState.EXPIRED

    def test_closing_comes_too_late_for_what_is_paid(self, stage: Stage) -> None:
        asking, _ = stage.paid()

        closed = stage.provider.close(reference=asking.reference, provider_id=None)

        assert closed is not None
        assert closed.state is PaymentState.SETTLED
        assert closed.amount == PRICE

    def test_can_not_be_paid_after_its_end(self, stage: Stage) -> None:
        asking = stage.asking(expires_at=clock.now() - timedelta(seconds=2))
        address = stage.begin(asking)

        stage.choose(address, "pay")

        assert stage.standing(asking.reference).state is PaymentState.EXPIRED

    def test_begins_once_a_reference(self, stage: Stage) -> None:
        asking = stage.asking()

        addresses = {stage.begin(asking) for _ in range(3)}

        assert len(addresses) == 1
        assert len(stage.rows("payment", asking.reference)) == 1
        with pytest.raises(Declined):
            stage.provider.begin(replace(asking, amount=Money(1, "CNY")))

    def test_beginning_again_what_is_paid_says_to_ask(self, stage: Stage) -> None:
        asking, _ = stage.paid()

        with pytest.raises(UnknownOutcome):
            stage.provider.begin(asking)

    @pytest.mark.parametrize("amount", [Money(100, "JPY"), Money(100, "KWD"), Money(0, "CNY"), Money(-5, "CNY")])
    def test_takes_yuan_only_and_more_than_nothing(self, stage: Stage, amount: Money) -> None:
        asking = stage.asking(amount=amount)

        with pytest.raises(Declined, match=r"currency_not_supported|amount_not_positive"):
            stage.provider.begin(asking)
        assert stage.provider.currencies(asking.method) == frozenset({"CNY"})

    @pytest.mark.parametrize(
        ("kind", "amount"), [("other_amount", Money(10_049, "CNY")), ("other_currency", Money(10_050, "HKD"))]
    )
    def test_tells_what_was_really_paid(self, stage: Stage, kind: str, amount: Money) -> None:
        asking = stage.asking()
        stage.fault(kind, "pay", asking.reference)

        stage.choose(stage.begin(asking), "pay")

        assert stage.standing(asking.reference).amount == amount

    def test_gives_money_back_once_a_reference(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")

        first, again = (stage.refund(asking, 1_050, reference) for _ in range(2))

        assert (first.state, first.amount) == (RefundState.SUCCEEDED, Money(1_050, "CNY"))
        assert (again.state, again.amount) == (RefundState.SUCCEEDED, Money(1_050, "CNY"))
        found = stage.refund_standing(asking, reference)
        assert (found.state, found.amount, found.provider_id) == (first.state, first.amount, first.provider_id)
        assert len(stage.rows("refund", reference)) == 1
        with pytest.raises(Declined):
            stage.refund(asking, 1_051, reference)

    def test_tells_the_amount_of_each_refund_not_of_all(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        references = [ids.reference("RF") for _ in range(2)]

        amounts = [
            stage.refund(asking, minor, it).amount.minor for minor, it in zip([50, 7_000], references, strict=True)
        ]

        assert amounts == [50, 7_000]
        assert [stage.refund_standing(asking, it).amount.minor for it in references] == [50, 7_000]
        assert stage.standing(asking.reference).state is PaymentState.SETTLED

    def test_never_gives_back_more_than_was_paid(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        stage.refund(asking, 10_000, ids.reference("RF"))

        for minor in (51, 10_050):
            reference = ids.reference("RF")
            with pytest.raises(Declined):
                stage.refund(asking, minor, reference)
            assert stage.refund_standing(asking, reference) is None

        assert stage.refund(asking, 50, ids.reference("RF")).state is RefundState.SUCCEEDED

    def test_one_refund_sent_by_ten_at_once_is_given_once(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")

        came = at_once(10, lambda _: stage.refund(asking, 6_000, reference).amount.minor)

        assert set(came) == {6_000}
        assert len(stage.rows("refund", reference)) == 1

    def test_refunds_at_once_never_sum_above_the_payment(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        references = [ids.reference("RF") for _ in range(10)]

        def give(number: int) -> str:
            try:
                return stage.refund(asking, 3_000, references[number]).state
            except Declined:
                return "declined"

        came = at_once(10, give)

        assert sorted(came) == ["declined"] * 7 + ["succeeded"] * 3

    def test_gives_nothing_back_of_what_is_not_paid(self, stage: Stage) -> None:
        unpaid = stage.asking()
        stage.begin(unpaid)

        for asking in (unpaid, stage.asking()):
            with pytest.raises(Declined):
                stage.refund(asking, 50, ids.reference("RF"))

    def test_a_payment_given_back_whole_is_still_settled(self, stage: Stage) -> None:
        asking, _ = stage.paid()

        stage.refund(asking, 10_050, ids.reference("RF"))

        standing = stage.standing(asking.reference)
        assert standing.state is PaymentState.SETTLED
        assert standing.amount == PRICE

    def test_a_pending_refund_ends_later(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        ends = {}
        for act in ("settle", "fail"):
            reference = ids.reference("RF")
            stage.fault("pending", "refund", reference)

            assert stage.refund(asking, 100, reference).state is RefundState.PENDING
            assert stage.refund_standing(asking, reference).state is RefundState.PENDING
            stage.act(act, id=reference)
            ends[act] = stage.refund_standing(asking, reference)

        assert ends["settle"].state is RefundState.SUCCEEDED
        assert ends["fail"].state is RefundState.FAILED
        assert ends["fail"].failure_code

    def test_a_refund_may_fail_after_it_was_taken(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")
        stage.fault("failed", "refund", reference, reason="CARD_CLOSED")

        assert stage.refund(asking, 100, reference).state in {RefundState.PENDING, RefundState.FAILED}

        assert stage.refund_standing(asking, reference).state is RefundState.FAILED
        assert stage.refund(asking, 10_050, ids.reference("RF")).state is RefundState.SUCCEEDED

    @pytest.mark.parametrize(
        ("kind", "outcome", "is_moved"),
        [
            ("late", Outcome.UNKNOWN, True),
            ("drop", Outcome.UNKNOWN, True),
            ("error_after", Outcome.UNKNOWN, True),
            ("error_page", Outcome.UNKNOWN, True),
            ("error_before", Outcome.UNKNOWN, False),
            ("closed", Outcome.UNKNOWN, False),
            ("down", Outcome.UNKNOWN, False),
            ("busy", Outcome.RETRY, False),
        ],
    )
    def test_tells_what_is_known_of_a_refund_that_broke(
        self, stage: Stage, kind: str, outcome: Outcome, is_moved: bool
    ) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")
        stage.fault(kind, "refund", reference, seconds=2, times=1)

        with pytest.raises(ProviderError) as broke:
            stage.refund(asking, 100, reference)

        assert broke.value.outcome is outcome
        assert (stage.refund_standing(asking, reference) is not None) is is_moved
        assert stage.refund(asking, 100, reference).state is RefundState.SUCCEEDED
        assert len(stage.rows("refund", reference)) == 1

    @pytest.mark.parametrize("kind", ["late", "drop", "error_after", "error_page", "closed", "down", "busy"])
    def test_a_question_that_broke_is_asked_again(self, stage: Stage, kind: str) -> None:
        asking, _ = stage.paid()
        stage.fault(kind, "look_up", asking.reference, seconds=2, times=1)

        with pytest.raises(Retry):
            stage.standing(asking.reference)

        assert stage.standing(asking.reference).state is PaymentState.SETTLED

    def test_a_breakdown_of_the_provider_leaves_unknown_what_it_did(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")
        stage.fault("refuse", "refund", reference, reason=self.breakdown, times=1)
        stage.fault("refuse", "look_up", reference, reason=self.breakdown, times=1)

        with pytest.raises(UnknownOutcome, match=self.breakdown):
            stage.refund(asking, 100, reference)
        with pytest.raises(Retry, match=self.breakdown):
            stage.refund_standing(asking, reference)

    def test_a_refund_without_money_in_our_account_is_tried_again(self, stage: Stage) -> None:
        asking, _ = stage.paid()
        reference = ids.reference("RF")
        stage.fault("refuse", "refund", reference, reason=self.empty, times=1)

        with pytest.raises(Retry, match=self.empty):
            stage.refund(asking, 100, reference)

        assert stage.refund(asking, 100, reference).state is RefundState.SUCCEEDED

    def test_a_provider_out_of_reach_did_nothing(self, stage: Stage) -> None:
        unreachable = replace(stage, provider=self.made_wrongly(stage.sandbox, "unreachable"))
        asking = stage.asking()

        with pytest.raises(Retry, match="not_reached"):
            unreachable.provider.begin(asking)
        with pytest.raises(Retry, match="not_reached"):
            unreachable.refund(asking, 100, ids.reference("RF"))
        for ask in (unreachable.provider.standing, unreachable.provider.close):
            with pytest.raises(Retry, match="not_reached"):
                ask(reference=asking.reference, provider_id=None)
        with pytest.raises(Retry, match="not_reached"):
            unreachable.provider.test_connection()

    def test_believes_no_answer_that_another_key_signed(self, stage: Stage) -> None:
        deceived = replace(stage, provider=self.made_wrongly(stage.sandbox, "their_key"))
        asking, _ = stage.paid()
        reference = ids.reference("RF")

        with pytest.raises(UnknownOutcome, match="answer_signature_wrong"):
            deceived.refund(asking, 100, reference)
        with pytest.raises(Retry, match="answer_signature_wrong"):
            deceived.provider.standing(reference=asking.reference, provider_id=None)
        with pytest.raises(Declined, match="public_key_wrong"):
            deceived.provider.test_connection()
        assert stage.refund_standing(asking, reference).state is RefundState.SUCCEEDED

    def test_tells_whose_keys_they_are(self, stage: Stage) -> None:
        assert re.search(r"\d{6}", stage.provider.test_connection())
        for how in ("own_key", "app"):
            with pytest.raises(Declined):
                self.made_wrongly(stage.sandbox, how).test_connection()

    def test_a_key_that_can_not_be_read_is_refused_at_once(self, stage: Stage) -> None:
        with pytest.raises(Declined, match="key_unreadable"):
            self.made_wrongly(stage.sandbox, "broken_key")

    def test_reads_a_key_without_its_frame(self, stage: Stage) -> None:
        self.made_wrongly(stage.sandbox, "bare_key").test_connection()

    def test_reads_a_genuine_notice(self, stage: Stage) -> None:
        with hook() as our:
            stage = replace(stage, notify_url=our.url)
            asking, standing = stage.paid()
            [(headers, body)] = our.wait()

        notice = stage.provider.notice(headers=headers, body=body, now=clock.now())

        assert (notice.kind, notice.reference) == (NoticeKind.PAYMENT, asking.reference)
        assert notice.provider_id == standing.provider_id
        assert abs(notice.occurred_at - clock.now()) < timedelta(seconds=30)
        assert stage.provider.notice(headers=headers, body=body, now=clock.now()).event_id == notice.event_id
        assert stage.provider.taken[0] == 200

    def test_reads_a_notice_of_a_refund(self, stage: Stage) -> None:
        reference = ids.reference("RF")
        with hook() as our:
            stage = replace(stage, notify_url=our.url)
            asking, _ = stage.paid()
            stage.refund(asking, 100, reference)
            notices = [stage.provider.notice(headers=it[0], body=it[1], now=clock.now()) for it in our.wait(2)]

        by_kind = {notice.kind: notice for notice in notices}
        assert by_kind[NoticeKind.REFUND].reference == reference
        assert by_kind[NoticeKind.PAYMENT].event_id != by_kind[NoticeKind.REFUND].event_id

    def test_refuses_a_notice_that_is_old_or_not_ours(self, stage: Stage) -> None:
        with hook() as our:
            stage = replace(stage, notify_url=our.url)
            stage.paid()
            [(headers, body)] = our.wait()
        now = clock.now()

        def why(provider: Provider, body: bytes = body, late: float = 0, headers: dict[str, str] = headers) -> str:
            with pytest.raises(Forged) as forged:
                provider.notice(headers=headers, body=body, now=now + timedelta(seconds=late))
            return str(forged.value.parts["why"])

        assert why(stage.provider, late=302) == "stale"
        assert why(stage.provider, late=-302) == "stale"
        assert why(stage.provider, body=self.altered(body)) == "wrong"
        assert why(stage.provider, body=b"", headers={}) == "missing"
        assert why(self.made_wrongly(stage.sandbox, "their_key")) == "wrong"
        assert why(self.made_wrongly(stage.sandbox, "app")) == "foreign"

    def altered(self, body: bytes) -> bytes:
        """Change one thing in a notice."""
        raise NotImplementedError

    def test_books_payments_refunds_fees_and_payouts_that_add_up(self, stage: Stage) -> None:
        # Not into yesterday, whose bill would have to be there.
        midnight = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=0, minute=0, second=0, microsecond=0)
        asking, standing = stage.paid()
        part, rest = ids.reference("RF"), ids.reference("RF")
        stage.refund(asking, 50, part)
        stage.refund(asking, 10_000, rest)
        kept, _ = stage.paid(amount=Money(20_000, "CNY"))
        payouts = stage.act("payout")["payouts"]

        books = stage.provider.bookings(since=midnight, until=clock.now())

        ours = {it.reference: (it.kind, it.gross.minor, it.fee.minor) for it in books}
        assert ours[asking.reference] == ("payment", 10_050, 60)
        # 0.6 % of 100.50, of the 100.00 left, and of nothing: halves up.
        assert ours[part] == ("refund", -50, 0)
        assert ours[rest] == ("refund", -10_000, -60)
        assert ours[kept.reference] == ("payment", 20_000, 120)
        assert next(it for it in books if it.reference == asking.reference).provider_id == standing.provider_id
        assert [it.payout_id for it in books if it.kind == "payout"][-1] == payouts[0]["id"]
        assert sum(it.gross.minor - it.fee.minor for it in books) == 0
        assert books == sorted(books, key=lambda it: it.booked_at)

    def test_bills_that_are_not_written_yet_are_asked_for_later(self, stage: Stage) -> None:
        now = clock.now()

        with pytest.raises(Retry, match="bill_not_ready"):
            stage.provider.bookings(since=now + timedelta(days=2), until=now + timedelta(days=3))
        assert stage.provider.bookings(since=now - timedelta(days=9), until=now - timedelta(days=8)) == []

    def test_keeps_no_names_of_payers(self, stage: Stage) -> None:
        _, standing = stage.paid()

        assert "oSandbox" not in str(standing.raw)
        assert "138******01" not in str(standing.raw)

    def test_offers_neither_saved_accounts_nor_disputes(self, stage: Stage) -> None:
        assert not stage.provider.can_charge_saved
        with pytest.raises(Declined, match="not_supported"):
            stage.provider.charge(SavedMethod("t", "c", "label", None), stage.asking())
        with pytest.raises(Declined, match="not_supported"):
            stage.provider.dispute_standing("D-1")
        assert stage.provider.disputes(since=clock.now()) == []


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Do it in so many threads, all let go together."""
    gate = threading.Barrier(count)

    def wait_and_act(number: int) -> Any:
        gate.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_act, range(count)))


@lru_cache
def stranger() -> tuple[str, str]:
    """Somebody else's private and public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
