"""`@record`: a frozen, keyword-only dataclass with slots whose instances are cheap to make.

The `__init__` that `dataclass(frozen=True)` generates looks up each field's slot by name, through
`object.__setattr__`; reading one incident makes some hundred records. Here the generated `__init__` is given each
slot's own setter. All else (equality, repr, `replace`, pickling, freezing) is the dataclass's.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, TypeVar, dataclass_transform

_T = TypeVar("_T")

#: Stands for an argument not given, where a field has a default_factory.
_NOT_GIVEN: Final = object()


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[_T]) -> type[_T]:
    """`cls` as a dataclass: frozen, keyword-only, with slots.

    Does not support `InitVar`, `field(init=False)` and `__post_init__`: raises TypeError for the latter two.
    """
    made: Any = dataclass(frozen=True, kw_only=True, slots=True)(cls)
    if hasattr(made, "__post_init__") or not all(each.init for each in fields(made)):
        raise TypeError("a record has neither __post_init__ nor field(init=False)")
    init = _init(made)
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__module__ = made.__module__
    init.__annotations__ = made.__init__.__annotations__
    made.__init__ = init
    return made  # type: ignore[no-any-return]


def _init(cls: Any) -> Any:
    """The `__init__` of a dataclass, written out with its fields' names, as the dataclasses module writes its own."""
    names: dict[str, Any] = {"_not_given": _NOT_GIVEN}
    parameters, body = [], []
    for each in fields(cls):
        name = each.name
        names[f"_set_{name}"] = getattr(cls, name).__set__
        value = name
        if each.default_factory is not MISSING:
            names[f"_new_{name}"] = each.default_factory
            parameters.append(f"{name}=_not_given")
            value = f"_new_{name}() if {name} is _not_given else {name}"
        elif each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(f"    _set_{name}(self, {value})")
    exec(f"def __init__(self, *, {', '.join(parameters)}):\n" + "\n".join(body), names)  # noqa: S102 names of fields only
    return names["__init__"]
