"""The operator's pages: money, agents, catalogue, and everything that happened."""

from portal.web.admin import (
    agent_names,
    agent_terms,
    agents,
    audit,
    catalogue,
    catalogue_import,
    exports,
    jobs,
    ledger,
    mails,
    overview,
    top_ups,
    transaction,
    transactions,
    users,
    wording,
)
from portal.web.admin.blueprint import blueprint

__all__ = [
    "agent_names",
    "agent_terms",
    "agents",
    "audit",
    "blueprint",
    "catalogue",
    "catalogue_import",
    "exports",
    "jobs",
    "ledger",
    "mails",
    "overview",
    "top_ups",
    "transaction",
    "transactions",
    "users",
    "wording",
]
