"""Who asks: a user, a customer, or nobody known; resolved once a request from the session's token."""

from dataclasses import dataclass
from uuid import UUID

from flask import Flask, g, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, login_user, logout_user

from portal.accounts import permissions, sessions
from portal.accounts.models import Role, SignInSession, User
from portal.core.actor import Actor, ActorKind
from portal.core.db import transaction
from portal.core.errors import NotFound
from portal.customers import queries as customer_queries
from portal.customers.models import Customer
from portal.web import requests


class Visitor(AnonymousUserMixin):
    """Nobody known."""

    is_user = False
    is_customer = False
    name = ""
    role: Role | None = None
    agent_id: UUID | None = None

    @property
    def actor(self) -> Actor:
        """The visitor as commands want to know them."""
        return Actor(ActorKind.VISITOR, None, "visitor", requests.address(), requests.request_id())

    def may(self, act: str) -> bool:  # noqa: ARG002 - nobody known may do nothing, whatever it is
        """Tell whether the visitor's role permits an act."""
        return False


@dataclass(eq=False)
class UserVisitor(UserMixin):
    """A user who signed in with a password."""

    user: User
    token: str

    is_user = True
    is_customer = False

    def get_id(self) -> str:
        """Give what the cookie keeps: the session's token, never the user's id."""
        return self.token

    @property
    def id(self) -> UUID:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """What the user is called."""
        return self.user.name

    @property
    def role(self) -> Role:
        """What the user is in the house."""
        return self.user.role

    @property
    def agent_id(self) -> UUID | None:
        """The agent whose counter the user stands at; None for the operator's people."""
        return self.user.agent_id

    @property
    def actor(self) -> Actor:
        """The user as commands want to know them."""
        return Actor(ActorKind.USER, self.user.id, self.user.name, requests.address(), requests.request_id())

    def may(self, act: str) -> bool:
        """Tell whether the user's role permits an act."""
        return permissions.may(self.user.role, act)


@dataclass(eq=False)
class CustomerVisitor(UserMixin):
    """A customer who proved to read mail at an address, and so owns every customer row with that address."""

    customer: Customer
    customer_ids: tuple[UUID, ...]
    """Every row of this person, one an agent; pages show the cards and receipts of all of them."""
    token: str

    is_user = False
    is_customer = True
    role = None
    agent_id = None

    def get_id(self) -> str:
        """Give what the cookie keeps: the session's token."""
        return self.token

    @property
    def id(self) -> UUID:
        """The id of the customer row that the session was opened for."""
        return self.customer.id

    @property
    def name(self) -> str:
        """What the customer is called."""
        return self.customer.name

    @property
    def actor(self) -> Actor:
        """The customer as commands want to know them."""
        return Actor(
            ActorKind.CUSTOMER,
            self.customer.id,
            self.customer.name,
            requests.address(),
            requests.request_id(),
        )

    def may(self, act: str) -> bool:  # noqa: ARG002 - a customer holds no role
        """Tell whether the visitor's role permits an act."""
        return False


def register(app: Flask) -> None:
    """Resolve `current_user` from the session cookie."""
    login = LoginManager(app)
    login.session_protection = None  # the token is the protection; a changed browser string is no theft
    login.anonymous_user = Visitor
    login.user_loader(load_visitor)


def load_visitor(token: str) -> UserVisitor | CustomerVisitor | None:
    """Find who holds a session token, in one select for users and two for customers."""
    found = sessions.find(token)
    if found is None:
        return None
    row, user = found
    visitor = UserVisitor(user, token) if user else _customer_visitor(row, token)
    if visitor is not None and sessions.is_due_for_touch(row):
        with transaction():
            sessions.touch(row)
    return visitor


def _customer_visitor(opened: SignInSession, token: str) -> CustomerVisitor | None:
    rows = customer_queries.with_email(opened.email or "")
    own = next((row for row in rows if row.id == opened.customer_id), None)
    # The agent changed the customer's address since: whoever reads the old one is nobody here any more.
    return None if own is None else CustomerVisitor(own, tuple(row.id for row in rows), token)


def enter(token: str) -> None:
    """Sign this browser in with a session's token; whatever its cookie held before is dropped (session fixation)."""
    visitor = load_visitor(token)
    if visitor is None:
        raise NotFound
    session.clear()
    # A counter's browser forgets when it is closed; a customer's phone keeps the cookie as long as the row lasts.
    session.permanent = visitor.is_customer
    login_user(visitor)


def look_nobody_up() -> None:
    """Take whoever asks for nobody known, for the rest of this request: the database cannot be asked."""
    g._login_user = Visitor()  # noqa: SLF001 - where Flask-Login looks first; every template asks for current_user


def leave() -> None:
    """Make this browser's cookie empty; ending the session's row is the caller's part."""
    logout_user()
    session.clear()
