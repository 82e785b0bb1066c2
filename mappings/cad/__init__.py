"""CAD sources with a reader of their own: EIDO documents (`eido.read_eido`).

Each module reads one part of a document: `references` joins its `components` and finds what nobody reads;
`classification`, `agencies`, `units`, `persons`, `notes`, `places`, `pidf_lo` and `shapes` read theirs. Tokens are
checked against `registries`, and `rules` has the words of what was found. `versions` joins the documents of one
incident before they are read. Vendors' exports are read by mapping packs (`mappings.packs`).
"""
