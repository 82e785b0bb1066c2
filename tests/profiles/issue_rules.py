"""The rules of issues that the code holds, found by reading it: what CodeSystem issue-rule has to list.

`profiles` stands below `mappings` and `hub` and imports neither, so the rules are gathered here, from the syntax
tree: every string that is a rule of a known stage, with the fixed words that stand beside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mappings.packs.reading import CJIS_CLASSES
from profiles import profile_invariants
from profiles.invariants import INVARIANTS, REF_1, SQTY_1

ROOT = Path(__file__).parent.parent.parent

#: The first part of a rule. Other strings with a dot in them are names of logs, files, columns and audit kinds.
STAGES = (
    "accounting", "bulk", "check", "cjis", "consent", "deliver", "eido", "emergency", "hold", "incident", "keys",
    "label", "merge", "nibrs", "pack", "pidf", "read", "receive", "release", "render", "restricting", "revocation",
    "settings", "store", "translate", "validate", "view",
)  # fmt: skip
_PARTS = r"(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+\Z"
_RULE = re.compile(f"(?:{'|'.join(STAGES)}){_PARTS}")
_ANY = re.compile(f"[a-z]+{_PARTS}")

#: Rules whose words are made where they are used, or differ too much there to be told in one breath.
WORDS = {
    "accounting.custody": "Not an organization that is configured.",
    "accounting.period": "Not a period: a day is YYYY-MM-DD, and it ends after it begins.",
    "answer.taken": "The answer was taken.",
    "bulk.other-run": "The folder holds something else than this bulk translation, or not all of it.",
    "cjis.criminal-history": "Criminal history of a person, in a text or in a column declared to hold it: kept back.",
    "cjis.field-class": "A field or a number is criminal justice information by its declared class. It is left out.",
    "cjis.fbi-number": "An FBI number, or a field that is declared to hold one. It is kept back.",
    "cjis.iii": "A column declared to hold returns of the Interstate Identification Index. It is left out.",
    "cjis.iii-return": "A text speaks of a return of the Interstate Identification Index. It is kept back.",
    "cjis.juvenile": "A column declared to hold juvenile records. It is left out.",
    "cjis.juvenile-record": "A text speaks of a juvenile record. It is kept back.",
    "cjis.ncic": "A column declared to hold returns of NCIC. It is left out.",
    "cjis.ncic-return": "A text speaks of a return of NCIC or a state's system. It is kept back.",
    "cjis.person-identifier": "A person's identifier of criminal justice or of the state is left out.",
    "cjis.raw-kept": "The bytes of a message hold what the gate took out, and cannot go yet: a person must look.",
    "cjis.sealed": "A column declared to hold sealed records. It is left out.",
    "cjis.sealed-record": "A text speaks of a sealed or expunged record. It is kept back.",
    "cjis.state-id": "A text holds a state identification number. It is kept back.",
    "consent.form-invalid": "A consent form's template lacks what its kind is asked for, or has what it may not have.",
    "consent.method": "Not a way in which a revocation reaches anybody.",
    "consent.capacity": "Not a capacity in which somebody revokes.",
    "consent.time": "A revocation or an event is dated with its zone, and not ahead.",
    "deliver.application-error": "The destination answered with an error that may pass (MSA-1 AE or CE).",
    "deliver.application-reject": "The destination rejected the message (MSA-1 AR or CR).",
    "deliver.busy": "The destination answered with an HTTP status that may pass.",
    "deliver.certificate": "A certificate is over or not trusted: the destination's, or ours in its eyes.",
    "deliver.cut": "The connection ended before the destination had answered.",
    "deliver.failed": "A delivery ended in a fault of the hub itself.",
    "deliver.no-heartbeat": "A slow sending could not hold its lane for longer; the next beat tries again.",
    "deliver.no-destination": "The destination is no longer configured.",
    "deliver.refused": "The destination answered with an HTTP status that will not pass by itself.",
    "deliver.token": "The destination gave no access token. It is tried again later.",
    "deliver.unsettled": "What became of a sending could not be written down; it is found at the next start.",
    "deliver.tls": "TLS with the destination could not be agreed.",
    "deliver.url": "The destination's address is not usable.",
    "eido.callback-number": "A caller's number is for calling back, not for a record of care: it is left out.",
    "eido.state": "Not the kept state of an incident's EIDO documents.",
    "emergency.disclosed": "Records went to medical personnel in an emergency: a person looks at it afterwards.",
    "emergency.documentation": "What is written down of an emergency is not all there, or consent could be asked for.",
    "hold.destination": "Not a destination that this can go to.",
    "hold.evidence": "The reference of a paper is missing, too long or not printable.",
    "hub.failed": "The hub failed on this. It is kept as it came and can be replayed after a fix.",
    "keys.environment": "The variable with the keys cannot be used this way.",
    "keys.fips": "`crypto_mode` is fips, and the provider or a key does not allow it.",
    "keys.file": "The key file is open to others, or is not one of ours.",
    "keys.not-read": "The keys could not be read again; those that were read before are still used.",
    "keys.tampered": "A sealed document or its key does not open.",
    "label.policy": "A label policy file is wrong.",
    "pack.column": "A column or path that the format does not have.",
    "pack.drop": "The pack leaves this column out, with a reason.",
    "pack.file": "A file that is missing, or outside of the pack's folder.",
    "pack.format": "A format of times that cannot be used.",
    "pack.function": "Not the name of a registered function.",
    "pack.missing-key": "A key that is needed here is missing.",
    "pack.narrative-origin": "A narrative without an organization: a text of undeclared origin.",
    "pack.no-example": "The pack has no example, and so no test.",
    "pack.no-posture": "The pack does not say who its agency is in law.",
    "pack.no-system": "The table needs a code system of its own.",
    "pack.no-table": "No table of this name and kind is declared.",
    "pack.organization": "A table names an organization that the pack does not declare.",
    "pack.table": "A line of a table is wrong.",
    "pack.unknown": "Neither a shipped pack nor a folder with one.",
    "pack.unknown-key": "A key that does not belong here.",
    "pack.unused-column": "Nothing reads this column of the file, and nothing says why.",
    "pack.unused-table": "No field uses this table.",
    "pack.value": "A value that is not what is expected here.",
    "pack.waiting": "Lines of a table wait for review. They map nothing until a person takes them.",
    "pack.yaml": "The file is not YAML as packs use it.",
    "pidf.retransmission-not-allowed": "The place may not be passed on (RFC 4119): it is left out.",
    "read.charset": "The bytes cannot be read in the character set that the message declares.",
    "read.delimiters": "The message's delimiters cannot be used.",
    "read.no-file": "The file cannot be read.",
    "read.no-key": "The record has neither an event number nor a case number.",
    "read.no-zone": "A local time without a zone: only its date is kept.",
    "read.not-an-answer": "The message does not answer a referral.",
    "read.not-an-object": "A JSON object is expected here.",
    "read.not-json": "The input is not JSON.",
    "read.not-utf-8": "The input is not UTF-8.",
    "read.registry": "Not a file of EIDO registries: JSON or CSV with the columns registry, token and display.",
    "read.time": "This is not a time that exists.",
    "read.unknown-form": "The file is of no form that can be told from its beginning.",
    "receive.no-referral": "The answer names no referral of this hub.",
    "receive.certificate": "MSH-3 and MSH-4 may not come with the certificate that was shown.",
    "receive.no-control-id": "The message has no control id (MSH-10).",
    "receive.no-type": "The message does not say what type it is (MSH-9).",
    "receive.processing-id": "The message is for testing or debugging (MSH-11), and its source sends records.",
    "receive.too-large": "The message is larger than its sender may send.",
    "receive.truncated": "The connection ended within a message.",
    "receive.unknown": "There is nothing at this place.",
    "receive.version": "The message is of a version that is not HL7 v2 (MSH-12).",
    "receive.unknown-peer": "MSH-3 and MSH-4 name no sender that is configured.",
    "release.bad-request": "The request to decide or release is not usable.",
    "release.criminal-justice": "A police record's text looks like criminal justice information: it was kept back.",
    "release.held": "The law that applies needs a person's decision first.",
    "release.not-sealed": "A Release is not what seal made.",
    "release.state-policy": "A file of a state's rules of release is wrong.",
    "release.origin-unknown": "It is not known whose record this is: it is held.",
    "render.bundle": "The Bundle has no id or no timestamp.",
    "render.charset": "The partner's character set cannot write this.",
    "render.message": "The partner's HL7 v2 profile cannot be written: its messages, version, choices or codes.",
    "render.v2-length": "A value is longer than its HL7 v2 data type: the message was not sent.",
    "render.v2-required": "A required field of an HL7 v2 message is empty: the message was not sent.",
    "render.v2-set-id": "The set ids of an HL7 v2 message do not count from 1 without a gap: it was not sent.",
    "render.v2-structure": "The segments are not in the order of the HL7 v2 structure: the message was not sent.",
    "render.v2-table": "A value is not in the HL7 table of its field: the message was not sent.",
    "render.v2-time": "A time in an HL7 v2 message does not exist: the message was not sent.",
    "restricting.value": "Something of a request to restrict is not known here.",
    "settings.accounts": "Away from loopback people sign in with accounts, and there is none.",
    "settings.invalid": "A setting is wrong.",
    "settings.labels": "A label policy file or a text reader cannot be used.",
    "settings.exchange": "An agency's exchange policy cannot be used.",
    "settings.state-policy": "A state's rules of release cannot be used.",
    "settings.tls": "A certificate, its key or an authority's certificate cannot be used.",
    "settings.registry": "A source's file of EIDO registries cannot be used.",
    "settings.port": "The address or port cannot be listened on.",
    "store.not-found": "There is no such thing in the store.",
    "store.schema": "The tables are not those of this release.",
    "store.state": "It is not in a state in which this can be done.",
    "translate.retention-expired": "The place's maker no longer allows it to be kept: it is left out.",
    "translate.unmapped-code": "No mapping for this code: it travels as the source wrote it.",
    "validate.profile": "A definition that a resource was checked against: R4, or a profile by its canonical.",
    "validate.structure": "The resource does not have the structure of FHIR R4.",
}


def issue_rules() -> dict[str, str]:
    """Every rule with what it means, sorted by rule. KeyError for one without words, and for words without one."""
    found: dict[str, list[str]] = {f"cjis.{name}": [] for name in CJIS_CLASSES}
    for file in sorted(path for package in ("hub", "mappings", "profiles") for path in (ROOT / package).rglob("*.py")):
        for rule, words in rules_in(ast.parse(file.read_text())):
            beside = found.setdefault(rule, [])
            beside += [text for text in words if text not in beside]
    held = (*INVARIANTS.values(), *profile_invariants.INVARIANTS.values(), SQTY_1)
    for made in (REF_1, *(one.rule for one in held)):
        beside = found.setdefault(made.rule, [])
        beside += [made.text] if made.text not in beside else []
    if stale := WORDS.keys() - found.keys():
        raise KeyError(f"{', '.join(sorted(stale))}: no rules any more, but in WORDS")
    return {rule: WORDS.get(rule) or _told(rule, found[rule]) for rule in sorted(found)}


def rules_in(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Each rule of a module with the words beside it: another argument, or the value of its key."""
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Dict):
            for key, value in zip(parent.keys, parent.values, strict=True):
                if (rule := _rule(key)) is not None:
                    yield rule, _words([value] if isinstance(value, ast.Constant) else ast.iter_child_nodes(value))
                if (rule := _rule(value)) is not None:
                    yield rule, []
            continue
        children = list(ast.iter_child_nodes(parent))
        for child in children:
            if (rule := _rule(child)) is not None:
                yield rule, [] if isinstance(parent, ast.keyword) else _words(children)
            elif isinstance(child, ast.keyword) and (rule := _rule(child.value, child.arg == "rule")) is not None:
                yield rule, _words(children)


def _rule(node: ast.AST | None, of_any_stage: bool = False) -> str | None:
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and (_ANY if of_any_stage else _RULE).match(node.value)
    ):
        return node.value
    return None


def _words(nodes: Iterable[ast.AST]) -> list[str]:
    """The first text of several words among these nodes."""
    for node in nodes:
        value = node.value if isinstance(node, ast.keyword) else node
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
            return [value.value]
    return []


def _told(rule: str, texts: list[str]) -> str:
    """The words as sentences."""
    if not texts:
        raise KeyError(f"{rule} has no words: say in WORDS what it means")
    return " ".join(text[0].upper() + text[1:].rstrip(".") + "." for text in dict.fromkeys(texts))
