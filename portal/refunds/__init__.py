"""Money that goes back after a delivery: refunds with their credit notes, and disputes of payers."""
