"""Who asks, and where: credentials, regions, endpoints. Nothing secret is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.seaweed import READER, Key
from s3.proxy import Answer, Fault, changes, says
from s3.stores import BUCKET, Store, settings_for
from sparkify.config import load_settings
from sparkify.errors import ConfigError, SourceError
from sparkify.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3.proxy import Proxy
    from sparkify.config import Settings

WRONG = "wrong-secret-never-shown"


@pytest.fixture
def filled(seaweed_store: Store, proxy: Proxy) -> Store:
    """SeaweedFS with two objects, behind the proxy."""
    seaweed_store.empty()
    seaweed_store.put("log_data/x.json", b"{}")
    seaweed_store.put("song_data/x.json", b"{}")
    return seaweed_store.through(proxy.url)


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of this machine must not help; no other machine is asked for any."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def process_profile(home: Path) -> None:
    """A profile with a process that notes in `asked` how often it was started."""
    answer = {
        "Version": 1,
        "AccessKeyId": READER.name,
        "SecretAccessKey": READER.secret,
    }
    script = home / "credentials.py"
    script.write_text(
        f"open({str(home / 'asked')!r}, 'a').write('x')\n"
        f"print({json.dumps(answer)!r})\n"
    )
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[profile someone]\ncredential_process = {sys.executable} {script}\n"
    )


def found(settings: Settings) -> int:
    """How many files are discovered and read."""
    sources = Sources(settings)
    files = list(sources.discover())
    assert all(sources.content_hash(file) for file in files)
    return len(files)


def test_keys_of_the_configuration(tmp_path: Path, filled: Store) -> None:
    """They sign; a token of the environment is not mixed in."""
    settings = settings_for(tmp_path, filled)
    assert found(settings) == 2


def test_a_token_of_the_environment_is_not_mixed_in(
    tmp_path: Path, filled: Store, monkeypatch: pytest.MonkeyPatch, proxy: Proxy
) -> None:
    """It belongs to other keys."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    seen: list[str] = []
    proxy.faults.append(
        Fault(lambda handler: seen.extend(map(str.lower, handler.headers)), "data")
    )
    assert found(settings_for(tmp_path, filled)) == 2
    assert "authorization" in seen
    assert "x-amz-security-token" not in seen


def test_keys_of_the_environment(
    tmp_path: Path, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every AWS tool reads them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER.name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER.secret)
    environment = {"AWS_ACCESS_KEY_ID": READER.name}
    settings = settings_for(tmp_path, filled, aws=[], environment=environment)
    assert found(settings) == 2


@pytest.mark.parametrize("how", ["option", "variable", "default"])
def test_a_profile(
    tmp_path: Path, filled: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Of the AWS files."""
    name = "default" if how == "default" else "someone"
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[{name}]\naws_access_key_id={READER.name}\n"
        f"aws_secret_access_key={READER.secret}\n"
    )
    environment = {"AWS_PROFILE": "someone"} if how == "variable" else {}
    if environment:
        monkeypatch.setenv("AWS_PROFILE", "someone")
    aws = ["PROFILE=someone"] if how == "option" else []
    settings = settings_for(tmp_path, filled, aws=aws, environment=environment)
    assert found(settings) == 2


def test_a_process_of_a_profile(tmp_path: Path, filled: Store) -> None:
    """Anything that prints credentials: how single sign-on often comes."""
    process_profile(tmp_path)
    assert found(settings_for(tmp_path, filled, aws=["PROFILE=someone"])) == 2


def test_a_profile_that_is_none(tmp_path: Path, filled: Store) -> None:
    """Its name is told."""
    settings = settings_for(tmp_path, filled, aws=["PROFILE=nobody"])
    with pytest.raises(SourceError, match="nobody"):
        found(settings)


def test_a_role(
    tmp_path: Path, moto_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assumed with the keys of the configuration, by STS."""
    moto_store.empty()
    moto_store.put("log_data/x.json", b"{}")
    moto_store.put("song_data/x.json", b"{}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_store.url)
    role = "ROLE_ARN=arn:aws:iam::123456789012:role/reader"
    assert found(settings_for(tmp_path, moto_store, s3=[role])) == 2


def test_a_role_that_is_refused(
    tmp_path: Path,
    filled: Store,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SeaweedFS has no such role."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.upstream)
    role = "ROLE_ARN=arn:aws:iam::123456789012:role/reader"
    with pytest.raises(SourceError, match=r"^AWS credentials: .*ROLE_ARN"):
        found(settings_for(tmp_path, filled, s3=[role]))


def test_no_credentials_at_all(tmp_path: Path, filled: Store) -> None:
    """What may be set is told; no other machine is asked."""
    settings = settings_for(tmp_path, filled, aws=[], s3=["RETRY_FOR=0.1s"])
    with pytest.raises(SourceError, match=r"no AWS credentials were found"):
        found(settings)


def test_half_a_key(tmp_path: Path, filled: Store) -> None:
    """KEY and SECRET go together."""
    settings = settings_for(tmp_path, filled, aws=["KEY=x"])
    with pytest.raises(ConfigError, match="go together"):
        found(settings)


def test_anonymous(tmp_path: Path, filled: Store, proxy: Proxy) -> None:
    """Nothing is signed; this bucket is not public."""
    signed: list[bool] = []
    proxy.faults.append(
        Fault(lambda h: signed.append("authorization" in h.headers), "list-type")
    )
    settings = settings_for(tmp_path, filled, aws=[], s3=["ANONYMOUS=yes"])
    with pytest.raises(SourceError, match=r"access is denied; grant s3:ListBucket"):
        found(settings)
    assert signed == [False]


def test_requester_pays(tmp_path: Path, filled: Store, proxy: Proxy) -> None:
    """Every request says so."""
    payers: list[str | None] = []
    proxy.faults.append(
        Fault(lambda h: payers.append(h.headers.get("x-amz-request-payer")), "data")
    )
    assert found(settings_for(tmp_path, filled, s3=["REQUESTER_PAYS=yes"])) == 2
    assert set(payers) == {"requester"}


def test_the_region_is_found(tmp_path: Path, filled: Store, proxy: Proxy) -> None:
    """The store says where a bucket is, even when it refuses."""
    regions: list[str] = []

    def told(_: Answer) -> Answer:
        return Answer(403, [("x-amz-bucket-region", "eu-north-1")], b"")

    def note(handler: object) -> None:
        headers = getattr(handler, "headers", {})
        regions.append(headers["authorization"].split("/")[2])

    proxy.faults.append(Fault(changes(told), rf"^/{BUCKET}$", method="HEAD"))
    proxy.faults.append(Fault(note, "data"))
    settings = settings_for(tmp_path, filled)
    Path(settings.file or "").write_text(
        Path(settings.file or "").read_text().replace("REGION=us-east-1\n", "")
    )
    assert found(load_settings(settings.file, environment={})) == 2
    assert set(regions) == {"eu-north-1"}


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (Key(READER.name, WRONG), "the secret does not fit the access key"),
        (Key("nobody-knows-me", WRONG), "the store does not know the access key"),
    ],
)
def test_wrong_keys(tmp_path: Path, filled: Store, key: Key, sentence: str) -> None:
    """SeaweedFS refuses them; the command says so and shows no secret."""
    aws = [f"KEY={key.name}", f"SECRET={key.secret}", "TOKEN=token-never-shown"]
    settings = settings_for(tmp_path, filled, aws=aws[:2])
    done = subprocess.run(
        [sys.executable, "-m", "sparkify", "ls", "--config", str(settings.file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "never-shown" not in done.stdout + done.stderr + repr(settings)


def test_a_foreign_bucket(tmp_path: Path, filled: Store) -> None:
    """The reader's key is for one bucket."""
    settings = settings_for(tmp_path, filled, logs="s3://somebody-elses/log_data")
    with pytest.raises(SourceError, match=r"^s3://somebody-elses/log_data: "):
        found(settings)


def test_expired_credentials_are_had_anew(
    tmp_path: Path, filled: Store, proxy: Proxy
) -> None:
    """From whatever gave the first ones: here a process, asked again."""
    process_profile(tmp_path)
    proxy.faults.append(Fault(says(400, "ExpiredToken"), "song_data/x", times=1))
    assert found(settings_for(tmp_path, filled, aws=["PROFILE=someone"])) == 2
    assert (tmp_path / "asked").read_text() == "xx"


def test_secrets_are_left_out_of_messages(tmp_path: Path) -> None:
    """Of the configuration as of everything else."""
    with pytest.raises(ConfigError) as caught:
        settings_for(tmp_path, None, s3=["ENDPOINT_URL=http://me:never-shown@host"])
    assert "no address" in str(caught.value)
    assert "never-shown" not in str(caught.value)


@pytest.fixture(autouse=True)
def nothing_secret_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """By no test of this file."""
    yield
    out, err = capfd.readouterr()
    assert READER.secret not in out + err
