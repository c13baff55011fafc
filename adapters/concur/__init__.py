"""SAP Concur: expense reports and the financial documents that they become."""
