"""Settings: `hub.toml` and the environment, read once in `hub.app` and passed down.

`HANDOFF_` variables override the file, nested by `__` (`HANDOFF_HUB__PORT=9000`). A secret is never in the file as
itself: `token_env`, `token_file` or `token_sha256` names it. What the law needs declared has no default: each
organization's posture, the operator's relation to it, the state policy, and what a destination does after a
permanent failure. Unset, the hub refuses to start (part2 P9).
"""

from hub.settings.alarm import AlarmSection, EmailSection, WebhookSection
from hub.settings.audit import AuditSection, SyslogSection
from hub.settings.authorization import ApiKeySection, AuthorizationSection, BasicSection, SmartSection
from hub.settings.client_jwt import ClientJwtSection
from hub.settings.consent import ConsentSection
from hub.settings.destination import DestinationSection, PartnerSection, RouteSection
from hub.settings.keys import AwsKmsSection, KeysSection, Pkcs11Section, VaultSection
from hub.settings.labels import LabelsSection
from hub.settings.load import ENVIRONMENT, load, parse
from hub.settings.metrics import MetricsSection
from hub.settings.mllp import ApplicationAckSection, ClientTlsSection, FeedSection, MllpSection
from hub.settings.organization import (
    SID_ORGANIZATION,
    AffiliationSection,
    AgencySection,
    ExchangeSection,
    OrganizationSection,
)
from hub.settings.retention import RetentionSection
from hub.settings.secret import Secret
from hub.settings.section import is_loopback
from hub.settings.service import HubSection, Operator
from hub.settings.settings import Settings
from hub.settings.source import SourceSection, SqlSection
from hub.settings.state_policy import StatePolicy

__all__ = [
    "ENVIRONMENT",
    "SID_ORGANIZATION",
    "AffiliationSection",
    "AgencySection",
    "AlarmSection",
    "ApiKeySection",
    "ApplicationAckSection",
    "AuditSection",
    "AuthorizationSection",
    "AwsKmsSection",
    "BasicSection",
    "ClientJwtSection",
    "ClientTlsSection",
    "ConsentSection",
    "DestinationSection",
    "EmailSection",
    "ExchangeSection",
    "FeedSection",
    "HubSection",
    "KeysSection",
    "LabelsSection",
    "MetricsSection",
    "MllpSection",
    "Operator",
    "OrganizationSection",
    "PartnerSection",
    "Pkcs11Section",
    "RetentionSection",
    "RouteSection",
    "Secret",
    "Settings",
    "SmartSection",
    "SourceSection",
    "SqlSection",
    "StatePolicy",
    "SyslogSection",
    "VaultSection",
    "WebhookSection",
    "is_loopback",
    "load",
    "parse",
]
