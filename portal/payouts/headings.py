"""Under which heading of a statement a movement of earned commission falls, as the database works it out."""

OF_MOVED = """
    CASE WHEN moved.kind = 'payout' THEN 'paid_out'
         WHEN moved.kind = 'commission' THEN 'to_wallet'
         WHEN subject_kind NOT IN ('renewal', 'dispute') THEN 'other'
         WHEN moved.kind <> 'deliver' THEN 'clawbacks'
         WHEN amount < 0 THEN 'promotions'
         WHEN counter.kind = 'escrow' THEN 'fees'
         WHEN renewals.agent_id <> moved.agent_id THEN 'overrides'
         ELSE 'shares' END
"""
"""Of a row `moved` (agent_id, kind, subject_kind, signed amount), its `counter` account, and its renewal, if joined."""
