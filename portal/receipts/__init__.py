"""Receipts: frozen content, a gapless number, a file that anybody can verify."""
