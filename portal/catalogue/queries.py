"""Plans as pages read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select

from portal.catalogue.models import CatalogueImport, Plan, PlanVersion, Term
from portal.core import names
from portal.core.db import db, existing
from portal.core.pages import Page, in_order


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which plans somebody looks for; empty and None mean anything. `text` is in the code or a name."""

    text: str = ""
    region: str | None = None
    carrier: str | None = None
    currency: str | None = None
    term: Term | None = None
    is_retired: bool | None = False


def matching(wanted: PlanFilter, *, older: str | None = None, newer: str | None = None) -> Page[PlanVersion]:
    """Page through the current versions of plans by code; `older` is the code to go on after."""
    return in_order(
        _matching(wanted),
        [Plan.code],
        is_falling=False,
        read=lambda code: names.searchable(code) or None,
        write=lambda row: row.code,
        older=older,
        newer=newer,
    )


def all_matching(wanted: PlanFilter) -> Sequence[PlanVersion]:
    """List the current versions of every plan that matches, by code: what an export holds."""
    return db.session.scalars(_matching(wanted).order_by(Plan.code)).all()


def plan_by_code(code: str) -> PlanVersion:
    """Give the current version of a plan, on sale or retired.

    Raises:
        NotFound: there is no such plan.
    """
    return existing(current_by_code([code]).get(code))


def current_by_code(codes: Collection[str]) -> dict[str, PlanVersion]:
    """Give the current versions of the plans with these codes; those that do not stand are left out."""
    # Read anew what the session holds: another writer's turn may just have ended.
    query = _current().where(Plan.code.in_(codes)).execution_options(populate_existing=True)
    return {version.code: version for version in db.session.scalars(query)}


def codes_of(plan_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the lasting codes of plans, on sale or retired."""
    rows = db.session.execute(select(Plan.id, Plan.code).where(Plan.id.in_(plan_ids)))
    return {row.id: row.code for row in rows}


def version_by_id(version_id: UUID) -> PlanVersion:
    """Give one version of a plan, current or not.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(PlanVersion, version_id))


def versions_by_id(version_ids: Collection[UUID | None]) -> dict[UUID, PlanVersion]:
    """Give versions by their ids, for a list of cards or renewals; None among the ids is passed over."""
    wanted = [version_id for version_id in version_ids if version_id]
    return {
        version.id: version for version in db.session.scalars(select(PlanVersion).where(PlanVersion.id.in_(wanted)))
    }


def versions_of(plan_id: UUID) -> Sequence[PlanVersion]:
    """List every version of a plan, the newest first."""
    return db.session.scalars(
        select(PlanVersion).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.version.desc())
    ).all()


def currencies() -> list[str]:
    """List the currencies of the plans on sale, sorted."""
    return list(
        db.session.scalars(
            select(PlanVersion.currency)
            .distinct()
            .join(Plan)
            .where(PlanVersion.superseded_at.is_(None), Plan.retired_at.is_(None))
            .order_by(PlanVersion.currency)
        )
    )


def import_by_id(import_id: UUID) -> CatalogueImport:
    """Give a file that was brought for import.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(CatalogueImport, import_id))


def _current() -> Select[PlanVersion]:
    return select(PlanVersion).join(PlanVersion.plan).where(PlanVersion.superseded_at.is_(None))


def _matching(wanted: PlanFilter) -> Select[PlanVersion]:
    query = _current()
    if text := names.searchable(wanted.text):
        places = (Plan.code, PlanVersion.name_en, PlanVersion.name_zh)
        query = query.where(or_(*(place.icontains(text, autoescape=True) for place in places)))
    if wanted.region:
        query = query.where(PlanVersion.regions.contains([wanted.region]))
    if wanted.carrier:
        query = query.where(PlanVersion.carrier == wanted.carrier)
    if wanted.currency:
        query = query.where(PlanVersion.currency == wanted.currency)
    if wanted.term:
        query = query.where(PlanVersion.term == wanted.term)
    if wanted.is_retired is not None:
        query = query.where(Plan.retired_at.is_not(None) if wanted.is_retired else Plan.retired_at.is_(None))
    return query
