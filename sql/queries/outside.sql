-- name: limits
-- For the transaction that asks a database which is not Cairn's.
SELECT set_config('statement_timeout', %(timeout_ms)s, true),
    set_config('idle_in_transaction_session_timeout', %(timeout_ms)s, true),
    set_config('lock_timeout', '4s', true);

-- name: login
-- Whether this login is held back by no rights: a superuser also reads the server's files.
SELECT rolsuper AS is_superuser FROM pg_roles WHERE rolname = current_user;
