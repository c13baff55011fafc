"""One supplier, once: which supplier is this, which stand twice, and what is the one record of them."""
