"""Cards, and Alipay and WeChat Pay for those who have no account there, through Stripe."""
