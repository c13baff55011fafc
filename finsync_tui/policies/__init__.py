"""What the company's own rules say of a document: written in CEL, checked against the contracts, tested by tables.

    profile.policies --checking--> fits the contracts --language--> programs --deciding--> verdicts

`decisions` names what can be decided, and by which documents; docs/policies.md is for those who write rules.
"""

from __future__ import annotations
