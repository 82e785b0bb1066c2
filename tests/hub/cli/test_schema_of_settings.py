"""`handoff schema settings`: what an editor of hub.toml can know of a partner's profile."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from hub.cli import app
from mappings.partner import Partner


def test_the_schema_has_every_field_of_a_partner() -> None:
    result = CliRunner().invoke(app, ["schema", "settings"])
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    profile = schema["$defs"]["PartnerSection"]["properties"]
    # the id is the destination's, and MessageHeader.source.endpoint is the hub's own
    assert set(profile) == set(Partner.__dataclass_fields__) - {"id", "source_endpoint"}
    assert "arv" in json.dumps(profile["labels"])
