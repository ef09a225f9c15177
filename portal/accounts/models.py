"""Users, their roles, the sessions they opened, and the codes that customers sign in with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id


class Role(StrEnum):
    """What a user is in the house."""

    ADMIN = "admin"
    """Runs the portal: may do everything the operator may do."""
    FINANCE = "finance"
    """Records top-ups and reads the books."""
    AUDITOR = "auditor"
    """Reads everything the operator may read, changes nothing."""
    AGENT_OWNER = "agent_owner"
    """Owns an agent: sells, sees what the agent earns, invites clerks."""
    AGENT_CLERK = "agent_clerk"
    """Stands at an agent's counter: registers cards and renews them."""

    @property
    def is_staff(self) -> bool:
        """Whether the role belongs to the operator, not to an agent."""
        return self in STAFF


STAFF = frozenset({Role.ADMIN, Role.FINANCE, Role.AUDITOR})


class User(Model):
    """Somebody with a password. An invited user has none yet and cannot sign in."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", text("lower(email)"), unique=True),
        CheckConstraint(
            "(role IN ('agent_owner', 'agent_clerk')) = (agent_id IS NOT NULL)", name="agent_roles_have_an_agent"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(enum_column(Role))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"), index=True)
    locale: Mapped[str | None] = mapped_column(String(5))
    """The language somebody chose, zh or en; None follows the browser, and the portal's default in mails."""
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def is_suspended(self) -> bool:
        """Whether the user may not sign in."""
        return self.suspended_at is not None

    @property
    def is_invited(self) -> bool:
        """Whether the user has yet to accept the invitation by choosing a password."""
        return self.password_hash is None


class SignInSession(Model):
    """One browser that is signed in, as a user or as a customer; deleting the row signs it out.

    The cookie carries a token; only its SHA-256 is kept, so a stolen table opens nothing.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (customer_id IS NULL)", name="belongs_to_one"),
        CheckConstraint("(customer_id IS NULL) = (email IS NULL)", name="customers_proved_an_address"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    """The address a customer proved to read, in lower case; what the session opens hangs on it, not on later edits."""
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))


class SignInCode(Model):
    """The six-digit code that was mailed to an address; one at a time, used once."""

    __tablename__ = "sign_in_codes"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    """In lower case."""
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)


class SpentLink(Model):
    """A signed link that opened something and must not open it again; kept until it would have expired anyway."""

    __tablename__ = "spent_links"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
