"""Make a difference good by an entry: one person proposes it, another agrees, then it is posted. Nothing is edited."""

from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock
from portal.core.actor import WORKER, Actor
from portal.core.db import db, existing
from portal.core.errors import InvalidInput, NotAllowed
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.ledger.errors import NotCovered
from portal.ledger.journal import EntryDraft, Line
from portal.payments.models import Payment, PaymentState
from portal.reconciliation import explaining, naming, queries, sources
from portal.reconciliation.errors import DifferenceMoved, MendOverdraws, MendProposed, SameProposer
from portal.reconciliation.models import (
    Difference,
    DifferenceKind,
    DifferenceState,
    Mend,
    MendState,
    ReconciledAccount,
    ReportSource,
    SourceKind,
)


def compared_account(source: ReportSource) -> AccountRef:
    """Give the account that is compared with a source."""
    match source.kind:
        case SourceKind.PROVIDER:
            return chart.clearing(source.name)
        case SourceKind.CARRIER:
            return chart.carrier_payable(source.name)
        case SourceKind.BANK:
            return chart.BANK


def counter_accounts(difference: Difference, source: ReportSource) -> list[AccountRef]:
    """List what may stand against the compared account in an entry that mends a difference.

    Nothing may for a held payment: finance decides on it on its own page, and an entry would book the same money again.
    """
    if _is_held(difference):
        return []
    if source.kind is SourceKind.CARRIER:
        return [chart.CARRIER_COST, chart.WRITE_OFF]
    accounts = [chart.PROVIDER_FEES, chart.WRITE_OFF]
    if source.kind is SourceKind.PROVIDER and difference.payment_id is not None:
        accounts.append(chart.agent_wallet(db.session.get_one(Payment, difference.payment_id).agent_id))
    return accounts


def line_of(mend: Mend, source: ReportSource) -> Line:
    """Tell which transfer a mend is."""
    kind, _, owner = mend.counter_account.partition(":")
    compared, counter = compared_account(source), AccountRef(kind, owner or None)
    # What a carrier is owed grows on the credit side; money at providers and the bank on the debit side.
    is_debited = (mend.gap_minor > 0) is (source.kind is not SourceKind.CARRIER)
    debit, credit = (compared, counter) if is_debited else (counter, compared)
    return Line(debit, credit, abs(mend.gap_minor))


def propose(*, difference_id: UUID, counter_account: str, note: str, actor: Actor) -> Mend:
    """Propose the entry that makes our side say what theirs does.

    Raises:
        InvalidInput: the account is none of those offered, or the note is missing or too long.
        MendProposed: somebody proposed one already.
        DifferenceMoved: both sides say the same by now.
        NotFound: there is no such difference.
        NotAllowed: only users propose.
    """
    if actor.id is None:
        raise NotAllowed
    words = explaining.checked_note(note)
    difference = explaining.locked(difference_id)
    source = db.session.get_one(ReportSource, difference.source_id)
    if counter_account not in {account.name for account in counter_accounts(difference, source)}:
        raise InvalidInput(field="counter_account", reason="choice_unknown")
    if _proposed(difference_id) is not None:
        raise MendProposed
    mend = Mend(
        difference_id=difference_id,
        counter_account=counter_account,
        currency=difference.currency,
        gap_minor=difference.gap.minor,
        note=words,
        proposed_by=actor.id,
        proposed_by_name=actor.name,
    )
    db.session.add(mend)
    db.session.flush()  # written before it is recorded
    _record("reconciliation.propose_mend", mend, difference, actor)
    return mend


def approve(*, mend_id: UUID, actor: Actor) -> Mend:
    """Agree to an entry that somebody else proposed, and post it.

    Raises:
        SameProposer: the actor proposed it.
        DifferenceMoved: it was decided, the sides say something else than when it was proposed, or something was booked
            about it since they were compared.
        MendOverdraws: the agent's wallet does not cover it.
        NotFound: there is none.
        NotAllowed: only users agree.
    """
    if actor.id is None:
        raise NotAllowed
    mend, difference = _waiting(mend_id)
    if mend.proposed_by == actor.id:
        raise SameProposer
    source = db.session.get_one(ReportSource, difference.source_id)
    if not _still_fits(mend, difference, source):
        raise DifferenceMoved
    _decide(mend, MendState.POSTED, actor)
    try:
        journal.post(_entry(mend, source))
    except NotCovered as error:
        raise MendOverdraws from error
    difference.ours_minor += mend.gap_minor
    difference.state, difference.explanation, difference.ended_at = DifferenceState.MENDED, None, clock.now()
    account = db.session.get(
        ReconciledAccount, (source.id, difference.currency), with_for_update=True, populate_existing=True
    )
    if account is not None:
        account.ours_minor += mend.gap_minor
    db.session.flush()  # written before it is recorded
    _record("reconciliation.approve_mend", mend, difference, actor)
    return mend


def refuse(*, mend_id: UUID, actor: Actor) -> Mend:
    """Refuse a proposed entry, or take one's own back; the difference stays as it is.

    Raises:
        DifferenceMoved: it was decided already.
        NotFound: there is none.
        NotAllowed: only users refuse.
    """
    if actor.id is None:
        raise NotAllowed
    mend, difference = _waiting(mend_id)
    _decide(mend, MendState.REFUSED, actor)
    db.session.flush()  # written before it is recorded
    _record("reconciliation.refuse_mend", mend, difference, actor)
    return mend


def lapse(source: ReportSource) -> None:
    """Close what is proposed for differences of a source that nobody can post any more; whoever compares does it."""
    waiting = db.session.execute(
        select(Mend, Difference)
        .join(Difference, Difference.id == Mend.difference_id)
        .where(Difference.source_id == source.id, Mend.state == MendState.PROPOSED)
        .order_by(Mend.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for mend, difference in waiting:
        if has_lapsed(mend, difference):
            _decide(mend, MendState.LAPSED, WORKER)
            db.session.flush()  # written before it is recorded
            _record("reconciliation.lapse_mend", mend, difference, WORKER)


def has_lapsed(mend: Mend, difference: Difference) -> bool:
    """Tell whether what was proposed makes nothing good any more.

    Its difference is settled or has another sum, or is of a held payment, which is decided on its own page.
    """
    is_held = difference.kind is DifferenceKind.HELD_PAYMENT
    return not difference.is_standing or difference.gap != mend.gap or is_held


def _is_held(difference: Difference) -> bool:
    if difference.kind is DifferenceKind.HELD_PAYMENT:
        return True
    # It may have come to be held since the two sides were compared.
    key = naming.read(difference.key)
    is_about_payment = (key.about, key.part) == ("payment", "paid")
    return is_about_payment and db.session.get_one(Payment, key.id, populate_existing=True).state is PaymentState.HELD


def _still_fits(mend: Mend, difference: Difference, source: ReportSource) -> bool:
    if has_lapsed(mend, difference):
        return False
    if mend.counter_account not in {account.name for account in counter_accounts(difference, source)}:
        return False
    # The sums are those of the last comparison: a payment that was open then may have been booked since.
    entries = queries.entries_of(difference, queries.lines_of(difference))
    return all(entry.posted_at <= difference.seen_at for entry in entries)


def _entry(mend: Mend, source: ReportSource) -> EntryDraft:
    return EntryDraft(
        key=f"mend:{mend.id}",
        kind="mend",
        subject_kind="difference",
        subject_id=mend.difference_id,
        currency=mend.currency,
        lines=(line_of(mend, source),),
    )


def _waiting(mend_id: UUID) -> tuple[Mend, Difference]:
    mend = existing(db.session.get(Mend, mend_id))
    source_id = db.session.get_one(Difference, mend.difference_id).source_id
    # The source first: nobody matches a line at the bank about the same money, or compares, between look and entry.
    sources.lock(db.session.get_one(ReportSource, source_id))
    # Then the difference, as everywhere: who proposes, explains and agrees goes one after the other.
    difference = db.session.get_one(Difference, mend.difference_id, with_for_update=True, populate_existing=True)
    db.session.refresh(mend)
    if mend.state is not MendState.PROPOSED:
        raise DifferenceMoved
    return mend, difference


def _proposed(difference_id: UUID) -> Mend | None:
    return db.session.scalar(select(Mend).where(Mend.difference_id == difference_id, Mend.state == MendState.PROPOSED))


def _decide(mend: Mend, state: MendState, actor: Actor) -> None:
    mend.state, mend.decided_by, mend.decided_by_name, mend.decided_at = state, actor.id, actor.name, clock.now()


def _record(act: str, mend: Mend, difference: Difference, actor: Actor) -> None:
    log.record(
        actor=actor,
        act=act,
        subject=("difference", difference.id),
        after={
            "reference": difference.reference,
            "counter_account": mend.counter_account,
            "gap_minor": mend.gap_minor,
            "currency": mend.currency,
            "note": mend.note,
        },
    )
