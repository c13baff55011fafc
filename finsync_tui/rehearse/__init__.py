"""Rehearsal: a seeded company, simulated systems with planted trouble, virtual time. Also the demo."""
