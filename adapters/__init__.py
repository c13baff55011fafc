"""Adapters, one folder a system. Found by folder or by the entry point `finsync.adapters`, imported when
used.
"""
