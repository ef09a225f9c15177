"""Reconciliation: every account beside the books of others, and the differences of each by age."""

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import log
from portal.core import clock
from portal.core.db import in_transaction
from portal.core.errors import NotFound
from portal.core.settings import current as settings
from portal.reconciliation import ageing, exporting, queries, sources, standings
from portal.reconciliation.models import DifferenceKind, DifferenceState, SourceKind
from portal.reconciliation.queries import DifferenceFilter
from portal.reconciliation.standings import Standing
from portal.web import access, downloads, limits, requests
from portal.web.admin import filtering, reconciliation_words
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm

PAGE = "/admin/reconciliation/"


class DifferencesFilter(FilterForm):
    """Which differences of an account to list."""

    state = ChoiceField(_l("State"), known=filtering.states_of(DifferenceState), any_words=_l("Open and explained"))
    kind = ChoiceField(_l("What is the matter"), known=reconciliation_words.KINDS, any_words=_l("Anything"))
    age = ChoiceField(_l("Age"), known=reconciliation_words.BUCKETS, any_words=_l("Any age"))

    def wanted(self, account: Standing) -> DifferenceFilter:
        """Give what was chosen, in an account."""
        return DifferenceFilter(
            source_id=account.source.id,
            currency=account.theirs.currency,
            state=DifferenceState(self.state.data) if self.state.data else None,
            kind=DifferenceKind(self.kind.data) if self.kind.data else None,
            bucket=next((bucket for bucket in ageing.BUCKETS if bucket.name == self.age.data), None),
        )


@blueprint.get("/reconciliation/")
@access.admin("reconciliation.read")
def reconciliation() -> str:
    """Show every account, one line each: green where everything is explained."""
    return render_template("admin/reconciliation/list.html", summary=standings.summary())


@blueprint.post("/reconciliation/fetch")
@access.admin("reconciliation.work")
@limits.exports
def fetch_reports() -> Response:
    """Have others' books fetched now: those of one source, or of all."""
    text = request.form.get("source", "")
    source_id = requests.id_in_address(text) if text else None

    def act() -> None:
        sources.fetch_now(source_id)
        log.record(actor=current_user.actor, act="reconciliation.fetch", subject=("report_source", source_id))

    in_transaction(act)
    flash(_("The books are being fetched and compared. Load this page again in a moment."), "success")
    return requests.go_to(PAGE)


@blueprint.get("/reconciliation/accounts/<kind>/<name>/<currency>")
@access.admin("reconciliation.read")
def reconciled_account(kind: str, name: str, currency: str) -> tuple[str, int]:
    """Show an account: both balances, what lies between them by age, and each difference."""
    account = _account(kind, name, currency)
    asked = DifferencesFilter()
    page = queries.differences(asked.wanted(account), **filtering.keys()) if asked.validate() else None
    return (
        render_template(
            "admin/reconciliation/account.html",
            account=account,
            aged=standings.aged(account.source.id, currency),
            asked=asked,
            page=page,
            address=f"/admin/reconciliation/accounts/{kind}/{name}/{currency}",
            days_old=lambda one: ageing.days_old(one.arisen_at, now=clock.now()),
        ),
        asked.status,
    )


@blueprint.get("/reconciliation/accounts/<kind>/<name>/<currency>/differences.csv")
@access.admin("reconciliation.read")
def export_differences(kind: str, name: str, currency: str) -> Response:
    """Send the differences that the page lists, as a file."""
    account = _account(kind, name, currency)
    asked = DifferencesFilter()
    if not asked.validate():
        raise NotFound
    day = clock.today(settings().time_zone)
    file_name = f"differences-{account.source.name}-{currency}-{day:%Y-%m-%d}.csv"
    return downloads.send(exporting.to_csv(asked.wanted(account)), name=file_name)


def _account(kind: str, name: str, currency: str) -> Standing:
    if kind not in {one.value for one in SourceKind}:
        raise NotFound
    return standings.of_account(SourceKind(kind), name, currency)
