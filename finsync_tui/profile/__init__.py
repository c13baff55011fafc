"""A company's configuration: layers of TOML and CSV, merged, checked, never holding a secret."""

from finsync_tui.profile import patterns
from finsync_tui.profile.check import check, check_rules
from finsync_tui.profile.durations import Due
from finsync_tui.profile.model import (
    CONDITIONS,
    Breaker,
    Flow,
    LegalEntitySetup,
    MappingRow,
    Profile,
    Retry,
    Schedule,
    Segment,
    is_condition,
)
from finsync_tui.profile.overlay import load, load_people, load_rules, shipped
from finsync_tui.profile.people import Governance, Person, Role, Staff
from finsync_tui.profile.people_check import INVITATIONS, SIGN_INS
from finsync_tui.profile.problem import Problem, ProfileProblemsError

__all__ = [
    "CONDITIONS",
    "INVITATIONS",
    "SIGN_INS",
    "Breaker",
    "Due",
    "Flow",
    "Governance",
    "LegalEntitySetup",
    "MappingRow",
    "Person",
    "Problem",
    "Profile",
    "ProfileProblemsError",
    "Retry",
    "Role",
    "Schedule",
    "Segment",
    "Staff",
    "check",
    "check_rules",
    "is_condition",
    "load",
    "load_people",
    "load_rules",
    "patterns",
    "shipped",
]
