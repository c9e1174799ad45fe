"""What builds ran in: what is kept, what looks like a secret, and what differs."""

from __future__ import annotations

import pytest

from buildmill.master.domain.environments import (
    LONGEST,
    MOST,
    Entry,
    Environment,
    EnvironmentMaker,
    Section,
    decode_entries,
    environment_differences,
    looks_secret,
    shown,
)

MAKER = EnvironmentMaker(b"key")


def entries(environment: Environment) -> list[Entry]:
    return decode_entries(environment.document)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "x"),
        ("aws_secret_access_key", "x"),
        ("WORKERPASS", "x"),
        ("PGPASSWORD", "x"),
        ("MYSQL_PWD", "x"),
        ("API_KEY", "x"),
        ("NPM_CREDENTIALS", "x"),
        ("HTTP_AUTHORIZATION", "x"),
        ("AZURE_STORAGE_CONNECTION_STRING", "x"),
        ("GH_PAT", "x"),
        ("PROXY", "http://ann:geheim@proxy.example.org:3128/"),
        ("PROXY", "http://:geheim@proxy.example.org/"),
        ("HEADER", "Authorization: Bearer abcdefghij"),
        ("DEPLOY", "-----BEGIN OPENSSH PRIVATE"),
        ("DEPLOY", "ghp_0123456789abcdef"),
        ("DEPLOY", "AKIAIOSFODNN7EXAMPLE"),
        ("DEPLOY", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ("DATABASE_URL", "postgres://app:ge/heim@db.example.org/app"),
        ("DATABASE_URL", "postgres://app:ge@heim@db.example.org/app"),
        ("INDEX", "https://0123456789abcdef@packages.example.org/simple"),
        ("JDBC_URL", "jdbc:postgresql://db/app?user=app&password=geheim"),
        ("ARTIFACTS", "https://store.example.org/a?se=2030&sig=geheim"),
        ("JAVA_OPTS", "-Xmx1g -Dtrust.storePassword=geheim"),
        ("DATABASE", "Server=db;Uid=app;Pwd=geheim"),
        ("STORE", "AccountName=a;AccountKey=geheim"),
        ("REGISTRIES", '{"auths": {"r.example.org": {"auth": "Z2VoZWlt"}}}'),
        ("NOTIFY", "https://hooks.slack.com/services/T0/B0/geheim"),
        ("KUBE_CONFIG_DATA", "YXBp"),
    ],
)
def test_secrets_are_known_by_their_names_or_their_values(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/bin:/bin"),
        ("PWD", "/srv/w1"),
        ("GIT_AUTHOR_NAME", "Ann"),
        ("PROXY", "http://proxy.example.org:3128/"),
        ("REPO", "ssh://git@example.org/app.git"),
        ("LANG", "C.UTF-8"),
        ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
        ("XAUTHORITY", "/home/ann/.x"),
        ("PATH", "/opt/pass:/opt/secret:/bin"),
        ("PAGE", "https://example.org:8443/a?b=c"),
        ("PACKAGE", "@scope/name@1.0"),
    ],
)
def test_ordinary_variables_are_no_secrets(name: str, value: str) -> None:
    assert not looks_secret(name, value)


@pytest.mark.parametrize("evil", ["://" + ":" * 4000, "-eyJ" * 1000, "pwd" + " " * 4000, "://:" * 1000, "sig" * 1300])
def test_values_that_are_made_to_take_long_do_not(evil: str) -> None:
    variables = {f"A{number}": evil * 2 for number in range(MOST // 5)}

    # one that was looked at again from each of its places would take minutes
    found = entries(MAKER.of_worker({}, variables))

    assert not any(entry.digest for entry in found)


def test_nothing_of_a_secret_is_kept_but_whether_it_is_the_same() -> None:
    first, same, other = (MAKER.of_worker({}, {"TOKEN": value}) for value in ("geheim", "geheim", "anders"))

    assert first == same
    assert first.digest != other.digest
    assert "geheim" not in first.document
    (entry,) = entries(first)
    assert shown(entry).value is None
    assert shown(entry).secret
    assert not any(entry.digest in str(value) for value in (shown(entry).name, shown(entry).section))


def test_without_the_key_a_guess_cannot_be_tried() -> None:
    own, foreign = (EnvironmentMaker(key).of_worker({}, {"TOKEN": "geheim"}) for key in (b"key", b"another"))

    assert own.digest != foreign.digest


def test_what_a_build_has_computed_from_a_secret_is_one_whatever_it_looks_like() -> None:
    environment = MAKER.of_builder({"FLAGS": "--login=geheim", "MODE": "fast"}, secrets=["FLAGS"])

    assert [(one.name, one.value) for one in entries(environment)] == [("FLAGS", None), ("MODE", "fast")]
    assert "geheim" not in environment.document


def test_what_each_start_of_a_worker_changes_makes_no_other_environment() -> None:
    first = MAKER.of_worker({"version": "1"}, {"PATH": "/bin", "SHLVL": "1", "INVOCATION_ID": "aa"})
    again = MAKER.of_worker({"version": "1"}, {"PATH": "/bin", "SHLVL": "2", "INVOCATION_ID": "bb"})

    assert first == again


def test_the_order_in_which_variables_come_does_not_matter() -> None:
    assert MAKER.of_worker({}, {"A": "1", "B": "2"}) == MAKER.of_worker({}, {"B": "2", "A": "1"})


def test_a_long_value_is_cut_and_told_apart_all_the_same() -> None:
    one, other = (MAKER.of_worker({}, {"A": "x" * LONGEST + end}) for end in ("1", "2"))

    assert one.digest != other.digest
    assert len(entries(one)[0].value or "") < LONGEST + 150


def test_what_a_database_would_refuse_is_replaced() -> None:
    (entry,) = entries(MAKER.of_worker({}, {"A": "a\0b\udc80"}))

    assert entry.value == "a\N{REPLACEMENT CHARACTER}b?"


def test_differences_are_by_section_and_name() -> None:
    was = [
        Entry(Section.WORKER, "version", "1"),
        Entry(Section.ENVIRON, "TOKEN", None, "aa"),
        Entry(Section.ENVIRON, "SAME", "x"),
        Entry(Section.BUILDER, "MODE", "fast"),
    ]
    becomes = [
        Entry(Section.BUILDER, "NEW", "y"),
        Entry(Section.ENVIRON, "TOKEN", None, "bb"),
        Entry(Section.ENVIRON, "SAME", "x"),
        Entry(Section.WORKER, "version", "2"),
    ]

    found = environment_differences(was, becomes)

    assert [(one.section, one.name) for one in found] == [
        ("worker", "version"), ("environ", "TOKEN"), ("builder", "MODE"), ("builder", "NEW"),
    ]  # fmt: skip
    version, token, mode, new = found
    assert (version.was and version.was.value, version.becomes and version.becomes.value) == ("1", "2")
    assert token.was is not None
    assert token.becomes is not None
    assert (token.was.secret, token.was.value, token.becomes.value) == (True, None, None)
    assert (mode.becomes, new.was) == (None, None)
