"""One difference: what both sides say of it, why it may stand, and the entry that would make it good."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.core import clock
from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import queries as payments
from portal.reconciliation import ageing, explaining, mending, queries
from portal.reconciliation.models import Difference, Explanation, MendState
from portal.renewals import queries as renewals
from portal.web import access, acts, limits, requests
from portal.web.admin import books, reconciliation_words
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, choices


class ExplainForm(PortalForm):
    """Why a difference may stand."""

    explanation = SelectField(
        _l("Why it may stand"), choices=choices(reconciliation_words.EXPLANATIONS), default=Explanation.ACCEPTED.value
    )
    note = LineField(_l("In your words"), max_length=explaining.LONGEST_NOTE)


class MendForm(PortalForm):
    """The entry that would make it good."""

    counter_account = SelectField(_l("Against account"))
    what_for = LineField(_l("What for"), max_length=explaining.LONGEST_NOTE)


@blueprint.get("/reconciliation/differences/<difference_id>")
@access.admin("reconciliation.read")
def difference(difference_id: str) -> tuple[str, int]:
    """Show a difference with both sides of it."""
    return _page(_wanted(difference_id), ExplainForm(formdata=None), MendForm(formdata=None))


@blueprint.post("/reconciliation/differences/<difference_id>/explain")
@access.admin("reconciliation.work")
def explain_difference(difference_id: str) -> Response | tuple[str, int]:
    """Say why it may stand."""
    found, form = _wanted(difference_id), ExplainForm()
    if form.validate_on_submit():
        with form.refusals():
            in_transaction(
                lambda: explaining.explain(
                    difference_id=found.id,
                    explanation=Explanation(form.explanation.data),
                    note=form.note.data,
                    actor=current_user.actor,
                )
            )
            return requests.go_to(_address(found))
    return _page(found, form, MendForm(formdata=None))


@blueprint.post("/reconciliation/differences/<difference_id>/reopen")
@access.admin("reconciliation.work")
def reopen_difference(difference_id: str) -> Response:
    """Take an explanation back."""
    found = _wanted(difference_id)
    return acts.do(
        lambda: explaining.reopen(difference_id=found.id, actor=current_user.actor),
        told=_("The difference is open again."),
        back=_address(found),
    )


@blueprint.post("/reconciliation/differences/<difference_id>/mend")
@access.admin("reconciliation.work")
@limits.orders
def propose_mend(difference_id: str) -> Response | tuple[str, int]:
    """Propose the entry that makes it good."""
    found, form = _wanted(difference_id), MendForm()
    _offer_accounts(form, found)
    if form.validate_on_submit():
        with form.refusals():
            in_transaction(
                lambda: mending.propose(
                    difference_id=found.id,
                    counter_account=form.counter_account.data,
                    note=form.what_for.data,
                    actor=current_user.actor,
                )
            )
            return requests.go_to(_address(found))
    return _page(found, ExplainForm(formdata=None), form)


@blueprint.post("/reconciliation/mends/<mend_id>/approve")
@access.admin("reconciliation.work")
@limits.orders
def approve_mend(mend_id: str) -> Response:
    """Agree to an entry that somebody else proposed, and post it."""
    mend = queries.mend(requests.id_in_address(mend_id))
    return acts.do(
        lambda: mending.approve(mend_id=mend.id, actor=current_user.actor),
        told=_("The entry is posted; the difference is made good."),
        back=f"/admin/reconciliation/differences/{mend.difference_id}",
    )


@blueprint.post("/reconciliation/mends/<mend_id>/refuse")
@access.admin("reconciliation.work")
def refuse_mend(mend_id: str) -> Response:
    """Refuse a proposed entry, or take one's own back."""
    mend = queries.mend(requests.id_in_address(mend_id))
    return acts.do(
        lambda: mending.refuse(mend_id=mend.id, actor=current_user.actor),
        told=_("The entry is not posted."),
        back=f"/admin/reconciliation/differences/{mend.difference_id}",
    )


def _wanted(difference_id: str) -> Difference:
    return queries.difference(requests.id_in_address(difference_id))


def _address(found: Difference) -> str:
    return f"/admin/reconciliation/differences/{found.id}"


def _offer_accounts(form: MendForm, found: Difference) -> None:
    accounts = [account.name for account in mending.counter_accounts(found, found.source)]
    names = books.names_of(accounts)
    form.counter_account.choices = choices({account: str(names[account]) for account in accounts})


def _page(found: Difference, explain_form: ExplainForm, mend_form: MendForm) -> tuple[str, int]:
    _offer_accounts(mend_form, found)
    lines, mends = queries.lines_of(found), queries.mends_of(found.id)
    entries = queries.entries_of(found, lines)
    proposed = next((mend for mend in mends if mend.state is MendState.PROPOSED), None)
    accounts = [
        mending.compared_account(found.source).name,
        *(mend.counter_account for mend in mends),
        *(
            name
            for entry in entries
            for transfer in entry.transfers
            for name in (transfer.debit_account, transfer.credit_account)
        ),
    ]
    page = render_template(
        "admin/reconciliation/difference.html",
        difference=found,
        days=ageing.days_old(found.arisen_at, now=clock.now()),
        timing_days=ageing.TIMING_DAYS,
        lines=lines,
        entries=entries,
        names=books.names_of(accounts),
        payment=payments.by_id(found.payment_id) if found.payment_id else None,
        renewal=renewals.by_id(found.renewal_id) if found.renewal_id else None,
        mends=mends,
        proposed=proposed,
        line=mending.line_of(proposed, found.source) if proposed else None,
        sum_of_gap=Money(abs(found.gap.minor), found.currency),
        explain_form=explain_form,
        mend_form=mend_form,
    )
    return page, max(explain_form.status, mend_form.status)
