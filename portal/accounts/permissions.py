"""Who may do what: one table, read by every guard and every template through `may`."""

from types import MappingProxyType

from portal.accounts.models import Role

READS = frozenset(
    {
        "overview.read",
        "transactions.read",
        "transactions.export",
        "ledger.read",
        "agents.read",
        "customers.read",
        "wallets.read",
        "catalogue.read",
        "promotions.read",
        "payments.read",
        "payouts.read",
        "refunds.read",
        "reconciliation.read",
        "jobs.read",
        "audit.read",
        "mails.read",
        "users.read",
    }
)
"""What the operator's people may look at."""

CHANGES = frozenset(
    {
        "agents.create",
        "agents.edit",
        "agents.invite",
        "wallets.top_up",
        "renewals.resolve",
        "catalogue.edit",
        "promotions.edit",
        "payments.decide",
        "payments.configure",
        "payouts.run",
        "refunds.request",
        "refunds.approve",
        "reconciliation.work",
        "jobs.retry",
        "users.edit",
        "users.invite",
    }
)
"""What the operator's people may change."""

COUNTER = frozenset(
    {
        "counter.overview",
        "counter.cards",
        "counter.customers",
        "counter.renewals",
        "counter.wallet",
    }
)
"""What everybody at an agent's counter may do, with the agent's own cards, customers, renewals and wallet."""

OWNER = frozenset({"counter.clerks", "counter.payouts", "counter.automation"})
"""What only an agent's owner may do: invite and suspend clerks, take what was earned, have a card charged by itself."""

ACTS = READS | CHANGES | COUNTER | OWNER

ACTS_OF = MappingProxyType(
    {
        Role.ADMIN: READS | CHANGES,
        Role.FINANCE: frozenset(
            {
                "overview.read",
                "transactions.read",
                "transactions.export",
                "ledger.read",
                "agents.read",
                "customers.read",
                "wallets.read",
                "wallets.top_up",
                "payments.read",
                "payments.decide",
                "payouts.read",
                "payouts.run",
                "refunds.read",
                "refunds.request",
                "refunds.approve",
                "reconciliation.read",
                "reconciliation.work",
                "catalogue.read",
                "promotions.read",
                "mails.read",
            }
        ),
        Role.AUDITOR: READS,
        Role.AGENT_OWNER: COUNTER | OWNER,
        Role.AGENT_CLERK: COUNTER,
    }
)


def may(role: Role | str, act: str) -> bool:
    """Tell whether a role permits an act.

    Raises:
        ValueError: there is no such act; a misspelt guard must not be a locked or an open door.
    """
    if act not in ACTS:
        raise ValueError(f"no such act: {act!r}")
    return act in ACTS_OF[Role(role)]
