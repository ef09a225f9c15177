"""Agents: who they are, whether they may sell, and what they earn."""
