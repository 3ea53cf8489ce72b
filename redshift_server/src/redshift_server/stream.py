"""A cursor over tokens, for the statements that are parsed by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from redshift_server.errors import RedshiftError, syntax
from redshift_server.lexer import Kind, Token, fold

T = TypeVar("T")


class TokenStream:
    """Tokens with a position."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def done(self) -> bool:
        """Say whether all tokens are used up."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """Return a token without moving."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def next(self) -> Token:
        """Return the next token and move."""
        token = self.peek()
        if token is None:
            raise RedshiftError("42601", "syntax error at end of input")
        self._at += 1
        return token

    def at_words(self, *words: str) -> bool:
        """Say whether the next tokens are these keywords."""
        return all(
            (token := self.peek(ahead)) is not None and token.is_word(word)
            for ahead, word in enumerate(words)
        )

    def accept(self, *words: str) -> bool:
        """Move over these keywords if they come next."""
        if not self.at_words(*words):
            return False
        self._at += len(words)
        return True

    def accept_any(self, *words: str) -> str:
        """Move over one of some keywords and return it; empty if none comes."""
        token = self.peek()
        if token is None or not token.is_word(*words):
            return ""
        self._at += 1
        return token.word

    def expect(self, *words: str) -> None:
        """Move over these keywords, which must come."""
        for word in words:
            if not self.accept(word):
                raise self.error()

    def at_symbol(self, symbol: str) -> bool:
        """Say whether a symbol comes next."""
        token = self.peek()
        return token is not None and token.is_symbol(symbol)

    def accept_symbol(self, symbol: str) -> bool:
        """Move over a symbol if it comes next."""
        if not self.at_symbol(symbol):
            return False
        self._at += 1
        return True

    def expect_symbol(self, symbol: str) -> None:
        """Move over a symbol, which must come."""
        if not self.accept_symbol(symbol):
            raise self.error()

    def name(self) -> str:
        """Take a name and return it folded."""
        token = self.next()
        if token.kind is Kind.QUOTED:
            return token.value
        if token.kind is Kind.WORD:
            return fold(token.value)
        raise syntax(token.value)

    def qualified_name(self) -> str:
        """Take a.b.c and return it quoted for PostgreSQL."""
        parts = [self.name()]
        while self.accept_symbol("."):
            parts.append(self.name())
        if len(parts) == 3:
            parts = parts[1:]  # the database; another one fails to resolve anyway
        return ".".join(quote(part) for part in parts)

    def string(self) -> str:
        """Take a string literal and return its value."""
        token = self.next()
        if token.kind is not Kind.STRING:
            raise syntax(token.value)
        return token.value

    def integer(self) -> int:
        """Take an integer."""
        negative = self.accept_symbol("-")
        token = self.next()
        if token.kind is not Kind.NUMBER or not token.value.isdigit():
            raise syntax(token.value)
        return -int(token.value) if negative else int(token.value)

    def listed(self, item: Callable[[], T]) -> list[T]:
        """Take items between commas."""
        items = [item()]
        while self.accept_symbol(","):
            items.append(item())
        return items

    def parenthesised(self) -> list[Token]:
        """Take a balanced (...) and return what is inside."""
        self.expect_symbol("(")
        depth, inside = 1, list[Token]()
        while True:
            token = self.next()
            if token.is_symbol("("):
                depth += 1
            elif token.is_symbol(")"):
                depth -= 1
                if depth == 0:
                    return inside
            inside.append(token)

    def names(self) -> list[str]:
        """Take (a, b, ...) and return the folded names."""
        inner = TokenStream(self.parenthesised())
        names = inner.listed(inner.name)
        inner.end()
        return names

    def rest(self) -> list[Token]:
        """Take all that is left."""
        left = list(self._tokens[self._at :])
        self._at = len(self._tokens)
        return left

    def end(self) -> None:
        """Refuse anything that is left."""
        if not self.done:
            raise self.error()

    def error(self) -> RedshiftError:
        """Return a syntax error at this place."""
        token = self.peek()
        if token is None:
            return RedshiftError("42601", "syntax error at end of input")
        return syntax(token.value)


def quote(name: str) -> str:
    """Quote a name for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a string for PostgreSQL."""
    return "'" + value.replace("'", "''") + "'"
