"""`@record` is a frozen, keyword-only dataclass with slots, but for how its `__init__` sets them."""

from __future__ import annotations

import inspect
import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from typing import Any

import pytest

from mappings import incident as records
from mappings.incident import Code, Coded, Incident, Reading, Timeline
from mappings.record import record


@record
class Reported:
    """A record of this test."""

    name: str
    count: int = 1
    parts: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plain:
    """The same as a plain dataclass."""

    name: str
    count: int = 1
    parts: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False)


def test_defaults_and_factories() -> None:
    one, other = Reported(name="a"), Reported(name="a", count=2, parts=["x"], note="n")
    assert (one.name, one.count, one.parts, one.note) == ("a", 1, [], "")
    assert (other.name, other.count, other.parts, other.note) == ("a", 2, ["x"], "n")
    assert one.parts is not Reported(name="a").parts
    assert one == Reported(name="a", note="not compared")
    assert one != other
    assert repr(other) == repr(Plain(name="a", count=2, parts=["x"], note="n")).replace("Plain", "Reported")


@pytest.mark.parametrize("given", [{}, {"name": "a", "nmae": "b"}])
def test_wrong_arguments_are_refused_in_the_same_words(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as ours:
        Reported(**given)
    with pytest.raises(TypeError) as theirs:
        Plain(**given)
    assert str(ours.value) == str(theirs.value).replace("Plain", "Reported")
    with pytest.raises(TypeError):
        Reported("a")  # type: ignore[call-arg]


def test_signature_is_the_dataclasss() -> None:
    ours, theirs = inspect.signature(Reported).parameters, inspect.signature(Plain).parameters
    assert list(ours) == list(theirs)
    for name, parameter in ours.items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.annotation == theirs[name].annotation


def test_frozen_and_without_dict() -> None:
    one = Reported(name="a")
    with pytest.raises(FrozenInstanceError):
        one.name = "b"  # type: ignore[misc]
    assert not hasattr(one, "__dict__")


def test_replaced_copied_and_pickled() -> None:
    reading = Reading(source="here")
    coded = Coded(code="1", mapped=(Code(system="urn:x", code="1"),))
    one = Incident(agency="a", number="1", status=coded, reading=reading)
    assert replace(one, number="2") == Incident(agency="a", number="2", status=coded)
    assert replace(one, number="2").reading is reading
    assert deepcopy(coded) == coded and pickle.loads(pickle.dumps(coded)) == coded
    assert hash(coded) == hash(replace(coded))
    assert one.timeline == Timeline()


def test_every_record_of_an_incident_is_one() -> None:
    made = [each for each in vars(records).values() if is_dataclass(each) and each.__module__ == records.__name__]
    assert len(made) > 30
    for each in made:
        assert each.__init__.__code__.co_kwonlyargcount == len(fields(each))  # type: ignore[misc]
        assert "__slots__" in vars(each)


def test_what_is_not_supported_is_refused() -> None:
    with pytest.raises(TypeError, match="record"):

        @record
        class Derived:
            total: int = field(init=False, default=0)

    with pytest.raises(TypeError, match="record"):

        @record
        class Checked:
            total: int = 0

            def __post_init__(self) -> None: ...
