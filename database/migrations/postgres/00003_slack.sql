-- +goose Up
-- Where the app for Slack is installed, if in several workspaces, with the tokens that
-- Slack has given for each: bot/slack keeps them here, encrypted. Times are microseconds
-- since 1970 in UTC; 0 stands for none.
CREATE TABLE slack_installs (
	enterprise    text    NOT NULL, -- '' where the workspace belongs to none
	team          text    NOT NULL, -- '' where a whole enterprise has installed it
	is_enterprise boolean NOT NULL,
	bot_user      text    NOT NULL,
	key           text    NOT NULL, -- the id of the key that opens sealed
	sealed        bytea   NOT NULL, -- the tokens, bound to this row
	expires       bigint  NOT NULL, -- when the token does; 0 for never
	PRIMARY KEY (enterprise, team, is_enterprise)
);
CREATE INDEX slack_installs_team ON slack_installs (team);
