import pytest

from app.settings import Settings, load

GOOD = {"DATABASE_URL": "postgresql://shop:secret@db/shop", "REDIS_URL": "redis://redis/0"}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_come_from_the_environment(environment):
    environment.setenv("DB_POOL_SIZE", "7")
    assert load(Settings).db_pool_size == 7


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_stops_the_process_with_one_line(environment, capsys, name):
    environment.delenv(name)
    with pytest.raises(SystemExit) as stopped:
        load(Settings)
    assert stopped.value.code == 3
    assert capsys.readouterr().err == f"shop: {name} is not set\n"


def test_a_malformed_dsn_is_named_but_never_shown(environment, capsys):
    environment.setenv("DATABASE_URL", "mysql://shop:secret@db/shop")
    with pytest.raises(SystemExit):
        load(Settings)
    message = capsys.readouterr().err
    assert "DATABASE_URL is not valid" in message
    assert "secret" not in message
