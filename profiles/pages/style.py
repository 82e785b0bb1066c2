"""The one style sheet of the pages: screen wide and narrow, dark, and paper."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b2530; --quiet: #55636f; --rule: #d5dce1; --wash: #f3f6f7;
  --accent: #0a5a66; --mark: #8a3b12; --mark-wash: #fbf0e8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12171c; --ink: #e4e9ec; --quiet: #9fadb8; --rule: #2f3942; --wash: #1a2127;
    --accent: #74c7d1; --mark: #f0ae84; --mark-wash: #33241a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 3rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: .06em; }
a:hover { text-decoration-thickness: .14em; }
:focus-visible { outline: .18rem solid var(--accent); outline-offset: .15rem; border-radius: .15rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--paper); padding: .5rem .8rem; z-index: 2; }
header { border-bottom: 1px solid var(--rule); background: var(--wash); }
header, main, footer { padding-left: max(1rem, calc(50vw - 45rem)); padding-right: max(1rem, calc(50vw - 45rem)); }
header nav { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; align-items: baseline; padding: .7rem 0; }
header nav a { color: inherit; text-decoration: none; padding: .15rem 0; }
header nav a:hover, header nav a[aria-current] { box-shadow: 0 .12rem 0 var(--accent); }
header nav a:first-child { font-weight: 650; margin-right: auto; }
main { padding-top: 1.6rem; padding-bottom: 3rem; }
footer {
  border-top: 1px solid var(--rule); color: var(--quiet); font-size: .85rem; padding-top: 1rem; padding-bottom: 2rem;
}
h1, h2, h3 { line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.8vw, 2.3rem); letter-spacing: -.015em; margin: .1rem 0 .8rem; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .7rem; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p, ul, ol { max-width: 44rem; margin: 0 0 .8rem; }
.kind { color: var(--quiet); font-size: .95rem; margin: 0; }
.lead p { font-size: 1.1rem; line-height: 1.5; }
code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "Liberation Mono", monospace; }
code { font-size: .875em; overflow-wrap: anywhere; }
pre {
  background: var(--wash); border: 1px solid var(--rule); border-radius: .4rem; padding: .9rem 1rem; margin: .6rem 0 0;
  font-size: .8rem; line-height: 1.45; overflow-x: auto; tab-size: 2;
}
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.4rem; margin: 1.2rem 0; max-width: 62rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 1rem; font-size: .9rem; line-height: 1.4; }
caption { text-align: left; color: var(--quiet); padding: 0 0 .5rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--rule); }
thead th {
  position: sticky; top: 0; background: var(--paper); color: var(--quiet); font-weight: 600; font-size: .82rem;
  border-bottom: 2px solid var(--rule); z-index: 1;
}
tbody th { font-weight: 600; }
td p, td ul { margin: 0 0 .25rem; }
td ul { padding-left: 1.1rem; }
.elements table { table-layout: fixed; font-size: .84rem; }
.elements col.e { width: 15.5%; } .elements col.n { width: 4%; } .elements col.t { width: 11%; }
.elements col.m { width: 20.5%; } .elements col.s { width: 12.25%; }
.elements td { padding-right: .8rem; }
.elements td code { font-size: .92em; }
.elements td > div + div { margin-top: .2rem; }
.elements th[scope=row] { font-weight: 500; overflow-wrap: anywhere; padding-left: calc(var(--d, 0) * .85rem); }
.elements tr.must th[scope=row] { font-weight: 650; }
.elements td { overflow-wrap: anywhere; }
.elements tr.never { color: var(--quiet); }
.elements tbody tr:hover { background: var(--wash); }
.rule, .nothing { color: var(--quiet); }
.front { table-layout: fixed; }
.front caption { color: var(--ink); font-weight: 600; font-size: 1rem; padding-top: .7rem; }
.front th:first-child { width: 26%; } .front th:nth-child(2) { width: 17%; }
.badge {
  display: inline-block; font-size: .68rem; font-weight: 700; line-height: 1; letter-spacing: .03em;
  padding: .2em .38em; border-radius: .25em; color: var(--mark); background: var(--mark-wash);
  margin-left: .35em; vertical-align: .08em;
}
.filter { display: inline-block; margin: 0 0 .8rem .45rem; }
#must-only { width: 1.05rem; height: 1.05rem; accent-color: var(--accent); vertical-align: -.12rem; margin: 0; }
#must-only:checked ~ table tr.other { display: none; }
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .2rem 0; }
.entry { border-bottom: 1px solid var(--rule); margin: 0; padding: .45rem 0; }
.entry code { color: var(--quiet); } .claim { color: var(--accent); margin: 0 .4em; }
.count { color: var(--quiet); font-weight: 400; }
@media (max-width: 62rem) {
  .elements table, .cards { display: block; }
  .elements colgroup, .elements thead, .cards thead { display: none; }
  .elements caption, .cards caption, .elements tbody, .cards tbody { display: block; }
  .elements tr, .cards tr { display: block; border-bottom: 1px solid var(--rule); padding: .6rem 0; }
  .elements th[scope=row], .cards th[scope=row] {
    display: block; width: auto; border: 0; padding: 0 0 .15rem; font-size: 1rem;
  }
  .elements th[scope=row] {
    border-left: calc(var(--d, 0) * .25rem) solid var(--rule); padding-left: calc(min(var(--d, 0), 1) * .5rem);
  }
  .elements td, .cards td {
    display: block; position: relative; border: 0; padding: .1rem 0 .1rem 7.4rem; min-height: 1.5em;
  }
  .elements td::before, .cards td::before {
    content: attr(data-label); position: absolute; left: 0; width: 6.9rem; color: var(--quiet); overflow-wrap: anywhere;
  }
  .elements td.none, .cards td.none { display: none; }
}
@media (max-width: 34rem) {
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .5rem; }
  .lead p { font-size: 1.02rem; }
  header nav a:first-child { width: 100%; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --quiet: #444; --rule: #bbb; --wash: #fff; --accent: #000; --mark: #000;
    --mark-wash: #fff;
  }
  @page { margin: 14mm; size: A4 landscape; }
  body { font-size: 9pt; }
  header nav a:not(:first-child), .skip, .filter, #must-only { display: none; }
  main, header, footer { padding-left: 0; padding-right: 0; }
  thead { display: table-header-group; } thead th { position: static; }
  tr, pre { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .badge { border: 1px solid #000; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 7.5pt; break-inside: auto; }
}
"""
