"""What the invoice flow decides by: orders and receipts, duplicates, approval, tax, accounts."""
