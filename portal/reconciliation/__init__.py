"""The books against those of others: payment providers, carriers and the bank; every difference is explained."""
