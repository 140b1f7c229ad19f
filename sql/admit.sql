-- Let a login, named by the setting cairn.login, take the working roles. It inherits nothing: a session that takes no
-- role can do nothing.
DO $$
BEGIN
    EXECUTE format(
        'GRANT cairn_app, cairn_engine TO %I WITH INHERIT FALSE, SET TRUE', current_setting('cairn.login'));
END $$;
