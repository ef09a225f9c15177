"""Double-entry bookkeeping in transfers: every row moves a positive amount between two accounts."""
