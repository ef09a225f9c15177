"""Add, change, retire and restore plans. A change makes a new version; renewals keep the one they were sold at."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from portal.audit import log
from portal.catalogue import offers, queries
from portal.catalogue.errors import PlanChanged, PlanCodeTaken
from portal.catalogue.models import Plan, PlanVersion
from portal.catalogue.offers import PlanOffer
from portal.core import clock, turns
from portal.core.actor import Actor
from portal.core.db import Statement, db, execute_together
from portal.core.ids import new_id


def wait_for_turn() -> None:
    """Wait until nobody else changes the catalogue; writers are few and rare, so one turn for all of it will do."""
    turns.wait_for("catalogue")


def add(*, code: str, offer: PlanOffer, actor: Actor) -> PlanVersion:
    """Put a new plan on sale.

    Raises:
        PlanCodeTaken: a plan with this code stands already, on sale or retired.
        InvalidInput: a value cannot be accepted.
    """
    code = offers.read_code(code)
    wanted = offers.normal(offer)
    wait_for_turn()
    if queries.current_by_code([code]):
        raise PlanCodeTaken(field="code", code_taken=code)
    (made,) = write({code: wanted}, actor=actor)
    return made


def change(*, code: str, offer: PlanOffer, actor: Actor, seen_version: int | None = None) -> PlanVersion:
    """Make a new version of a plan; an offer that says what stands already makes none.

    Raises:
        PlanChanged: the plan is not at `seen_version` any more.
        InvalidInput: a value cannot be accepted.
        NotFound: there is no such plan.
    """
    wanted = offers.normal(offer)
    wait_for_turn()
    standing = queries.plan_by_code(code)
    if seen_version not in (None, standing.version):
        raise PlanChanged(version=standing.version)
    made = write({code: wanted}, actor=actor)
    return made[0] if made else standing


def retire(*, code: str, actor: Actor) -> None:
    """Take a plan off sale; what was sold is delivered all the same.

    Raises:
        NotFound: there is no such plan.
    """
    _set_retired(code, is_retired=True, actor=actor)


def restore(*, code: str, actor: Actor) -> None:
    """Put a retired plan back on sale, at the version it had.

    Raises:
        NotFound: there is no such plan.
    """
    _set_retired(code, is_retired=False, actor=actor)


def write(wanted: Mapping[str, PlanOffer], *, actor: Actor) -> list[PlanVersion]:
    """Write offers under their codes, new plans and changed ones, and give the versions made.

    The offers are normal ones, and the caller has waited for its turn.
    """
    standing = queries.current_by_code(list(wanted))
    changing = {
        code: offer
        for code, offer in wanted.items()
        if code not in standing or offers.of_version(standing[code]) != offer
    }
    for code in changing.keys() & standing.keys():
        standing[code].superseded_at = clock.now()
    db.session.flush()  # one version is current at a time: the unique index sees this before the next ones
    made = [_next_version(code, offer, standing.get(code)) for code, offer in changing.items()]
    db.session.add_all(made)
    db.session.flush()
    execute_together([_recording(version, standing.get(version.code), actor=actor) for version in made])
    return made


def _next_version(code: str, offer: PlanOffer, standing: PlanVersion | None) -> PlanVersion:
    plan = standing.plan if standing else Plan(id=new_id(), code=code)
    version = standing.version + 1 if standing else 1
    return PlanVersion(id=new_id(), plan=plan, version=version, **_facts(offer))


def _recording(version: PlanVersion, standing: PlanVersion | None, *, actor: Actor) -> Statement:
    return log.recording(
        actor=actor,
        act="plans.change" if standing else "plans.add",
        subject=("plan", version.plan.id),
        before={"version": standing.version, **_facts(offers.of_version(standing))} if standing else None,
        after={"code": version.code, "version": version.version, **_facts(offers.of_version(version))},
    )


def _facts(offer: PlanOffer) -> dict[str, Any]:
    return asdict(offer) | {"regions": list(offer.regions)}


def _set_retired(code: str, *, is_retired: bool, actor: Actor) -> None:
    wait_for_turn()
    plan = queries.plan_by_code(code).plan
    if plan.is_retired == is_retired:
        return
    plan.retired_at = clock.now() if is_retired else None
    db.session.flush()
    log.record(
        actor=actor,
        act="plans.retire" if is_retired else "plans.restore",
        subject=("plan", plan.id),
        after={"code": plan.code},
    )
