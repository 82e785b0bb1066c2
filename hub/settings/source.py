"""A source: a credential bound to one organization, and the way its records come in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hub.settings.client_jwt import ClientJwtSection
from hub.settings.mllp import FeedSection
from hub.settings.secret import Secret
from hub.settings.section import Strict
from mappings.telling import Kind

_SELECT = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)


class SqlSection(Strict):
    """Another system's database whose rows a source takes: one table (or view, `schema.name`) or one SELECT.

    `url` is as SQLAlchemy writes it and has no password in it; `watermark` is the column that grows with every row
    and every change. `overlap` reads that far behind the last value (seconds of a time, units of a number).
    """

    url: str
    password: Secret | None = None
    table: str | None = None
    query: str | None = None
    watermark: str = Field(min_length=1)
    every: float = Field(default=30.0, gt=0)
    batch: int = Field(default=500, ge=1, le=10_000)
    overlap: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name a table or a query")
        if self.query is not None and (_SELECT.match(self.query) is None or ";" in self.query):
            raise ValueError("a query is one SELECT, without a semicolon")
        try:
            url = make_url(self.url)
        except ArgumentError:
            # its own text repeats the address, and with it what may be a password
            raise ValueError("the url is not a database's") from None
        if url.password is not None:
            raise ValueError("the url has a password in it: name it under password")
        if self.password is not None and self.password.sha256 is not None:
            raise ValueError("a password is presented: name it by env or file")
        return self


class SourceSection(Strict):
    """A credential bound to one organization. A payload cannot choose its origin; `speaks_for` lists the other
    organizations whose records this source may carry (an employer's app used by a joint team, by agreement).

    `reads`: `eido`, `hl7v2`, `incident`, `nibrs`, or a pack's id or folder. `folder` watches a directory instead of
    HTTP, `issued`: its tokens are made by `handoff client`. `sql` asks another system's database, `mllp` is an HL7 v2
    feed. `client_jwt`: its client signs its own tokens for the CDS Hooks service, beside another way in or alone.
    `registry` is a file of EIDO registries (JSON or CSV) that the tokens of an `eido` source are checked against.
    `tells` is what sort of record it sends, by which merging knows whom to believe; None: by what it reads.
    `raw`: `gated` keeps of a message from which the CJIS gate took something only what the gate let through; None: as
    `Settings.raw_of` says.
    `rate` is how many messages a second it may send over HTTP or lay into its folder, in the long run; None: any.
    `connections` is how many of its requests may be under way at once, `max_body` what one may hold, in bytes; None:
    as much as the hub takes.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    organization: str
    agency: str | None = None
    reads: str
    token: Secret | None = None
    issued: bool = False
    folder: Path | None = None
    pattern: str = "*"
    sql: SqlSection | None = None
    mllp: FeedSection | None = None
    client_jwt: ClientJwtSection | None = None
    speaks_for: tuple[str, ...] = ()
    registry: Path | None = None
    tells: Kind | None = None
    raw: Literal["kept", "gated"] | None = None
    rate: float | None = Field(default=None, gt=0)
    connections: int = Field(default=64, ge=1)
    max_body: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        ways = (self.token is not None, self.issued, *(way is not None for way in (self.folder, self.sql, self.mllp)))
        if sum(ways) != 1 and not (sum(ways) == 0 and self.client_jwt is not None):
            raise ValueError("a source has a token, issued tokens, a folder, an sql or an mllp section, one of them")
        if self.sql is not None and self.reads in ("eido", "incident", "nibrs"):
            raise ValueError("a source with an sql section reads a pack")
        if self.registry is not None and self.reads != "eido":
            raise ValueError("only a source that reads eido has a registry")
        return self
