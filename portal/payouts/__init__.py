"""What agents have earned: paid out by bank, moved to their wallets, and accounted for every month."""
