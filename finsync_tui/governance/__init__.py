"""What takes two persons: which version of the company's own rules they signed, and whose duties belong apart."""
