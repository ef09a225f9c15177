"""The books: the trial balance of each currency, the accounts, and any account's statement."""

from typing import Any

from flask import render_template
from flask_babel import lazy_gettext as _l

from portal.core.errors import NotFound, PortalError
from portal.core.pages import number_key
from portal.ledger import queries
from portal.ledger.extracts import AccountBalance
from portal.ledger.queries import AccountFilter
from portal.web import access
from portal.web.admin import agent_names, books, filtering, wording
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm


class AccountsFilter(FilterForm):
    """Which accounts to list."""

    kind = ChoiceField(_l("Kind"), known=wording.ACCOUNTS, any_words=_l("Every kind"))
    currency = filtering.text_field(_l("Currency"))
    agent = filtering.text_field(_l("Agent"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wanted = AccountFilter()

    def validate(self, extra_validators: Any = None) -> bool:
        """Read the filter as well; what cannot be read is refused beside its field."""
        if not super().validate(extra_validators):
            return False
        try:
            agent = agent_names.meant_by(self.agent.data) if self.agent.data else None
            self.wanted = AccountFilter(
                kind=self.kind.data or None,
                currency=read_currency(self.currency.data) if self.currency.data else None,
                owner_id=agent.id if agent else None,
            )
        except PortalError as error:
            self.attach(error)
            return False
        if agent is not None:
            self.agent.data = agent.name_en
        return True


@blueprint.get("/ledger")
@access.admin("ledger.read")
def ledger() -> tuple[str, int]:
    """Show whether the books balance, and every account."""
    asked = AccountsFilter()
    page = queries.accounts(asked.wanted, **filtering.keys()) if asked.validate() else None
    page_rendered = render_template(
        "admin/ledger/list.html",
        asked=asked,
        page=page,
        names=books.names_of(account.name for account in page.rows) if page else {},
        trial_balances=queries.trial_balance(),
        currencies=OFFERED_CURRENCIES,
    )
    return page_rendered, asked.status


@blueprint.get("/ledger/<account_id>")
@access.admin("ledger.read")
def account(account_id: str) -> str:
    """Show an account's statement, the newest movement first."""
    shown = _account(account_id)
    page = queries.statement(shown, **filtering.keys())
    return render_template(
        "admin/ledger/account.html",
        account=shown,
        page=page,
        names=books.names_of([shown.name, *(movement.counter_account for movement in page.rows)]),
    )


def _account(account_id: str) -> AccountBalance:
    number = number_key(account_id)
    found = queries.account(number) if number is not None else None
    if found is None:
        raise NotFound
    return found
