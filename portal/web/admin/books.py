"""Name the accounts of the books for people: `agent_wallet:<id>` is “Agent wallet · Global Link”."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.agents import queries as agents
from portal.core import ids
from portal.web import language
from portal.web.admin import wording


@dataclass(frozen=True, slots=True)
class AccountName:
    """What an account is, and whose it is where it belongs to somebody."""

    kind: str
    owner: str

    def __str__(self) -> str:
        """Write both in one line."""
        kind = str(wording.named(self.kind, "account"))
        return f"{kind} · {self.owner}" if self.owner else kind


def names_of(accounts: Iterable[str]) -> dict[str, AccountName]:
    """Name accounts by their names in the books, with one look at the agents that own some of them."""
    parts = {name: name.partition(":")[::2] for name in accounts}
    owner_ids = {owner_id for _kind, owner in parts.values() if (owner_id := ids.parse_id(owner))}
    owners = {str(agent.id): language.name_of(agent) for agent in agents.by_ids(owner_ids).values()}
    return {name: AccountName(kind, owners.get(owner, owner)) for name, (kind, owner) in parts.items()}
