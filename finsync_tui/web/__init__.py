"""The workbench in a browser: the same program, a process of its own for each tab, behind a token on loopback."""
