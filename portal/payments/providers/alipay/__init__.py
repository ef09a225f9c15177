"""Alipay's open platform, for operators who have an app of their own there."""
