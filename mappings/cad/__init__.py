"""CAD sources with a reader of their own: EIDO documents (`eido.read_eido`).

Each module reads one part of a document: `references` joins its components and finds what nobody reads, `agencies`,
`units`, `persons`, `places` and `pidf_lo` read theirs, `rules` has the words of what was found. Vendors' exports are
read by mapping packs (`mappings.packs`).
"""
