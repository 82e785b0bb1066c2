"""Mapping packs: any CAD's or records system's rows -> Incidents, described in one folder, without code."""

from mappings.packs.functions import register
from mappings.packs.pack import Pack, compile_pack, load_pack, shipped_packs

__all__ = ["Pack", "compile_pack", "load_pack", "register", "shipped_packs"]
