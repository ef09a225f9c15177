"""Commission rules as a CSV file: taken away, edited elsewhere, and brought back as all the rules there are."""

from collections.abc import Sequence

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.wrappers import Response

from portal.agents import queries, rule_sheet, rules, schemes
from portal.agents.rule_sheet import RuleSheet
from portal.catalogue.sheet import LARGEST_BYTES
from portal.core.db import in_transaction
from portal.web import access, limits, requests
from portal.web.admin import agent_rules, catalogue_import
from portal.web.admin.blueprint import blueprint
from portal.web.forms import PortalForm

MOST_SHOWN = 200


class RulesFileForm(PortalForm):
    """A CSV file with all rules."""

    file = FileField(_l("CSV file"))


@blueprint.get("/agents/<agent_id>/terms/<currency>/rules.csv")
@access.admin("agents.read")
def agent_rules_csv(agent_id: str, currency: str) -> Response:
    """Send the rules in force as the file that importing reads."""
    shown = agent_rules.found(agent_id, currency)
    text = rule_sheet.write(schemes.of([shown.standing])[shown.standing.id].rules)
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="rules-{shown.owner or "default"}-{shown.standing.currency}.csv"'
    )
    return response


@blueprint.route("/agents/<agent_id>/terms/<currency>/rules/import", methods=["GET", "POST"])
@access.admin("agents.edit")
@limits.exports
def import_agent_rules(agent_id: str, currency: str) -> Response | tuple[str, int]:
    """Put the rules of a file in force instead of those that stand, all of them or none."""
    shown, form = agent_rules.found(agent_id, currency), RulesFileForm()
    faults: Sequence[object] = ()
    if form.validate_on_submit():
        with form.refusals():
            brought = rule_sheet.read(_content(form), currency=shown.standing.currency)
            if not brought.faults:
                in_transaction(lambda: rules.replace_all(rules=brought.rules, **agent_rules.of(shown)))
                flash(_("%(count)s rules in force.", count=len(brought.rules)), "success")
                return requests.go_to(shown.address)
            faults = _worded(brought)
    page = render_template(
        "admin/agents/rules_import.html",
        agent=queries.by_id(shown.owner) if shown.owner else None,
        shown=shown,
        form=form,
        columns=rule_sheet.COLUMNS,
        faults=faults,
        most=MOST_SHOWN,
    )
    return page, 422 if faults else form.status


def _worded(brought: RuleSheet) -> Sequence[object]:
    return [(fault, catalogue_import.sentence_of(fault)) for fault in brought.faults[:MOST_SHOWN]]


def _content(form: RulesFileForm) -> bytes:
    if not form.file.data:
        return b""
    with form.file.data.stream as file:
        # One byte more than may be read tells a file that is too large from one that just fits.
        content: bytes = file.read(LARGEST_BYTES + 1)
    return content
