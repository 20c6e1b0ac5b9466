-- The roles of Kakehashi's database, each with no more rights than its work needs.
-- Run it once in that database, as a superuser, before the first "kakehashi migrate up":
--
--     kakehashi migrate roles | psql -d kakehashi
--
-- then give each role a password (\password kakehashi_owner in psql). It may be run
-- again at any time. What each role may do with the single tables, "kakehashi migrate
-- up" sets whenever it has run as the owner.
--
--   kakehashi_owner   migrates the tables and fills the index (kakehashi corpus push)
--   kakehashi_app     serves: reads the index; reads and writes threads, answers and the like
--   kakehashi_reader  looks things up. It sees what people have written: give it to few

DO $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY ARRAY['kakehashi_owner', 'kakehashi_app', 'kakehashi_reader'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
		END IF;
	END LOOP;
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO kakehashi_owner, kakehashi_app, kakehashi_reader', current_database());
	EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO kakehashi_owner', current_database());
END $$;

-- pgvector is a trusted extension; where a provider sees that otherwise, only the
-- superuser may do this.
CREATE EXTENSION IF NOT EXISTS vector;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO kakehashi_app, kakehashi_reader;
GRANT USAGE, CREATE ON SCHEMA public TO kakehashi_owner;

-- Tables that the owner makes later, such as the partitions of a new encoder.
ALTER DEFAULT PRIVILEGES FOR ROLE kakehashi_owner IN SCHEMA public GRANT SELECT ON TABLES TO kakehashi_app, kakehashi_reader;

-- A slip of the hand is refused, too.
ALTER ROLE kakehashi_reader SET default_transaction_read_only = on;
