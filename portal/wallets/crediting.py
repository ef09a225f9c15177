"""Let an agent's wallet fall below zero, up to a limit."""

from uuid import UUID

from psycopg.errors import CheckViolation

from portal.audit import log
from portal.core.actor import Actor
from portal.core.db import execute
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money
from portal.ledger import chart
from portal.wallets.errors import LimitBelowDebt


def set_limit(*, agent_id: UUID, limit: Money, actor: Actor) -> None:
    """Set how far below zero a wallet may fall; zero is prepaid only.

    Raises:
        LimitBelowDebt: the wallet stands further below zero already.
        InvalidInput: the limit is negative.
    """
    if limit.minor < 0:
        raise InvalidInput(field="credit_limit", reason="amount_negative")
    wallet = chart.agent_wallet(agent_id)
    chart.open_accounts([wallet], limit.currency)
    try:
        changed = execute(
            """
            UPDATE ledger_accounts SET credit_limit_minor = %(limit)s
            FROM (SELECT id, credit_limit_minor AS before FROM ledger_accounts
                  WHERE name = %(name)s AND currency = %(currency)s FOR UPDATE) standing
            WHERE ledger_accounts.id = standing.id
            RETURNING standing.before
            """,
            {"limit": limit.minor, "name": wallet.name, "currency": limit.currency},
        )
    except CheckViolation as error:
        raise LimitBelowDebt from error
    if not changed:
        raise NotFound
    log.record(
        actor=actor,
        act="wallets.set_credit_limit",
        subject=("agent", agent_id),
        before={"limit_minor": changed[0].before, "currency": limit.currency},
        after={"limit_minor": limit.minor, "currency": limit.currency},
    )
