"""Mail those who own an agent."""

from typing import Any
from uuid import UUID

from portal.accounts import queries as users
from portal.accounts.models import Role
from portal.agents import queries
from portal.core import letters, settings

Reader = tuple[str, str, str]
"""Name, address and language."""


def tell_owners(agent_id: UUID, letter: str, *, about: tuple[str, UUID], **values: Any) -> None:
    """Mail each owner of an agent, in their language; where none can sign in, the agent's contact.

    `letter` is the template's name and the mail's kind; `name` in it is the reader's.
    """
    for name, address, language in _readers(agent_id):
        letters.send(letter, recipient=address, language=language, about=about, name=name, **values)


def _readers(agent_id: UUID) -> list[Reader]:
    default = settings.current().default_language
    owners = [
        (user.name, user.email, user.locale or default)
        for user in users.of_agent(agent_id)
        if user.role is Role.AGENT_OWNER and not user.is_suspended and not user.is_invited
    ]
    agent = queries.by_id(agent_id)
    return owners or [(agent.contact_name, agent.contact_email, default)]
