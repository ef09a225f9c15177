"""An agent's prepaid money: a face on guarded ledger accounts."""
