"""Transactions: every renewal and money movement, found by whatever is known of it, and taken away as a file."""

from typing import Any

from flask import render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.db import in_transaction
from portal.core.errors import InvalidInput, PortalError
from portal.core.money import parse_amount
from portal.exports import requesting
from portal.exports.models import ExportFormat
from portal.renewals import transactions as renewals
from portal.renewals.states import RenewalState
from portal.renewals.transactions import TransactionFilter, TransactionKind
from portal.web import access, language, limits, requests
from portal.web.admin import agent_names, filtering
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, TimeFilterForm
from portal.web.admin.listing import listed

KINDS = {TransactionKind.RENEWAL.value: _l("Renewals"), TransactionKind.TOP_UP.value: _l("Top-ups")}


class TransactionsFilter(TimeFilterForm):
    """Which transactions to list."""

    reference = filtering.text_field(_l("Reference"))
    agent = filtering.text_field(_l("Agent"))
    customer = filtering.text_field(_l("Customer"))
    card = filtering.text_field(_l("Card"))
    state = ChoiceField(_l("State"), known=filtering.states_of(RenewalState), any_words=_l("Any state"))
    kind = ChoiceField(_l("Kind"), known=KINDS, any_words=_l("Every kind"))
    currency = filtering.text_field(_l("Currency"))
    amount_from = filtering.text_field(_l("Amount from"))
    amount_to = filtering.text_field(_l("Amount up to"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wanted = TransactionFilter()

    def validate(self, extra_validators: Any = None) -> bool:
        """Read the filter as well; what cannot be read is refused beside its field."""
        if not super().validate(extra_validators):
            return False
        try:
            self.wanted = self._read()
        except PortalError as error:
            self.attach(error)
            return False
        return True

    def _read(self) -> TransactionFilter:
        currency = read_currency(self.currency.data) if self.currency.data else ""
        lowest, highest = (self._minor(name, currency) for name in ("amount_from", "amount_to"))
        if lowest is not None and highest is not None and highest < lowest:
            raise InvalidInput(field="amount_to", reason="amounts_reversed")
        agent = agent_names.meant_by(self.agent.data) if self.agent.data else None
        if agent is not None:
            self.agent.data = agent.name_en  # a link may have named it by its id
        return TransactionFilter(
            since=self.begins_at,
            until=self.ends_at,
            agent_id=agent.id if agent else None,
            customer=self.customer.data or "",
            card=self.card.data or "",
            state=RenewalState(self.state.data) if self.state.data else None,
            kind=TransactionKind(self.kind.data) if self.kind.data else None,
            amount_from_minor=lowest,
            amount_to_minor=highest,
            currency=currency,
            reference=self.reference.data or "",
        )

    def _minor(self, name: str, currency: str) -> int | None:
        text = self[name].data
        if not text:
            return None
        if not currency:
            raise InvalidInput(field="currency", reason="currency_for_amount")
        return parse_amount(text, currency, field=name).minor


@blueprint.get("/transactions")
@access.admin("transactions.read")
def transactions() -> tuple[str, int]:
    """List the transactions that the address asks for, the newest first."""
    return _page(TransactionsFilter())


@blueprint.post("/transactions/export")
@access.admin("transactions.export")
@limits.exports
def export_transactions() -> Response | tuple[str, int]:
    """Have the transactions of the address written to a file, and lead to the page that shows how far it is."""
    asked = TransactionsFilter()
    if not asked.validate():
        return _page(asked)
    file_format = ExportFormat.XLSX if request.form.get("format") == ExportFormat.XLSX else ExportFormat.CSV
    export = in_transaction(
        lambda: requesting.request(
            wanted=asked.wanted,
            export_format=file_format,
            language=language.current(),
            actor=current_user.actor,
        )
    )
    return requests.go_to(f"/admin/exports/{export.id}")


def _page(asked: TransactionsFilter) -> tuple[str, int]:
    page = renewals.page(asked.wanted, **filtering.keys()) if asked.validate() else None
    return (
        render_template(
            "admin/transactions/list.html",
            asked=asked,
            page=page,
            rows=listed(page.rows) if page else [],
            currencies=OFFERED_CURRENCIES,
        ),
        asked.status,
    )
