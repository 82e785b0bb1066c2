"""The first tables.

Revision: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# written out here, not imported: a migration stays as it was when the tables have moved on
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.Float(53).with_variant(sa.DateTime(timezone=True), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "alarm",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_type", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=255), nullable=True),
        sa.Column("acknowledged_at", TIME, nullable=True),
        sa.Column("cleared_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alarm_next", "alarm", ["next_at"], unique=False, **_where("acknowledged_at IS NULL AND cleared_at IS NULL")
    )
    op.create_index(
        "ix_alarm_open",
        "alarm",
        ["kind", "subject_type", "subject_id"],
        unique=True,
        **_where("acknowledged_at IS NULL AND cleared_at IS NULL"),
    )
    op.create_index(op.f("ix_alarm_subject_id"), "alarm", ["subject_id"], unique=False)
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", ID, autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_event",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "gate",
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("probe", ID, nullable=True),
        sa.Column("open_until", TIME, nullable=True),
        sa.Column("opened_at", TIME, nullable=True),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("paused_by", sa.String(length=255), nullable=True),
        sa.Column("drain_to", ID, nullable=True),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_gate")),
    )
    op.create_table(
        "joined",
        sa.Column("order_key", sa.String(length=255), nullable=False),
        sa.Column("into", sa.String(length=255), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("order_key", name=op.f("pk_joined")),
    )
    op.create_table(
        "lane",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("order_key", sa.String(length=255), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("tail", ID, autoincrement=False, nullable=False),
        sa.Column("ready_at", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("fence", ID, autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("destination", "order_key", name=op.f("uq_lane_destination_order_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_lane_destination_ready",
        "lane",
        ["destination", "ready_at"],
        unique=False,
        **_where("depth > 0 AND blocked IS NULL"),
    )
    op.create_index("ix_lane_held", "lane", ["destination"], unique=False, **_where("owner IS NOT NULL"))
    op.create_index("ix_lane_ready", "lane", ["ready_at"], unique=False, **_where("depth > 0 AND blocked IS NULL"))
    op.create_table(
        "mark",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("organization", sa.String(length=255), nullable=False),
        sa.Column("control", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("issues", sa.LargeBinary(), nullable=True),
        sa.Column("lineage", ID, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("gated_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["lineage"], ["message.id"], name=op.f("fk_message_lineage")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("source", "control", name=op.f("uq_message_source_control")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_lineage", "message", ["lineage"], unique=False, **_where("lineage IS NOT NULL"))
    op.create_index(op.f("ix_message_state_id"), "message", ["state", "id"], unique=False)
    op.create_table(
        "sealed",
        sa.Column("noun", sa.String(length=32), nullable=False),
        sa.Column("noun_id", ID, autoincrement=False, nullable=False),
        sa.Column("part", sa.String(length=32), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=2000), nullable=False),
        sa.Column("kid", sa.String(length=255), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("noun", "noun_id", "part", name=op.f("pk_sealed")),
    )
    op.create_index(op.f("ix_sealed_custody_kid"), "sealed", ["custody", "kid"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("account", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token", name=op.f("uq_session_token")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decision",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_decision_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decision_message_id"), "decision", ["message_id"], unique=False)
    op.create_index(op.f("ix_decision_task_id"), "decision", ["task_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("lane_id", ID, nullable=False),
        sa.Column("position", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("control_id", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("decided", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("acknowledged", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=255), nullable=True),
        sa.Column("replay_of", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_delivery_lane_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_message_id")),
        sa.ForeignKeyConstraint(["replay_of"], ["delivery.id"], name=op.f("fk_delivery_replay_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_control_id"), "delivery", ["control_id"], unique=False)
    op.create_index("ix_delivery_head", "delivery", ["lane_id", "position"], unique=True, **_where("state = 'ready'"))
    op.create_index(op.f("ix_delivery_message_id"), "delivery", ["message_id"], unique=False)
    op.create_index("ix_delivery_replay_of", "delivery", ["replay_of"], unique=False, **_where("replay_of IS NOT NULL"))
    op.create_index(op.f("ix_delivery_task_id"), "delivery", ["task_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("resource_type", sa.String(length=64), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=True),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("incident_key", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("labels", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_document_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "resource_type", "resource_id", "version", name=op.f("uq_document_resource_type_resource_id_version")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_document_incident_key"), "document", ["incident_key"], unique=False)
    op.create_index(op.f("ix_document_message_id"), "document", ["message_id"], unique=False)
    op.create_index(
        op.f("ix_document_patient_id_resource_type"), "document", ["patient_id", "resource_type"], unique=False
    )
    op.create_table(
        "hold",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("owner_role", sa.String(length=64), nullable=False),
        sa.Column("subject_type", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("resolved_by", sa.String(length=255), nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("reason_code", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_hold_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hold_message_id"), "hold", ["message_id"], unique=False)
    op.create_index(
        "ix_hold_open", "hold", ["kind", "subject_type", "subject_id"], unique=False, **_where("state = 'open'")
    )
    op.create_index(op.f("ix_hold_task_id"), "hold", ["task_id"], unique=False)
    op.create_table(
        "referral",
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("service_request_id", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("organization", sa.String(length=255), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("urgency", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("business_status", sa.String(length=64), nullable=False),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("respond_by", TIME, nullable=True),
        sa.Column("follow_up_by", TIME, nullable=True),
        sa.Column("control_id", sa.String(length=255), nullable=True),
        sa.Column("remote_id", sa.String(length=255), nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_referral_message_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_referral")),
    )
    op.create_index(op.f("ix_referral_destination_control_id"), "referral", ["destination", "control_id"], unique=False)
    op.create_index(op.f("ix_referral_destination_remote_id"), "referral", ["destination", "remote_id"], unique=False)
    op.create_index(op.f("ix_referral_patient_id"), "referral", ["patient_id"], unique=False)
    op.create_index(
        "ix_referral_unanswered",
        "referral",
        ["respond_by"],
        unique=False,
        **_where("answered_at IS NULL AND closed_at IS NULL"),
    )
    op.create_table(
        "trace",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_trace_message_id")),
        sa.PrimaryKeyConstraint("message_id", "seq", name=op.f("pk_trace")),
    )
    op.create_table(
        "telling",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number_key", sa.LargeBinary(), nullable=True),
        sa.Column("case_key", sa.LargeBinary(), nullable=True),
        sa.Column("document_key", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("first_id", ID, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_telling_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telling")),
        sa.UniqueConstraint("message_id", "place", name=op.f("uq_telling_message_id_place")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_telling_case_key"), "telling", ["case_key"], unique=False)
    op.create_index(
        "ix_telling_document_key", "telling", ["document_key"], unique=False, **_where("document_key IS NOT NULL")
    )
    op.create_index(op.f("ix_telling_number_key"), "telling", ["number_key"], unique=False)
    op.create_table(
        "unmapped",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("field", sa.String(length=255), nullable=False),
        sa.Column("code_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmapped")),
        sa.UniqueConstraint("source", "field", "code_key", name=op.f("uq_unmapped_source_field_code_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "unmapped_use",
        sa.Column("unmapped_id", ID, autoincrement=False, nullable=False),
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_unmapped_use_message_id")),
        sa.ForeignKeyConstraint(["unmapped_id"], ["unmapped.id"], name=op.f("fk_unmapped_use_unmapped_id")),
        sa.PrimaryKeyConstraint("unmapped_id", "message_id", name=op.f("pk_unmapped_use")),
    )
    op.create_index(op.f("ix_unmapped_use_message_id"), "unmapped_use", ["message_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("control", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["referral.task_id"], name=op.f("fk_answer_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("destination", "control", name=op.f("uq_answer_destination_control")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_answer_task_id"), "answer", ["task_id"], unique=False)
    op.create_table(
        "further_message",
        sa.Column("delivery_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("control_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_further_message_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_further_message")),
    )
    op.create_index(op.f("ix_further_message_control_id"), "further_message", ["control_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("receipt", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attempt_delivery_id"), "attempt", ["delivery_id"], unique=False)
    op.create_table(
        "disclosure",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("discloser", sa.String(length=255), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("consents", sa.LargeBinary(), nullable=False),
        sa.Column("manner", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("part2", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("intended_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_disclosure_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_disclosure_delivery_id"), "disclosure", ["delivery_id"], unique=False)
    op.create_index(
        op.f("ix_disclosure_discloser_patient_intended_at"),
        "disclosure",
        ["discloser", "patient", "intended_at"],
        unique=False,
    )
    op.create_table(
        "restriction",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("consent_id", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=True),
        sa.Column("purposes", sa.LargeBinary(), nullable=False),
        sa.Column("sensitivities", sa.LargeBinary(), nullable=False),
        sa.Column("health_plan", sa.Boolean(), nullable=False),
        sa.Column("self_paid", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("taken_by", sa.String(length=255), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("reason_code", sa.String(length=64), nullable=True),
        sa.Column("informed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_restriction_custody_patient"), "restriction", ["custody", "patient"], unique=False)
    op.create_table(
        "investigation_find",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("found_by", sa.String(length=255), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("settled_by", sa.String(length=255), nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("settled_as", sa.String(length=32), nullable=True),
        sa.Column("reported_by", sa.String(length=255), nullable=True),
        sa.Column("reported_at", TIME, nullable=True),
        sa.Column("report", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investigation_find")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_investigation_find_standing",
        "investigation_find",
        ["custody", "patient_id"],
        unique=False,
        **_where("settled_at IS NULL"),
    )
    op.create_table(
        "account",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("custodies", sa.LargeBinary(), nullable=False),
        sa.Column("roles", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("code_step", ID, autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", TIME, nullable=True),
        sa.Column("locked_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_account_name", "account", ["name"], unique=True, **_where("removed_at IS NULL"))
    op.create_table(
        "credential",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("issued_by", sa.String(length=255), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("revoked_by", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_credential_standing", "credential", ["source"], unique=False, **_where("revoked_at IS NULL"))
    op.create_table(
        "legal_hold",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("subject_type", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("placed_by", sa.String(length=255), nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        sa.Column("lifted_by", sa.String(length=255), nullable=True),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_legal_hold_standing",
        "legal_hold",
        ["custody", "subject_type", "subject"],
        unique=False,
        **_where("lifted_at IS NULL"),
    )
    op.create_table(
        "suspension",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("custody", sa.String(length=255), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("taken_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_suspension_custody_patient"), "suspension", ["custody", "patient"], unique=False)
    op.create_index("ix_disclosure_unsettled", "disclosure", ["id"], unique=False, **_where("state = 'intended'"))
    op.create_table(
        "application_ack",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("asked", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("code", sa.String(length=2), nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_application_ack_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_application_ack")),
    )
    op.create_index(
        "ix_application_ack_owed",
        "application_ack",
        ["source", "message_id"],
        unique=False,
        **_where("state = 'owed'"),
    )
    op.create_table(
        "client_jwt",
        sa.Column("seen_as", sa.LargeBinary(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("seen_as", name=op.f("pk_client_jwt")),
    )
    op.create_index(op.f("ix_client_jwt_until"), "client_jwt", ["until"], unique=False)
    op.create_table(
        "join_due",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_key", sa.String(length=255), nullable=False),
        sa.Column("into", sa.String(length=255), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_due")),
        sa.UniqueConstraint("order_key", "into", name=op.f("uq_join_due_order_key_into")),
        sqlite_autoincrement=True,
    )
