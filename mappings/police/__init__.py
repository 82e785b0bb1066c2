"""Police reports with a reader of their own: NIBRS submissions (`nibrs.read_nibrs`).

`submission` cuts a submission into its reports, `element` is one element of them with what was read of it, `nibrs`
reads a report, `persons`, `contact`, `call` and `place` their part of one, `ucr` holds the FBI's code lists, `rules`
the words of what was found. Exports of records management systems are read by mapping packs (`mappings.packs`).
"""
