"""The audit chain's tables. They are made by the store's migrations, beside the store's own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})

# SQLite gives 64-bit row ids to INTEGER only
_number = BigInteger().with_variant(Integer(), "sqlite")

#: `event` is the canonical JSON that was hashed, kept as bytes: it is never written again from its parts.
audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", _number, primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", _number, primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("at", String(40), nullable=False),
    Column("kid", String(64), nullable=False),
    Column("signature", String(256), nullable=False),
)
