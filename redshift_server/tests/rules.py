"""The page docs/rules.md, made from the rule tables.

Run `python tests/rules.py` to write it; a test keeps it current.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from steps import GUIDE, Refusal, Step
from steps_refused import REFUSALS
from steps_sql import FUNCTIONS, LITERALS, QUERIES, TYPES
from steps_statements import MATERIALIZED, ROWS, SESSIONS, TABLES

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
HEAD = """# The rules, where they come from, and the tests that hold them

Made by `python tests/rules.py`; do not edit.

Each row is a rule of Redshift, the page of AWS's guide that states it, and the test
that shows it.
A rule marked *inferred* is not stated there in so many words.
The pages were read, not run: **nothing here has been verified on a real cluster** by
this project.
Set `REDSHIFT_DSN` and run the same tests to find out (see README.md).
"""
# Rules that one statement cannot show have a test of their own.
OWN_TESTS = [
    ("COPY: mapping, conversion, sources, options, errors, views",
     "copy-usage_notes-copy-from-json.html", "tests/test_copy.py"),
    ("COPY: manifest", "loading-data-files-using-manifest.html",
     "tests/test_copy.py -k manifest"),
    ("COPY: error codes", "r_Load_Error_Reference.html",
     "tests/test_copy.py -k load_errors"),
    ("UNLOAD", "r_UNLOAD.html", "tests/test_copy.py -k unload"),
    ("Transactions, locks, snapshots, error 1023",
     "c_serial_isolation.html", "tests/test_transactions.py"),
    ("TRUNCATE commits", "r_TRUNCATE.html",
     "tests/test_transactions.py -k truncate_commits"),
    ("Statements that cannot run in a block", "r_BEGIN.html",
     "tests/test_transactions.py -k barred"),
    ("Startup parameters, login, TLS, cancel", "c_redshift-postgres-jdbc.html",
     "tests/test_wire.py"),
    ("IDENTITY of bulk loads: unique, with gaps, in any order - *inferred* how much",
     "r_CREATE_TABLE_NEW.html", "tests/test_copy.py -k bulk_loads_number"),
    ("A statement has at most 16 MB", "r_UPDATE.html",
     "tests/test_wire.py -k 16_mb"),
    ("Keys are not checked, and trusted by the planner", "t_Defining_constraints.html",
     "tests/test_transactions.py -k broken_keys"),
    ("Temporary credentials", "https://docs.aws.amazon.com/redshift/latest/mgmt/"
     "generating-user-credentials.html", "tests/test_control_plane.py"),
]  # fmt: skip
GROUPS: dict[str, list[Step]] = {
    "Types": TYPES,
    "Literals and names": LITERALS,
    "Functions": FUNCTIONS,
    "Queries": QUERIES,
    "Tables": TABLES,
    "Rows": ROWS,
    "Materialized views": MATERIALIZED,
    "Sessions, rights, upkeep": SESSIONS,
}
UNKNOWN = """## What cannot be known without a cluster

The guide is silent or two sources disagree; the server does one thing, and a test
that leans on it proves nothing:

- the text `1540919166796.0` into an integer column: load error 1207
- two keys that differ only in case under 'auto ignorecase': the last one wins
- `\\u0000` in a JSON string: load error 1220
- the row limit of a JSON document: 4 MB (a newer page says 64 MB)
- an integer beyond its type: load error 1222
- a date part `week` in DATEDIFF: weeks begin on Sunday
- LOCK outside a transaction block: refused with 25P01
- REFRESH MATERIALIZED VIEW in a transaction block: refused with 25001; the guide calls
  it "a transaction of its own", and elsewhere speaks of it after DML in a transaction
- NaN: comparisons follow one project's notes of a cluster; GROUP BY and DISTINCT make a
  group of each NaN
- by how much IDENTITY skips, and which bulk loads come out of order: here each does
- STV_MV_INFO.is_stale: here stale is a view whose query now has another result
- SQLSTATE of a failed COPY: XX000; of a wrong password: 28000
- waiting for a lock counts towards statement_timeout
- which of two snapshot conflicts gives 1023 and which waits, beyond the cases of
  tests/test_transactions.py; inserts into a table do not conflict with an older
  snapshot that deletes other rows of it
- the text of a SUPER value: here its keys are sorted, with a blank after `:` and `,`
- AVG of DECIMAL: here with more digits than the argument's scale
- APPROXIMATE COUNT: here exact
- unqualified columns of an outer query: a correlated subquery is recognised by
  qualified ones only
- plans, speed, distribution, sorting, workload management: nothing at all
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, steps in GROUPS.items():
        parts.append(_section(title, steps, "test_steps.py::test_step"))
    parts.append(_section("Refused, though PostgreSQL accepts it", REFUSALS,
                          "test_refusals.py::test_refused"))  # fmt: skip
    own = ["## Rules that take more than one statement\n", "| rule | page | test |",
           "|---|---|---|"]  # fmt: skip
    for rule, source, test in OWN_TESTS:
        own.append(f"| {rule} | {_link(source)} | `{test}` |")
    parts.append("\n".join(own) + "\n")
    parts.append(UNKNOWN)
    return "\n".join(parts)


def _section(title: str, steps: Iterable[Step], test: str) -> str:
    lines = [f"## {title}\n", "| rule | page | test |", "|---|---|---|"]
    for step in steps:
        rule = step.rule.replace("|", "\\|")
        if isinstance(step.expected, Refusal) and step.expected.sqlstate:
            rule += f" ({step.expected.sqlstate})"
        if not step.documented:
            rule += " - *inferred*"
        lines.append(f"| {rule} | {_link(step.page)} | `{test}[{step.name}]` |")
    return "\n".join(lines) + "\n"


def _link(source: str) -> str:
    if source.startswith("https://"):
        return f"[{source.rsplit('/', 1)[-1].removesuffix('.html')}]({source})"
    return f"[{source.removesuffix('.html')}]({GUIDE}{source})"


if __name__ == "__main__":
    PAGE.write_text(page())
