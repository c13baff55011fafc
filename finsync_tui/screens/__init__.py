"""The terminal workbench. Screens read the views and call `actions`; they hold no rules."""
