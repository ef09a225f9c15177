"""Import a CSV file into the catalogue: bring it, look at what would change, then apply all of it or nothing."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from portal.audit import log
from portal.catalogue import offers, plans, queries, sheet
from portal.catalogue.errors import ImportFaulty, PreviewChanged
from portal.catalogue.models import CatalogueImport
from portal.catalogue.offers import FieldChange
from portal.catalogue.sheet import Fault, PlanRow, Sheet
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import NotAllowed
from portal.core.ids import new_id


@dataclass(frozen=True, slots=True)
class ChangedPlan:
    """A plan that stands otherwise than its line says, and what would change; a retired one stays retired."""

    row: PlanRow
    version: int
    """The version that stands now."""
    changes: list[FieldChange]
    is_retired: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying a file would do now."""

    new: list[PlanRow]
    changed: list[ChangedPlan]
    unchanged: list[PlanRow]
    faults: list[Fault]

    @property
    def changes_nothing(self) -> bool:
        """Whether the catalogue says all of it already."""
        return not (self.new or self.changed)

    @property
    def digest(self) -> str:
        """A fingerprint of what would be done: shown with the preview, sent back with the confirmation."""
        done = [(row.code, row.offer) for row in self.new], [(plan.row.code, plan.changes) for plan in self.changed]
        return hashlib.sha256(repr(done).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """How many plans an import added, changed and found as they are."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def bring(content: bytes, *, actor: Actor) -> CatalogueImport:
    """Keep a file for its preview. Nothing of the catalogue changes yet.

    Raises:
        InvalidInput: the file as a whole cannot be read; faulty lines are shown in the preview instead.
    """
    if actor.id is None:
        raise NotAllowed
    text = sheet.decode(content)
    sheet.read(text)  # only for its refusals: the preview reads again, against the catalogue of that moment
    brought = CatalogueImport(id=new_id(), brought_by=actor.id, csv_text=text)
    db.session.add(brought)
    db.session.flush()
    log.record(
        actor=actor,
        act="catalogue.bring_import",
        subject=("catalogue_import", brought.id),
        after={"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
    )
    return brought


def preview(brought: CatalogueImport) -> Preview:
    """Compare a file with the catalogue as it stands."""
    return _compare(sheet.read(brought.csv_text))


def apply(import_id: UUID, *, actor: Actor, shown: str | None = None) -> Applied:
    """Add and change the plans that a file brings, all together; applying it again changes nothing.

    Args:
        import_id: the file that was brought.
        actor: who confirms.
        shown: the digest of the preview that was confirmed.

    Raises:
        ImportFaulty: a line of it is faulty.
        PreviewChanged: it would not do what `shown` stands for.
        NotFound: there is no such import.
    """
    plans.wait_for_turn()
    brought = queries.import_by_id(import_id)
    db.session.refresh(brought)  # a turn before ours may have applied it
    if brought.applied_at is not None:
        return Applied()
    found = preview(brought)
    if shown not in (None, found.digest):
        raise PreviewChanged
    applied = _write(found, actor=actor)
    brought.applied_at = clock.now()
    db.session.flush()
    log.record(
        actor=actor,
        act="catalogue.apply_import",
        subject=("catalogue_import", import_id),
        after={"added": applied.added, "changed": applied.changed, "unchanged": applied.unchanged},
    )
    return applied


def load(content: bytes, *, actor: Actor) -> Applied:
    """Write a whole file into the catalogue at once, from the command line.

    Raises:
        InvalidInput: the file as a whole cannot be read.
        ImportFaulty: a line of it is faulty.
    """
    plans.wait_for_turn()
    return _write(_compare(sheet.read(sheet.decode(content))), actor=actor)


def _compare(read: Sheet) -> Preview:
    found = Preview([], [], [], read.faults)
    standing = queries.current_by_code([row.code for row in read.rows])
    for row in read.rows:
        version = standing.get(row.code)
        if version is None:
            found.new.append(row)
        elif changes := offers.of_version(version).differences(row.offer):
            found.changed.append(ChangedPlan(row, version.version, changes, version.plan.is_retired))
        else:
            found.unchanged.append(row)
    return found


def _write(found: Preview, *, actor: Actor) -> Applied:
    if found.faults:
        raise ImportFaulty(count=len(found.faults))
    rows = [*found.new, *(plan.row for plan in found.changed)]
    plans.write({row.code: row.offer for row in rows}, actor=actor)
    return Applied(len(found.new), len(found.changed), len(found.unchanged))
