"""The steps of an order on its way to the ERP, by what they are about."""
