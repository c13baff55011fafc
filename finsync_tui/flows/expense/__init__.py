"""What the expense flow decides by: totals, approval, accounts, posting, words. All pure but for look-ups."""
