-- Gives the roles of roles.sql their rights on the tables that this role owns. Where
-- there are no such roles, all stays as it is.
DO $$
DECLARE
	name text;
	written CONSTANT text[] := string_to_array(current_setting('kakehashi.written'), ' '); -- all others the app only reads
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kakehashi_app') OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kakehashi_reader') THEN
		RETURN;
	END IF;
	FOR name IN
		SELECT relname FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND pg_has_role(relowner, 'USAGE')
	LOOP
		EXECUTE format('GRANT SELECT ON %I TO kakehashi_app, kakehashi_reader', name);
		IF name = ANY (written) THEN
			EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO kakehashi_app', name);
		END IF;
	END LOOP;
END $$
