"""Which version of the company's own rules is in force: that of the layers, or one that two persons signed."""
