"""What every capability stands on: settings, database, outbox, queue, money, clock, errors, mail."""
