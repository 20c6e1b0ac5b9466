-- +goose Up
-- Where the app for Slack is installed, if in several workspaces, with the tokens that
-- Slack has given for each: bot/slack keeps them here, encrypted. Times are microseconds
-- since 1970 in UTC; 0 stands for none. Truth is 1 or 0.
CREATE TABLE slack_installs (
	enterprise    TEXT    NOT NULL, -- '' where the workspace belongs to none
	team          TEXT    NOT NULL, -- '' where a whole enterprise has installed it
	is_enterprise INTEGER NOT NULL,
	bot_user      TEXT    NOT NULL,
	key           TEXT    NOT NULL, -- the id of the key that opens sealed
	sealed        BLOB    NOT NULL, -- the tokens, bound to this row
	expires       INTEGER NOT NULL, -- when the token does; 0 for never
	PRIMARY KEY (enterprise, team, is_enterprise)
) STRICT;
CREATE INDEX slack_installs_team ON slack_installs (team);
