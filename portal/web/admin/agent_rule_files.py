"""Commission rules as a CSV file: taken away, edited elsewhere, and brought back as all the rules there are."""

from collections.abc import Sequence

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.wrappers import Response

from portal.agents import queries, rule_sheet, rules, schemes
from portal.agents.rule_sheet import RuleSheet
from portal.catalogue.sheet import LARGEST_BYTES
from portal.web import access, acts, downloads, limits
from portal.web.admin import agent_rules, agent_terms, catalogue_import
from portal.web.admin.blueprint import blueprint
from portal.web.forms import PortalForm, uploaded

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
    return downloads.send(text, name=f"rules-{shown.owner or agent_terms.DEFAULT}-{shown.standing.currency}.csv")


@blueprint.route("/agents/<agent_id>/terms/<currency>/rules/import", methods=["GET", "POST"])
@access.admin("agents.edit")
@limits.exports
def import_agent_rules(agent_id: str, currency: str) -> Response | tuple[str, int]:
    """Put the rules of a file in force instead of those that stand, all of them or none."""
    shown, form = agent_rules.found(agent_id, currency), RulesFileForm()
    faults: Sequence[object] = ()
    if form.validate_on_submit():
        with form.refusals():
            brought = rule_sheet.read(uploaded(form.file, longest=LARGEST_BYTES), currency=shown.standing.currency)
            if not brought.faults:
                return acts.do(
                    lambda: rules.replace_all(rules=brought.rules, **agent_rules.of(shown)),
                    told=_("%(count)s rules in force.", count=len(brought.rules)),
                    back=shown.address,
                )
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
