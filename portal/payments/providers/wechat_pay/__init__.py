"""WeChat Pay's API v3, for operators who are a merchant there."""
