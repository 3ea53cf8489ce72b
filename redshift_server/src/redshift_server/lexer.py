"""Redshift's lexical rules: text to tokens, and tokens back to text.

Every part of the SQL front works on these tokens; string literals are decoded
here once, because Redshift knows backslash escapes and PostgreSQL's parser, as it
is set up, does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from redshift_server.errors import RedshiftError, syntax
from redshift_server.names import shorten

MAX_STATEMENT_BYTES = 16 * 1024 * 1024


class Kind(Enum):
    """What a token is."""

    WORD = "word"  # unquoted name or keyword
    QUOTED = "quoted"  # "name"
    STRING = "string"  # 'text'
    NUMBER = "number"
    PARAMETER = "parameter"  # $1
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its value (decoded), and the text that PostgreSQL may be given."""

    kind: Kind
    value: str
    text: str

    @property
    def word(self) -> str:
        """The upper-case keyword, or empty if this is no unquoted word."""
        return self.value.upper() if self.kind is Kind.WORD else ""

    def is_word(self, *words: str) -> bool:
        """Say whether this is one of some keywords."""
        return self.kind is Kind.WORD and self.value.upper() in words

    def is_symbol(self, symbol: str) -> bool:
        """Say whether this is a certain symbol."""
        return self.kind is Kind.SYMBOL and self.value == symbol

    @property
    def is_name(self) -> bool:
        """Say whether this can name something."""
        return self.kind in (Kind.WORD, Kind.QUOTED)


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[eE]?'(?:[^'\\]|\\.|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
  | (?P<parameter>\$\d+)
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<word>[#A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
  | (?P<symbol>::|<=|>=|<>|!=|\|\||!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|\|/|:=|=>|->>|->
        |\#>>|\#>|@>|<@|&&|<<|>>|[-+*/%^<>=~!@\#&|?(),;.:\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)|''", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def tokenize(text: str, *, case_sensitive: bool = False) -> list[Token]:
    """Cut a text into tokens; comments and blanks vanish."""
    if len(text.encode()) > MAX_STATEMENT_BYTES:
        raise RedshiftError(
            "54001", "Statement is too large. Statement Size: more than 16777216 bytes"
        )
    return list(_scan(text, case_sensitive))


def _scan(text: str, case_sensitive: bool) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unterminated(text[at:])
        kind, found = match.lastgroup, match[0]
        at = match.end()
        if kind == "comment":
            at = _comment_end(text, at)
        elif kind == "dollar":
            end = text.find(found, at)
            if end < 0:
                raise RedshiftError("42601", "unterminated dollar-quoted string")
            yield string_token(text[at:end])
            at = end + len(found)
        elif kind != "space":
            yield _token(kind or "", found, case_sensitive)


def _token(kind: str, found: str, case_sensitive: bool) -> Token:
    if kind == "string":
        return string_token(_decode(found[found.index("'") + 1 : -1]))
    if kind == "quoted":
        name = found[1:-1].replace('""', '"')
        return name_token(name if case_sensitive else fold(name))
    if kind == "word":
        if found.startswith("#"):
            return name_token(fold(found))
        if shorten(found) != found:
            return name_token(fold(found))
        return Token(Kind.WORD, found, found)
    return Token(Kind(kind), found, found)


def string_token(value: str) -> Token:
    """Make a string literal."""
    if "\0" in value:
        raise RedshiftError("22021", 'invalid byte sequence for encoding "UNICODE"')
    return Token(Kind.STRING, value, "'" + value.replace("'", "''") + "'")


def name_token(name: str) -> Token:
    """Make a quoted name."""
    if not name:
        raise RedshiftError("42601", "zero-length delimited identifier")
    name = shorten(name)
    return Token(Kind.QUOTED, name, '"' + name.replace('"', '""') + '"')


def word_token(word: str) -> Token:
    """Make an unquoted word."""
    return Token(Kind.WORD, word, word)


def fold(name: str) -> str:
    """Fold a name as Redshift does: ASCII letters only, quoted or not."""
    return "".join(char.lower() if char.isascii() else char for char in name)


def _decode(inner: str) -> str:
    return _ESCAPE.sub(_unescape, inner)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code is None:
        return "'"
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _CONTROLS.get(code, code)


def _comment_end(text: str, at: int) -> int:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    raise RedshiftError("42601", "unterminated /* comment")


def _unterminated(rest: str) -> RedshiftError:
    if rest[0] in "'eE":
        return RedshiftError("42601", "unterminated quoted string")
    if rest[0] == '"':
        return RedshiftError("42601", "unterminated quoted identifier")
    return syntax(rest[0])


def split_statements(tokens: Iterable[Token]) -> list[list[Token]]:
    """Cut tokens at semicolons; empty statements vanish."""
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.is_symbol(";"):
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def render(tokens: Iterable[Token]) -> str:
    """Write tokens as text that PostgreSQL reads alike."""
    return " ".join(token.text for token in tokens)
