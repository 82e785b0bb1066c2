"""The tables. One noun each; its functions are in the module of that name.

No column holds an identifier or text of a payload: bodies and what could name a person are in `sealed`, values to
find by are blind indexes, ids of resources are keyed. `migrations/` makes the same tables (a test compares).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

#: "Never leased": before any clock.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware time: `timestamptz` on PostgreSQL, seconds since 1970 as a REAL on SQLite (microseconds survive).

    Raises ValueError for a naive time: which zone it is in must not be guessed.
    """

    impl = Float
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Float(53))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value if dialect.name == "postgresql" else value.timestamp()

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None or isinstance(value, datetime):
            return None if value is None else value.astimezone(UTC)
        return datetime.fromtimestamp(value, UTC)


class Codes(TypeDecorator[Any]):
    """JSON of codes, ids and counts as bytes. Not for values: those are sealed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From the database."""
        return None if value is None else orjson.loads(value)


#: SQLite gives 64-bit row ids to INTEGER only.
Id = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


# sqlite_autoincrement everywhere: the id of a deleted row is never given again.


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


sealed = Table(
    "sealed",
    metadata,
    Column("noun", String(32), primary_key=True),
    Column("noun_id", Id, primary_key=True, autoincrement=False),
    Column("part", String(32), primary_key=True),
    Column("custody", String(255), nullable=False),
    Column("label", String(2000), nullable=False),
    Column("kid", String(255), nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Index(None, "custody", "kid"),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("source", String(255), nullable=False),
    Column("custody", String(255), nullable=False),
    Column("organization", String(255), nullable=False),
    Column("control", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("issues", Codes),
    Column("lineage", Id, ForeignKey("message.id")),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("owner", String(64)),
    Column("finished_at", Instant),
    # since when what is kept is what the CJIS gate let through, and not the bytes as they came
    Column("gated_at", Instant),
    UniqueConstraint("source", "control"),
    # one for what waits, oldest first, for lists by state and for the counts: every input pays for each index
    Index(None, "state", "id"),
    Index("ix_message_lineage", "lineage", **_where("lineage IS NOT NULL")),
    sqlite_autoincrement=True,
)

application_ack = Table(
    "application_ack",
    metadata,
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("source", String(255), nullable=False),
    Column("asked", String(2), nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("code", String(2)),
    Column("settled_at", Instant),
    Index("ix_application_ack_owed", "source", "message_id", **_where("state = 'owed'")),
)

document = Table(
    "document",
    metadata,
    _id(),
    Column("resource_type", String(64), nullable=False),
    Column("resource_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("custody", String(255), nullable=False),
    Column("origin", String(255)),
    Column("patient_id", String(64)),
    Column("incident_key", LargeBinary),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("digest", LargeBinary, nullable=False),
    Column("labels", Codes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("current", Boolean(create_constraint=False), nullable=False),
    Column("deleted", Boolean(create_constraint=False), nullable=False),
    UniqueConstraint("resource_type", "resource_id", "version"),
    Index(None, "patient_id", "resource_type"),
    Index(None, "incident_key"),
    Index(None, "message_id"),
    sqlite_autoincrement=True,
)

lane = Table(
    "lane",
    metadata,
    _id(),
    Column("destination", String(255), nullable=False),
    Column("order_key", String(255), nullable=False),
    Column("depth", Integer, nullable=False),
    # the last position given: per-lane order does not depend on how ids are handed out
    Column("tail", Id, nullable=False, autoincrement=False),
    Column("ready_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("owner", String(64)),
    Column("fence", Id, nullable=False, autoincrement=False),
    Column("attempts", Integer, nullable=False),
    Column("blocked", String(255)),
    UniqueConstraint("destination", "order_key"),
    Index("ix_lane_held", "destination", **_where("owner IS NOT NULL")),
    Index("ix_lane_ready", "ready_at", **_where("depth > 0 AND blocked IS NULL")),
    Index("ix_lane_destination_ready", "destination", "ready_at", **_where("depth > 0 AND blocked IS NULL")),
    sqlite_autoincrement=True,
)

# two order keys are one person: what comes under the first goes into the lanes of the other
joined = Table(
    "joined",
    metadata,
    Column("order_key", String(255), primary_key=True),
    Column("into", String(255), nullable=False),
    Column("at", Instant, nullable=False),
)

# joins that wait for what is just being sent
join_due = Table(
    "join_due",
    metadata,
    _id(),
    Column("order_key", String(255), nullable=False),
    Column("into", String(255), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("order_key", "into"),
    sqlite_autoincrement=True,
)

gate = Table(
    "gate",
    metadata,
    Column("destination", String(255), primary_key=True),
    Column("failures", Integer, nullable=False),
    # how often in a row the connection was found broken; the lane whose head is sent to see whether it still is
    Column("trips", Integer, nullable=False),
    Column("probe", Id),
    Column("open_until", Instant),
    Column("opened_at", Instant),
    Column("paused_at", Instant),
    Column("paused_by", String(255)),
    Column("drain_to", Id),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("lane_id", Id, ForeignKey("lane.id"), nullable=False),
    Column("position", Id, nullable=False, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("task_id", String(64)),
    Column("custody", String(255), nullable=False),
    Column("control_id", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("decided", String(255)),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("acknowledged", Integer, nullable=False),
    Column("last_error", String(255)),
    Column("replay_of", Id, ForeignKey("delivery.id")),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Index("ix_delivery_head", "lane_id", "position", unique=True, **_where("state = 'ready'")),
    Index(None, "message_id"),
    Index(None, "task_id"),
    Index(None, "control_id"),
    Index("ix_delivery_replay_of", "replay_of", **_where("replay_of IS NOT NULL")),
    sqlite_autoincrement=True,
)

# The second and further v2 messages of a delivery; the first one's control id is the delivery's own.
further_message = Table(
    "further_message",
    metadata,
    Column("delivery_id", Id, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("control_id", String(255), nullable=False),
    Index(None, "control_id"),
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(64)),
    Column("error", String(255)),
    Column("receipt", String(255)),
    Index(None, "delivery_id"),
    sqlite_autoincrement=True,
)

referral = Table(
    "referral",
    metadata,
    Column("task_id", String(64), primary_key=True),
    Column("service_request_id", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("destination", String(255), nullable=False),
    Column("organization", String(255), nullable=False),
    Column("custody", String(255), nullable=False),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("urgency", String(32), nullable=False),
    Column("status", String(32), nullable=False),
    Column("business_status", String(64), nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("respond_by", Instant),
    Column("follow_up_by", Instant),
    Column("control_id", String(255)),
    Column("remote_id", String(255)),
    Column("answered_at", Instant),
    Column("closed_at", Instant),
    Index(None, "destination", "remote_id"),
    Index(None, "destination", "control_id"),
    Index(None, "patient_id"),
    Index("ix_referral_unanswered", "respond_by", **_where("answered_at IS NULL AND closed_at IS NULL")),
)

answer = Table(
    "answer",
    metadata,
    _id(),
    Column("task_id", String(64), ForeignKey("referral.task_id"), nullable=False),
    Column("destination", String(255), nullable=False),
    Column("custody", String(255), nullable=False),
    Column("control", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("decision", String(64), nullable=False),
    UniqueConstraint("destination", "control"),
    Index(None, "task_id"),
    sqlite_autoincrement=True,
)

hold = Table(
    "hold",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("owner_role", String(64), nullable=False),
    Column("subject_type", String(64), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("custody", String(255), nullable=False),
    Column("task_id", String(64)),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("created_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("resolved_by", String(255)),
    Column("resolved_at", Instant),
    Column("reason_code", String(64)),
    Index("ix_hold_open", "kind", "subject_type", "subject_id", **_where("state = 'open'")),
    Index(None, "task_id"),
    Index(None, "message_id"),
    sqlite_autoincrement=True,
)

alarm = Table(
    "alarm",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("subject_type", String(64), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("custody", String(255), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("acknowledged_by", String(255)),
    Column("acknowledged_at", Instant),
    Column("cleared_at", Instant),
    Index(
        "ix_alarm_open",
        "kind",
        "subject_type",
        "subject_id",
        unique=True,
        **_where("acknowledged_at IS NULL AND cleared_at IS NULL"),
    ),
    Index("ix_alarm_next", "next_at", **_where("acknowledged_at IS NULL AND cleared_at IS NULL")),
    Index(None, "subject_id"),
    sqlite_autoincrement=True,
)

disclosure = Table(
    "disclosure",
    metadata,
    _id(),
    Column("delivery_id", Id, ForeignKey("delivery.id")),
    Column("discloser", String(255), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("patient", LargeBinary, nullable=False),
    Column("what", Codes, nullable=False),
    Column("consents", Codes, nullable=False),
    # how it went, and the rules under which it did: fixed words of the decision, no values
    Column("manner", String(16), nullable=False),
    Column("basis", Codes, nullable=False),
    Column("part2", Boolean(create_constraint=False), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("intended_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index(None, "discloser", "patient", "intended_at"),
    Index(None, "delivery_id"),
    Index("ix_disclosure_unsettled", "id", **_where("state = 'intended'")),
    sqlite_autoincrement=True,
)

# What a patient asked to restrict, and what became of it. The request's own words are sealed.
restriction = Table(
    "restriction",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("patient", LargeBinary, nullable=False),
    Column("consent_id", String(64), nullable=False),
    Column("recipient", String(255)),
    Column("purposes", Codes, nullable=False),
    Column("sensitivities", Codes, nullable=False),
    Column("health_plan", Boolean(create_constraint=False), nullable=False),
    Column("self_paid", Boolean(create_constraint=False), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("taken_by", String(255), nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", String(255)),
    Column("reason_code", String(64)),
    Column("informed_at", Instant),
    Index(None, "custody", "patient"),
    sqlite_autoincrement=True,
)

# An official's statement that an accounting would impede what they do: until when it says nothing of them.
suspension = Table(
    "suspension",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("patient", LargeBinary, nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("written", Boolean(create_constraint=False), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("taken_by", String(255), nullable=False),
    Index(None, "custody", "patient"),
    sqlite_autoincrement=True,
)

decision = Table(
    "decision",
    metadata,
    _id(),
    Column("message_id", Id, ForeignKey("message.id")),
    Column("task_id", String(64)),
    Column("custody", String(255), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Index(None, "message_id"),
    Index(None, "task_id"),
    sqlite_autoincrement=True,
)

trace = Table(
    "trace",
    metadata,
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("step", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(32), nullable=False),
    Column("detail", Codes, nullable=False),
)

# What one source says of one incident. `made`: the resources that its incident became when it was read.
telling = Table(
    "telling",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("source", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("number_key", LargeBinary),
    Column("case_key", LargeBinary),
    Column("document_key", LargeBinary),
    Column("message_id", Id, ForeignKey("message.id"), nullable=False),
    Column("place", Integer, nullable=False),
    # a message read again keeps the place in time of the one it repeats
    Column("first_id", Id, nullable=False, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("made", Codes, nullable=False),
    UniqueConstraint("message_id", "place"),
    Index(None, "number_key"),
    Index(None, "case_key"),
    Index("ix_telling_document_key", "document_key", **_where("document_key IS NOT NULL")),
    sqlite_autoincrement=True,
)

unmapped = Table(
    "unmapped",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("source", String(255), nullable=False),
    Column("field", String(255), nullable=False),
    Column("code_key", LargeBinary, nullable=False),
    UniqueConstraint("source", "field", "code_key"),
    sqlite_autoincrement=True,
)

unmapped_use = Table(
    "unmapped_use",
    metadata,
    Column("unmapped_id", Id, ForeignKey("unmapped.id"), primary_key=True, autoincrement=False),
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    # when the bytes came first: reading them again is no new sight of the code
    Column("seen_at", Instant, nullable=False),
    Index(None, "message_id"),
)

# What must not be disposed of, by whose order; `subject` is a keyed id or the hexadecimal digits of a blind index.
investigation_find = Table(
    "investigation_find",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("found_by", String(255), nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("settled_by", String(255)),
    Column("settled_at", Instant),
    Column("settled_as", String(32)),
    Column("reported_by", String(255)),
    Column("reported_at", Instant),
    Column("report", String(64)),
    Index("ix_investigation_find_standing", "custody", "patient_id", **_where("settled_at IS NULL")),
    sqlite_autoincrement=True,
)

legal_hold = Table(
    "legal_hold",
    metadata,
    _id(),
    Column("custody", String(255), nullable=False),
    Column("subject_type", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("placed_by", String(255), nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("lifted_by", String(255)),
    Column("lifted_at", Instant),
    Index("ix_legal_hold_standing", "custody", "subject_type", "subject", **_where("lifted_at IS NULL")),
    sqlite_autoincrement=True,
)

# The passphrase's hash and the secret of the codes are sealed; the name is a colleague's, as the audit has it.
account = Table(
    "account",
    metadata,
    _id(),
    Column("name", String(80), nullable=False),
    Column("custodies", Codes, nullable=False),
    # by organization: what the person may do there
    Column("roles", Codes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(255), nullable=False),
    # the time step of the last code that was used: none is good twice
    Column("code_step", Id, nullable=False, autoincrement=False),
    Column("failures", Integer, nullable=False),
    Column("failed_at", Instant),
    Column("locked_at", Instant),
    Column("removed_at", Instant),
    Column("used_at", Instant),
    Index("ix_account_name", "name", unique=True, **_where("removed_at IS NULL")),
    sqlite_autoincrement=True,
)

credential = Table(
    "credential",
    metadata,
    _id(),
    Column("source", String(255), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", String(255), nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("revoked_by", String(255)),
    Index("ix_credential_standing", "source", **_where("revoked_at IS NULL")),
    sqlite_autoincrement=True,
)

# A token that a client signed itself and showed: good once, and forgotten when it has ended.
client_jwt = Table(
    "client_jwt",
    metadata,
    Column("seen_as", LargeBinary, primary_key=True),
    Column("until", Instant, nullable=False),
    Index(None, "until"),
)

session = Table(
    "session",
    metadata,
    _id(),
    Column("token", LargeBinary, nullable=False),
    Column("person", String(255), nullable=False),
    Column("custody", String(255), nullable=False),
    # none: by a one-time token
    Column("account", Id),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    UniqueConstraint("token"),
    sqlite_autoincrement=True,
)

mark = Table(
    "mark",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("value", Codes, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Literal, not bound: SQLite uses a partial index only when it can see the condition.
READY: ColumnElement[str] = literal_column("'ready'")
INTENDED: ColumnElement[str] = literal_column("'intended'")
ZERO: ColumnElement[int] = literal_column("0")
ONE: ColumnElement[int] = literal_column("1")


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases write alike."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
