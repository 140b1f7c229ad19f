"""Migrations as files: released ones never change, and none of the others waits or works for ever."""

import re
import tarfile
from pathlib import Path

import pytest

import sql
from tests.integration.upgrade.conftest import ARCHIVE

MIGRATIONS = sorted(sql.MIGRATIONS.glob("*.sql"))
# Began before there was a rule for the time that a statement may take; released, they stay as they are.
WITHOUT_STATEMENT_TIMEOUT = {f"000{number}" for number in range(1, 7)}


def _released() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE) as archive:
        members = [member for member in archive.getmembers() if re.fullmatch(r"sql/migrations/\w+\.sql", member.name)]
        return {member.name.rpartition("/")[2]: _content(archive, member) for member in members}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    assert opened is not None
    return opened.read()


def test_a_released_migration_never_changes() -> None:
    released = _released()
    assert len(released) == 6
    assert {name: (sql.MIGRATIONS / name).read_bytes() for name in released} == released


def test_migrations_have_numbers_and_subjects() -> None:
    names = [path.name for path in MIGRATIONS]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_begins_with_its_limits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    statements = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
    assert statements[0] == "SET lock_timeout = '4s';"
    if path.name[:4] not in WITHOUT_STATEMENT_TIMEOUT:
        assert statements[1] == "SET statement_timeout = '60s';"


@pytest.mark.parametrize("path", MIGRATIONS[6:], ids=lambda path: path.stem)
def test_a_migration_takes_nothing_away_that_the_release_before_uses(path: Path) -> None:
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    found = re.findall(
        r"\b(?:DROP\s+(?!TRIGGER)\w+|RENAME|TRUNCATE|ALTER\s+COLUMN\s+\w+\s+TYPE)\b", text, re.IGNORECASE
    )
    assert found == [], "that waits for the release after, when nobody uses it any more"
