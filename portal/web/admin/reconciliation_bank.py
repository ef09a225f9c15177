"""What providers' payouts brought to the bank: recorded by hand or from a file, and matched with the payout."""

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.catalogue.sheet import LARGEST_BYTES
from portal.core import bank_references, clock
from portal.core.db import in_transaction
from portal.core.money import parse_amount
from portal.core.settings import current as settings
from portal.reconciliation import arriving, bank_file, queries, sources
from portal.reconciliation.arriving import Payout
from portal.reconciliation.models import ReportSource, SourceKind
from portal.web import access, acts, limits, requests
from portal.web.admin import filtering
from portal.web.admin.agent_forms import OFFERED_CURRENCIES, currency_field, read_currency
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import DayField
from portal.web.admin.reconciliation_words import source_words
from portal.web.forms import LineField, PortalForm, choices, uploaded

PAGE = "/admin/reconciliation/bank"


class ArrivalForm(PortalForm):
    """A line of the bank's statement."""

    provider = SelectField(_l("Provider"))
    currency = currency_field()
    amount = LineField(_l("Amount"), max_length=30)
    bank_reference = LineField(_l("Bank reference"), max_length=bank_references.LONGEST)
    received_on = DayField(_l("Received on"), is_required=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.provider.choices = choices({source.name: source_words(source) for source in _providers()})


class BankFileForm(PortalForm):
    """Such lines in a file."""

    file = FileField(_l("CSV file"))


@blueprint.get("/reconciliation/bank")
@access.admin("reconciliation.read")
def arrivals() -> tuple[str, int]:
    """Show what was recorded, and what is still under way to the bank."""
    form = ArrivalForm(formdata=None)
    form.received_on.data = clock.today(settings().time_zone)
    return _page(form, BankFileForm(formdata=None))


@blueprint.post("/reconciliation/bank")
@access.admin("reconciliation.work")
@limits.orders
def record_arrival() -> Response | tuple[str, int]:
    """Record what a payout brought to the bank."""
    form = ArrivalForm()
    if form.validate_on_submit():
        with form.refusals():
            amount = parse_amount(form.amount.data, read_currency(form.currency.data))
            in_transaction(
                lambda: arriving.record(
                    provider=form.provider.data,
                    amount=amount,
                    bank_reference=form.bank_reference.data,
                    received_on=form.received_on.data or clock.today(settings().time_zone),
                    actor=current_user.actor,
                )
            )
            flash(_("Recorded. It is booked as soon as its payout is known."), "success")
            return requests.go_to(PAGE)
    return _page(form, BankFileForm(formdata=None))


@blueprint.post("/reconciliation/bank/file")
@access.admin("reconciliation.work")
@limits.exports
def bring_bank_file() -> Response | tuple[str, int]:
    """Record every line of a file, or none."""
    form = BankFileForm()
    if form.validate_on_submit():
        with form.refusals():
            content = uploaded(form.file, longest=LARGEST_BYTES)
            lines = in_transaction(lambda: bank_file.bring(content, actor=current_user.actor))
            flash(_("%(lines)s lines recorded.", lines=lines), "success")
            return requests.go_to(PAGE)
    return _page(ArrivalForm(formdata=None), form)


@blueprint.post("/reconciliation/bank/<line_id>/match")
@access.admin("reconciliation.work")
@limits.orders
def match_arrival(line_id: str) -> Response:
    """Say which payout a line is."""
    found, payout_id = requests.id_in_address(line_id), request.form.get("payout", "")
    return acts.do(
        lambda: arriving.match(line_id=found, payout_id=payout_id, actor=current_user.actor),
        told=_("Matched and booked."),
        back=PAGE,
    )


def _page(form: ArrivalForm, file_form: BankFileForm) -> tuple[str, int]:
    providers = _providers()
    page = render_template(
        "admin/reconciliation/bank.html",
        form=form,
        file_form=file_form,
        page=queries.arrivals(**filtering.keys()),
        sources=providers,
        under_way=_under_way(providers),
        columns=bank_file.COLUMNS,
        currencies=OFFERED_CURRENCIES,
    )
    return page, max(form.status, file_form.status)


def _providers() -> list[ReportSource]:
    return [source for source in queries.sources() if source.kind is SourceKind.PROVIDER]


def _under_way(providers: list[ReportSource]) -> dict[str, list[Payout]]:
    return {
        source.name: arriving.under_way(source, sources.by_name(SourceKind.BANK, source.name)) for source in providers
    }
