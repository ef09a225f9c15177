"""Who may sign in to the demo, and what `make run` prints of them. Nobody here exists outside demo data."""

from dataclasses import dataclass

from portal.accounts import queries
from portal.accounts.models import Role
from portal.core import settings


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a password; `agent` is the English name of theirs, empty for the operator's people."""

    name: str
    email: str
    password: str
    role: Role
    title: str
    """What they are, in the words of the list that is printed."""
    agent: str = ""


GLOBAL_LINK = "Global Link"
PACIFIC_CONNECT = "Pacific Connect"

ALICE = Member(
    "Alice",
    "alice@global-link.example",
    "demo-alice-2026",
    Role.AGENT_OWNER,
    "agent, owner of Global Link",
    GLOBAL_LINK,
)
CLERK = Member(
    "陈静", "clerk@global-link.example", "demo-clerk-2026", Role.AGENT_CLERK, "her clerk at the counter", GLOBAL_LINK
)
BOB = Member("Bob", "bob@pacific.example", "demo-bob-2026", Role.AGENT_OWNER, "rival agent", PACIFIC_CONNECT)
DANA = Member("Dana", "dana@leb.example", "demo-dana-2026", Role.ADMIN, "admin: everything")
FINANCE = Member("Fiona", "finance@leb.example", "demo-finance-2026", Role.FINANCE, "finance: top-ups, ledger")
AUDITOR = Member("Arthur", "auditor@leb.example", "demo-auditor-2026", Role.AUDITOR, "auditor: reads, changes nothing")

MEMBERS = (ALICE, CLERK, BOB, DANA, FINANCE, AUDITOR)

CAROL = "carol@customers.example"
"""The customer whom guides and tests sign in as; customers have no password."""


def is_here() -> bool:
    """Tell whether this database holds the cast."""
    return queries.by_email(DANA.email) is not None


def sign_ins() -> str:
    """List the cast with addresses and passwords, for the terminal."""
    address = settings.current().address
    rows = [(member.email, member.password, member.title) for member in MEMBERS]
    email_width, password_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"  {email:<{email_width}}  {password:<{password_width}}  {title}" for email, password, title in rows]
    mails = settings.current().mail_dir
    return "\n".join(
        [
            f"Demo sign-ins at {address}/sign-in",
            *lines,
            f"Customers need no password: {address}/my/ mails them a code",
            f"  {CAROL:<{email_width}}  {'the code':<{password_width}}  is in the newest file of {mails}/",
        ]
    )
