"""What obstore raises, as one sentence and sorted by what to do next.

obstore has few classes; what happened stands in its text, together with the answer of
the store. That text is not shown: it holds key ids and requests.
"""

from __future__ import annotations

import re

from sparkify.errors import SourceChanged, SourceError, SparkifyError, TransientError


class Expired(SourceError):
    """The credentials have expired; new ones may be had."""


_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_BAD_PATH = re.compile(r'path: "((?:[^"\\]|\\.)+)"')
_CHAIN = re.compile(r"169\.254\.|latest/api/token|AssumeRoleWithWebIdentity")
_RENEWAL = re.compile(r"credential provider: \w+: ([^\n]*)")
_BROKEN = re.compile(
    r"HTTP error|error decoding|kind: (?:Connect|Interrupted|Decode|Body|Request)"
)

_FAULTS: dict[str, tuple[type[SparkifyError], str]] = {
    "AccessDenied": (
        SourceError,
        "access is denied; grant {right} on it to these credentials.",
    ),
    "AllAccessDisabled": (SourceError, "all access to it is disabled."),
    "AuthorizationHeaderMalformed": (
        SourceError,
        "the bucket is in another region; set [S3] REGION.",
    ),
    "ExpiredToken": (Expired, "the credentials have expired; renew them, run again."),
    "InvalidAccessKeyId": (
        SourceError,
        "the store does not know the access key; check [AWS] KEY.",
    ),
    "InvalidObjectState": (
        SourceError,
        "is archived; restore it first, or leave it out with EXCLUDE.",
    ),
    "InvalidToken": (SourceError, "the session token is not valid; check [AWS] TOKEN."),
    "NoSuchBucket": (
        SourceError,
        "there is no such bucket; check LOG_DATA and SONG_DATA.",
    ),
    "RequestTimeTooSkewed": (SourceError, "the clock of this machine is off; set it."),
    "SignatureDoesNotMatch": (
        SourceError,
        "the secret does not fit the access key; check [AWS] SECRET.",
    ),
    "no credentials": (
        SourceError,
        "no AWS credentials were found; set [AWS] KEY and SECRET, or a profile (`pip "
        "install 'sparkify-elt[aws]'`), or [S3] ANONYMOUS for a public bucket.",
    ),
    "bad key": (
        SourceError,
        "keys with an empty part, `.` or `..`, or a control character cannot be read; "
        "rename the object.",
    ),
    "vanished": (SourceChanged, "vanished before it was read; run again."),
    "replaced": (SourceChanged, "was replaced before it was read; run again."),
    "busy": (
        TransientError,
        "the store is busy or faulty ({code}); try again later.",
    ),
    "timeout": (
        TransientError,
        "the store does not answer in time; try again, or raise [S3] TIMEOUT.",
    ),
    "broken": (
        TransientError,
        "the store cannot be reached, or the connection broke; check the network and "
        "[S3] ENDPOINT_URL, and try again.",
    ),
    "refused": (SourceError, "the store refuses to read it ({code})."),
    "unknown": (SourceError, "cannot be read: {code}."),
}
_SAME = {
    "ExpiredTokenException": "ExpiredToken",
    "IllegalLocationConstraintException": "AuthorizationHeaderMalformed",
    "InternalError": "busy",
    "PermanentRedirect": "AuthorizationHeaderMalformed",
    "RequestTimeout": "busy",
    "ServiceUnavailable": "busy",
    "SlowDown": "busy",
    "TemporaryRedirect": "AuthorizationHeaderMalformed",
    "TokenRefreshRequired": "ExpiredToken",
}


def translate(error: Exception, where: str, right: str) -> SparkifyError:
    """The failure of a request for `where`, which takes the right `right`."""
    text = str(error)
    status, code = _first(_STATUS, text), _first(_CODE, text)
    if found := _RENEWAL.search(text):
        return SourceError(f"{where}: {found[1]}")
    fault = _fault(error, text, status, code)
    if fault == "bad key" and (key := _first(_BAD_PATH, text)):
        where = "/".join([*where.split("/")[:3], key])
    failure, sentence = _FAULTS[fault]
    told = code or status or text.partition("\n")[0][:200]
    return failure(f"{where}: {sentence.format(right=right, code=told)}")


def _fault(error: Exception, text: str, status: str, code: str) -> str:
    code = _SAME.get(code, code)
    rules = (
        (bool(_CHAIN.search(text)), "no credentials"),
        ("invalid path" in text or "Could not parse path" in text, "bad key"),
        (code in _FAULTS, code),
        ("redirect without LOCATION" in text, "AuthorizationHeaderMalformed"),
        (isinstance(error, FileNotFoundError) or status == "404", "vanished"),
        (status in {"412", "416"}, "replaced"),
        (status in {"408", "425", "429"} or status.startswith("5"), "busy"),
        (status in {"401", "403"}, "AccessDenied"),
        (bool(status), "refused"),
        ("TimedOut" in text or "kind: Timeout" in text, "timeout"),
        (bool(_BROKEN.search(text)), "broken"),
    )
    return next((fault for holds, fault in rules if holds), "unknown")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
