"""sqlglot set up as a parser that keeps what was written, and a plain generator.

sqlglot knows thousands of functions and rewrites them as it thinks best. Here it
knows none: a call stays a call by its own name, and `functions.py` alone decides
what becomes of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.redshift import RedshiftParser

from redshift_server.errors import RedshiftError, syntax
from redshift_server.types import postgres_type

_SYNTAX_FUNCTIONS = {"CAST", "CONVERT", "EXTRACT", "TRIM", "POSITION", "SUBSTRING"}


class _Parser(RedshiftParser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser
        for name, parser in RedshiftParser.FUNCTION_PARSERS.items()
        if name in _SYNTAX_FUNCTIONS
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        "ANY": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["ANY"],
        "CASE": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["CASE"],
        # HyperLogLog's estimate is exact here.
        "APPROXIMATE": lambda self: self._parse_function(),
        "SYSDATE": lambda self: exp.Anonymous(this="sysdate", expressions=[]),
    }


class _Reader(Redshift):
    Parser = _Parser

    class Tokenizer(Redshift.Tokenizer):
        # Literals arrive decoded, so a backslash is a character like any other.
        STRING_ESCAPES: ClassVar[list[str]] = ["'"]
        # $1 is a parameter, not the start of a dollar quote.
        HEREDOC_TAG_IS_IDENTIFIER = True


class _Generator(PostgresGenerator):
    TRANSFORMS: ClassVar[dict[Any, Any]] = {
        **PostgresGenerator.TRANSFORMS,
        exp.DataType: lambda _self, node: type_sql(node),
        exp.RegexpLike: lambda self, node: self.binary(node, "~"),
        exp.RegexpILike: lambda self, node: self.binary(node, "~*"),
    }


class _Writer(Postgres):
    Generator = _Generator


_READER = _Reader()
_WRITER = _Writer()

# sqlglot's names of types, where they are not Redshift's.
_TYPE_NAMES = {
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "BPCHAR": "bpchar",
    "VARBINARY": "varbyte",
    "TIMESTAMPNTZ": "timestamp",
}


def parse(text: str) -> exp.Expr:
    """Parse one statement; text that sqlglot cannot parse is a syntax error."""
    try:
        trees = _READER.parse(text)
    except TokenError as problem:
        raise RedshiftError("42601", f"syntax error: {problem}") from problem
    except ParseError as problem:
        near = problem.errors[0].get("highlight", "") if problem.errors else ""
        raise syntax(str(near) or text[-20:]) from problem
    if len(trees) != 1 or trees[0] is None:
        raise syntax(text[:20])
    return trees[0]


def write(tree: exp.Expr) -> str:
    """Write a tree as PostgreSQL's text."""
    return _WRITER.generate(tree, comments=False, copy=False)


def type_sql(node: exp.DataType) -> str:
    """Return PostgreSQL's type of a cast."""
    kind = node.this
    if isinstance(kind, exp.Interval) or not isinstance(kind, exp.DType):
        return "interval"
    if kind is exp.DType.USERDEFINED:
        return postgres_type(str(node.args.get("kind", "")))
    if kind is exp.DType.ARRAY:
        raise RedshiftError("0A000", 'Column "" has unsupported type "array".')
    name = _TYPE_NAMES.get(kind.value, kind.value)
    return postgres_type(name, [param.name for param in node.expressions])
