"""The functions of Redshift, by allow list, and what PostgreSQL is asked instead.

A function is in one of three places: SAME (PostgreSQL does as Redshift does),
OWN (installed by catalog/functions.sql under the given name) or SPECIAL (rewritten
here, because its shape changes). Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from redshift_server.errors import RedshiftError, not_emulated

INTERNAL = "redshift_internal"

SAME = frozenset(
    """
    abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees exp floor ln mod pi
    power radians random round sign sin sqrt tan trunc
    ascii btrim char_length character_length chr initcap left length lower lpad ltrim
    octet_length quote_ident quote_literal repeat replace reverse right rpad rtrim
    split_part strpos substr substring translate trim upper
    coalesce nullif greatest least
    count min max stddev stddev_pop stddev_samp var_pop var_samp variance bool_and
    bool_or bit_and bit_or percentile_cont percentile_disc
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
    last_value nth_value
    to_char to_date to_number md5
    pg_backend_pid pg_cancel_backend pg_terminate_backend current_schema
    current_schemas current_database has_table_privilege has_schema_privilege
    has_database_privilege has_column_privilege set_config current_setting
    getdate sysdate dateadd datediff date_add date_diff add_months months_between
    last_day next_day convert_timezone timezone date_cmp date_cmp_timestamp
    len textlen charindex dexp dlog1 dlog10 to_hex strtol crc32 sha2
    regexp_count regexp_substr regexp_instr ratio_to_report
    is_valid_json is_valid_json_array json_array_length json_extract_path_text
    json_extract_array_element_text json_parse can_json_parse
    pg_last_copy_count pg_last_copy_id pg_last_query_id pg_get_userbyid
    pg_get_viewdef pg_table_is_visible obj_description col_description format_type
    generate_series fnv_hash farmfingerprint64
    """.split()
)

# PostgreSQL has a function of this name that means something else.
OWN = frozenset(
    {"avg", "sum", "regexp_replace", "log", "any_value", "version", "json_serialize"}
)

DOCUMENTED_NOT_EMULATED = frozenset(
    """
    sha sha1 func_sha1 checksum soundex difference
    interval_cmp date_part_year timestamp_cmp timestamp_cmp_date
    array array_concat array_flatten get_array_length split_to_array subarray
    object_transform lower_attribute_names upper_attribute_names
    st_point st_distance hll hll_create_sketch hll_cardinality
    approximate_percentile to_varbyte from_varbyte from_hex to_varbyte
    json_typeof is_integer is_varchar is_object is_array
    collate bpcharcmp bttext_pattern_cmp octetindex
    timeofday group_concat
    """.split()
)

LEADER_ONLY = frozenset(
    """
    current_schema current_schemas has_table_privilege has_schema_privilege
    has_database_privilege has_column_privilege generate_series version
    set_config current_setting pg_get_userbyid
    """.split()
)

# Their result changes though their arguments do not.
MUTABLE = frozenset(
    """
    getdate sysdate random current_date current_time current_timestamp localtime
    localtimestamp
    """.split()
)

# LISTAGG and its like run on compute nodes only, so they need a table.
COMPUTE_ONLY = frozenset({"listagg", "median", "percentile_cont", "percentile_disc"})

AGGREGATES = frozenset(
    """
    avg sum count min max stddev stddev_pop stddev_samp var_pop var_samp variance
    bool_and bool_or bit_and bit_or listagg median any_value
    """.split()
)

# Their result depends on the order of equal rows, which Redshift leaves open.
ORDER_SENSITIVE = frozenset(
    "row_number lag lead first_value last_value nth_value ntile".split()
)

DATE_PARTS = {
    spelling: part
    for part, spellings in {
        "millennium": "millennium millennia mil mils",
        "century": "century centuries c cent cents",
        "decade": "decade decades dec decs",
        "year": "year years y yr yrs",
        "quarter": "quarter quarters qtr qtrs",
        "month": "month months mon mons",
        "week": "week weeks w",
        "dow": "dow dw dayofweek weekday",
        "doy": "doy dayofyear dy yearday",
        "day": "day days d",
        "hour": "hour hours h hr hrs",
        "minute": "minute minutes m min mins",
        "second": "second seconds s sec secs",
        "millisecond": "millisecond milliseconds ms msec msecs msecond mseconds "
        "millisec millisecs millisecon",
        "microsecond": "microsecond microseconds microsec microsecs usecond "
        "useconds us usec usecs",
        "epoch": "epoch",
        "timezone": "timezone",
        "timezone_hour": "timezone_hour",
        "timezone_minute": "timezone_minute",
    }.items()
    for spelling in spellings.split()
}

_WITH_DATE_PART = {
    "dateadd",
    "datediff",
    "date_add",
    "date_diff",
    "date_part",
    "date_trunc",
}
# Functions of times, and how many of their arguments are times.
_WITH_TIMES = {
    "add_months": 1,
    "last_day": 1,
    "next_day": 1,
    "months_between": 2,
}
_RENAMED = {"date_add": "dateadd", "date_diff": "datediff"}


def rewrite_function(node: exp.Anonymous) -> exp.Expr:
    """Return what stands in for a call; refuse a function Redshift does not have."""
    name = str(node.this).lower()
    if name.startswith(INTERNAL):
        return node
    if name in _WITH_DATE_PART:
        _name_date_part(node)
    if name in _WITH_TIMES:
        _cast_times(node, _WITH_TIMES[name])
    special = _SPECIAL.get(name)
    if special is not None:
        return special(node)
    if name in OWN:
        return internal(name, node.expressions)
    if name in SAME:
        node.set("this", _RENAMED.get(name, name))
        return node
    if name in DOCUMENTED_NOT_EMULATED:
        raise not_emulated(f"function {name}")
    raise RedshiftError(
        "42883",
        f"function {name}() does not exist",
        hint="redshift_server: the function is not on the allow list of Redshift's.",
    )


def internal(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """Return a call of a function in the server's own schema."""
    return exp.Anonymous(this=f"{INTERNAL}.{name}", expressions=arguments)


def date_part(node: exp.Expr) -> exp.Literal:
    """Return the date part that a bare word or a string names."""
    spelling = node.name.lower()
    if spelling not in DATE_PARTS:
        raise RedshiftError("22023", f'date part "{spelling}" not recognized')
    return exp.Literal.string(DATE_PARTS[spelling])


def rewrite_extract(node: exp.Extract) -> exp.Expr:
    """EXTRACT gives a whole number and cuts the fraction."""
    part = date_part(node.this)
    return internal("date_part_whole", [part, _as_time(node.expression)])


def _name_date_part(node: exp.Anonymous) -> None:
    if not node.expressions:
        raise RedshiftError("42883", f"function {node.this}() does not exist")
    first, *others = node.expressions
    node.set("expressions", [date_part(first), *map(_as_time, others)])


def _cast_times(node: exp.Anonymous, count: int) -> None:
    times, others = node.expressions[:count], node.expressions[count:]
    node.set("expressions", [*map(_as_time, times), *others])


def _as_time(node: exp.Expr) -> exp.Expr:
    # A bare literal would be taken for TIMESTAMPTZ, PostgreSQL's preferred type.
    if isinstance(node, exp.Literal) and node.is_string:
        return exp.cast(node, exp.DType.TIMESTAMP)
    return node


def _nvl2(node: exp.Anonymous) -> exp.Expr:
    subject, present, absent = _arguments(node, 3)
    return _case(
        exp.Not(this=exp.Is(this=subject, expression=exp.Null())), present, absent
    )


def _decode(node: exp.Anonymous) -> exp.Expr:
    """DECODE compares NULL as equal to NULL."""
    arguments = node.expressions
    if len(arguments) < 3:
        raise RedshiftError("42883", "function decode() needs three arguments or more")
    subject, *pairs = arguments
    default = pairs.pop() if len(pairs) % 2 else None
    case = exp.Case()
    for search, result in zip(pairs[::2], pairs[1::2], strict=True):
        same = exp.NullSafeEQ(this=subject.copy(), expression=search)
        case = case.when(same, result, copy=False)
    return case.else_(default, copy=False) if default is not None else case


def _concat(node: exp.Anonymous) -> exp.Expr:
    """CONCAT takes two arguments and is NULL when one is."""
    left, right = _arguments(node, 2)
    return exp.Paren(
        this=exp.DPipe(this=_text(left), expression=_text(right), safe=True)
    )


def _median(node: exp.Anonymous) -> exp.Expr:
    (value,) = _arguments(node, 1)
    return exp.WithinGroup(
        this=exp.Anonymous(
            this="percentile_cont", expressions=[exp.Literal.number("0.5")]
        ),
        expression=exp.Order(expressions=[exp.Ordered(this=value)]),
    )


def _listagg(node: exp.Anonymous) -> exp.Expr:
    """LISTAGG ignores NULL and the empty string; its order is the caller's or none."""
    arguments = list(node.expressions)
    value = arguments[0]
    distinct = isinstance(value, exp.Distinct)
    if isinstance(value, exp.Distinct):
        value, *rest = value.expressions
        arguments = [value, *rest]
    separator = arguments[1] if len(arguments) > 1 else exp.Literal.string("")
    filled = exp.Anonymous(
        this="nullif", expressions=[_text(value), exp.Literal.string("")]
    )
    call = exp.Anonymous(
        this="string_agg",
        expressions=[
            exp.Distinct(expressions=[filled]) if distinct else filled,
            separator,
        ],
    )
    call.meta["listagg"] = True
    return call


def _sysdate(node: exp.Anonymous) -> exp.Expr:
    node.set("this", "sysdate")
    return node


def _count(node: exp.Anonymous) -> exp.Expr:
    for argument in node.expressions:
        if isinstance(argument, exp.Distinct) and len(argument.expressions) > 1:
            raise RedshiftError(
                "0A000", "COUNT(DISTINCT) of several expressions is not supported"
            )
    return node


def _date_part(node: exp.Anonymous) -> exp.Expr:
    return internal("date_part", _arguments(node, 2))


def _date_trunc(node: exp.Anonymous) -> exp.Expr:
    return internal("date_trunc", _arguments(node, 2))


def _to_timestamp(node: exp.Anonymous) -> exp.Expr:
    return internal("to_timestamp", _arguments(node, 2))


def _nvl(node: exp.Anonymous) -> exp.Expr:
    node.set("this", "coalesce")
    return node


def _renamed(name: str) -> Callable[[exp.Anonymous], exp.Expr]:
    def rename(node: exp.Anonymous) -> exp.Expr:
        node.set("this", name)
        return node

    return rename


def _arguments(node: exp.Anonymous, count: int) -> list[exp.Expr]:
    if len(node.expressions) != count:
        raise RedshiftError(
            "42883",
            f"function {str(node.this).lower()}() takes {count} arguments, "
            f"not {len(node.expressions)}",
        )
    return list(node.expressions)


def _text(node: exp.Expr) -> exp.Expr:
    # Written as a plain name: the cast must not cut, as CAST(x AS VARCHAR) does.
    return internal("to_text", [node])


def _case(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr) -> exp.Case:
    case: exp.Case = exp.Case().when(condition, then, copy=False)
    return case.else_(otherwise, copy=False)


_SPECIAL: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "nvl": _nvl,
    "nvl2": _nvl2,
    "decode": _decode,
    "concat": _concat,
    "median": _median,
    "listagg": _listagg,
    "count": _count,
    "sysdate": _sysdate,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "to_timestamp": _to_timestamp,
    "pow": _renamed("power"),
    "replicate": _renamed("repeat"),
}
