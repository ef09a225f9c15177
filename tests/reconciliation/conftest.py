"""Books to compare: a provider that books what a test says, alice's agent who tops up by card, and two of finance."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.ledger import queries as ledger
from portal.ledger.queries import AccountFilter
from portal.payments import settling
from portal.payments.models import Payment
from portal.payments.providers.base import Booking
from portal.reconciliation import arriving, fetching, sources, verification
from portal.reconciliation.models import Difference, ReconciledAccount, ReportLine, ReportSource, SourceKind
from portal.renewals import verification as books
from tests import make
from tests.payments import stage
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider

__all__ = ["stub"]

NOW = datetime(2026, 11, 22, 6, 18, 7, tzinfo=UTC)


@dataclass
class House:
    """What stands."""

    stub: StubProvider
    agent: Agent
    fiona: User
    frank: User
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def stripe(self) -> ReportSource:
        return sources.by_name(SourceKind.PROVIDER, "stripe")

    def actor(self, user: User | None = None) -> Actor:
        return make.actor(user or self.fiona)

    def top_up(self, minor: int = 10_000, *, key: str = "k-1", paid: Money | None = None, fee: int = 320) -> Payment:
        """Top up by card; the provider says that it was paid as asked, or otherwise."""
        payment = stage.top_up(self.agent, minor, key=key)
        settled = paid or Money(minor, "CNY")
        self.stub.settle(payment.reference, settled, fee=Money(fee, settled.currency))
        settling.ask(payment.id)
        return stage.now(payment)

    def booked(
        self,
        kind: str,
        minor: int,
        *,
        fee: int = 0,
        reference: str | None = None,
        payout_id: str | None = None,
        at: datetime | None = None,
        line_id: str = "",
        currency: str = "CNY",
    ) -> Booking:
        """Have the provider book a line."""
        line = Booking(
            provider_id=line_id or f"txn_{len(self.stub.booked) + 1}",
            kind=kind,
            reference=reference,
            gross=Money(minor, currency),
            fee=Money(fee, currency),
            booked_at=at or clock.now() - timedelta(minutes=1),
            payout_id=payout_id,
        )
        self.stub.booked.append(line)
        return line

    def fetch(self, source: ReportSource | None = None) -> None:
        fetching.fetch((source or in_transaction(lambda: self.stripe)).id)

    def arrived(self, minor: int, reference: str = "ICBC 1", *, on: date = date(2026, 11, 22)) -> ReportLine:
        """Record what came to the bank."""
        return in_transaction(
            lambda: arriving.record(
                provider="stripe",
                amount=Money(minor, "CNY"),
                bank_reference=reference,
                received_on=on,
                actor=self.actor(),
            )
        )

    def differences(self) -> list[tuple[str, str, int]]:
        """List every difference that stands or stood: kind, state, by how much; sorted."""
        found = in_transaction(lambda: db.session.scalars(select(Difference)).all())
        return sorted((one.kind.value, one.state.value, one.gap.minor) for one in found)

    def difference(self) -> Difference:
        return in_transaction(lambda: db.session.scalars(select(Difference)).one())

    def account(self, kind: SourceKind = SourceKind.PROVIDER) -> tuple[int, int, int]:
        """Give both balances in CNY as they were compared, and what was too young."""

        def read() -> ReconciledAccount:
            return db.session.scalars(
                select(ReconciledAccount)
                .join(ReportSource)
                .where(ReportSource.kind == kind, ReconciledAccount.currency == "CNY")
            ).one()

        found = in_transaction(read)
        return found.theirs_minor, found.ours_minor, found.young_minor


@pytest.fixture
def house(app: Flask, stub: StubProvider) -> Iterator[House]:
    with clock.fixed(NOW):
        yield built(stub)


def built(stub: StubProvider) -> House:
    agent = stage.agent()

    def rest() -> House:
        sources.ensure()
        return House(
            stub,
            agent,
            make.user(role=Role.FINANCE, name="Fiona"),
            make.user(role=Role.FINANCE, name="Frank"),
        )

    return in_transaction(rest)


def balance(kind: str, *, owner: UUID | None = None) -> int:
    """Give what all accounts of a kind hold in CNY, on their own side."""

    def read() -> int:
        page = ledger.accounts(AccountFilter(kind=kind, owner_id=owner, currency="CNY"))
        return sum(account.balance_minor for account in page.rows)

    return in_transaction(read)


def findings() -> list[str]:
    """Name what breaks a rule of the books."""
    return in_transaction(lambda: [finding.what for finding in [*books.verify_everything(), *verification.verify()]])
