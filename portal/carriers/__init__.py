"""Reach the carriers: one protocol, one package a carrier, and errors that say what is known of the outcome."""
