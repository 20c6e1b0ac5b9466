-- +goose Up
-- What the bot remembers: the tables of bot/state, as on Postgres. Times are
-- microseconds since 1970 in UTC; 0 stands for none. Ids of people and places are
-- those of the platform. Truth is 1 or 0.

-- What the platforms deliver, more than once at times. A key is let go when it expires.
CREATE TABLE events (
	key       TEXT PRIMARY KEY,
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	person    TEXT NOT NULL,
	channel   TEXT NOT NULL,
	thread    TEXT NOT NULL,
	payload   TEXT NOT NULL, -- '' when it is done, as is person
	owner     TEXT NOT NULL, -- the claim that holds it, or that did it
	lease     INTEGER NOT NULL, -- until when the claim holds
	attempts  INTEGER NOT NULL,
	done      INTEGER NOT NULL,
	expires   INTEGER NOT NULL
) STRICT;
CREATE INDEX events_open ON events (lease) WHERE NOT done;
CREATE INDEX events_expires ON events (expires);
CREATE INDEX events_person ON events (person) WHERE NOT done;

-- Work that is to be done once, such as a channel's digest of one day.
CREATE TABLE once (
	key   TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	at    INTEGER NOT NULL
) STRICT;
CREATE INDEX once_at ON once (at);

CREATE TABLE turns (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	channel   TEXT NOT NULL,
	thread    TEXT NOT NULL,
	message   TEXT NOT NULL,
	person    TEXT NOT NULL, -- the author
	role      TEXT NOT NULL,
	text      TEXT NOT NULL,
	answer    TEXT NOT NULL, -- which one it shows; '' for none
	at        INTEGER NOT NULL, -- by the platform
	UNIQUE (platform, workspace, channel, thread, message)
) STRICT;
CREATE INDEX turns_person ON turns (person);
CREATE INDEX turns_answer ON turns (answer) WHERE answer <> '';
CREATE INDEX turns_at ON turns (at);

-- A chain of records for each workspace. What is erased keeps its hashes.
CREATE TABLE answers (
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	no        INTEGER NOT NULL, -- 1, 2, 3 … in the chain
	id        TEXT NOT NULL UNIQUE,
	person    TEXT NOT NULL, -- who asked
	channel   TEXT NOT NULL,
	thread    TEXT NOT NULL,
	question  TEXT NOT NULL,
	answer    TEXT NOT NULL, -- JSON
	drafter   TEXT NOT NULL, -- the model that worded it
	encoder   TEXT NOT NULL, -- the model that searched by meaning
	at        INTEGER NOT NULL,
	salt      TEXT NOT NULL, -- so that the hash of an erased text cannot be guessed at
	content   TEXT NOT NULL, -- hash of all that may be erased
	hash      TEXT NOT NULL, -- of this record and the hash before
	erased    INTEGER NOT NULL,
	erasure   TEXT NOT NULL, -- which one; '' for none
	PRIMARY KEY (platform, workspace, no)
) STRICT;
CREATE INDEX answers_person ON answers (person) WHERE erased = 0;
CREATE INDEX answers_thread ON answers (thread, channel) WHERE erased = 0;
CREATE INDEX answers_at ON answers (at) WHERE erased = 0;
CREATE INDEX answers_erasure ON answers (erasure) WHERE erasure <> '';

CREATE TABLE chains (
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	length    INTEGER NOT NULL,
	head      TEXT NOT NULL, -- hash of the last record
	PRIMARY KEY (platform, workspace)
) STRICT;

-- The passages that an answer rests on, in the version that it quotes.
CREATE TABLE citations (
	answer  TEXT NOT NULL,
	no      INTEGER NOT NULL,
	passage TEXT NOT NULL,
	version TEXT NOT NULL,
	text    TEXT NOT NULL,
	PRIMARY KEY (answer, no)
) STRICT;
CREATE INDEX citations_passage ON citations (passage, version);

-- The earlier turns that an answer has taken into account.
CREATE TABLE contexts (
	answer TEXT NOT NULL,
	no     INTEGER NOT NULL,
	person TEXT NOT NULL,
	role   TEXT NOT NULL,
	text   TEXT NOT NULL,
	at     INTEGER NOT NULL,
	PRIMARY KEY (answer, no)
) STRICT;
CREATE INDEX contexts_person ON contexts (person);

-- The outbox. The open deliveries of a thread are posted in their order.
CREATE TABLE deliveries (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	key       TEXT NOT NULL UNIQUE,
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	channel   TEXT NOT NULL,
	thread    TEXT NOT NULL,
	person    TEXT NOT NULL, -- whom it is for; '' for all
	answer    TEXT NOT NULL, -- which one it shows; '' for none
	payload   TEXT NOT NULL, -- JSON
	state     TEXT NOT NULL, -- pending, posting, posted, failed
	attempts  INTEGER NOT NULL,
	look      INTEGER NOT NULL, -- an earlier attempt may have posted it
	due       INTEGER NOT NULL, -- pending: from when on; posting: until when the claim holds
	owner     TEXT NOT NULL, -- the claim that holds it
	message   TEXT NOT NULL, -- the platform's id
	reason    TEXT NOT NULL, -- why it has failed
	at        INTEGER NOT NULL,
	finished  INTEGER NOT NULL  -- 0 while it is open
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due, seq) WHERE finished = 0;
CREATE INDEX deliveries_order ON deliveries (thread, channel, workspace, platform, seq) WHERE finished = 0;
CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished > 0;
CREATE INDEX deliveries_thread ON deliveries (thread, channel);
CREATE INDEX deliveries_person ON deliveries (person) WHERE person <> '';
CREATE INDEX deliveries_answer ON deliveries (answer) WHERE answer <> '';

CREATE TABLE feedback (
	answer    TEXT NOT NULL,
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	person    TEXT NOT NULL,
	helpful   INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	at        INTEGER NOT NULL,
	PRIMARY KEY (answer, platform, workspace, person)
) STRICT;
CREATE INDEX feedback_person ON feedback (person);

CREATE TABLE sign_offs (
	subject   TEXT NOT NULL,
	version   TEXT NOT NULL,
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	person    TEXT NOT NULL, -- a pseudonym after a purge
	at        INTEGER NOT NULL,
	PRIMARY KEY (subject, version, platform, workspace, person)
) STRICT;
CREATE INDEX sign_offs_person ON sign_offs (person);

-- kind: person or channel.
CREATE TABLE subscriptions (
	platform   TEXT NOT NULL,
	workspace  TEXT NOT NULL,
	kind       TEXT NOT NULL,
	target     TEXT NOT NULL,
	settings   TEXT NOT NULL, -- JSON
	language   TEXT NOT NULL,
	local_time TEXT NOT NULL, -- 08:30
	zone       TEXT NOT NULL, -- of the IANA database
	weekdays   INTEGER NOT NULL, -- bit 0 is Sunday
	paused     INTEGER NOT NULL,
	person     TEXT NOT NULL, -- who made it
	at         INTEGER NOT NULL,
	PRIMARY KEY (platform, workspace, kind, target)
) STRICT;
CREATE INDEX subscriptions_target ON subscriptions (target);
CREATE INDEX subscriptions_person ON subscriptions (person);

-- How to write to a person or a channel unasked.
CREATE TABLE conversations (
	platform  TEXT NOT NULL,
	workspace TEXT NOT NULL,
	kind      TEXT NOT NULL,
	target    TEXT NOT NULL,
	reference TEXT NOT NULL, -- JSON of the platform
	blocked   INTEGER NOT NULL,
	at        INTEGER NOT NULL,
	PRIMARY KEY (platform, workspace, kind, target)
) STRICT;
CREATE INDEX conversations_target ON conversations (target);

-- How far the sources of the corpus have been read.
CREATE TABLE cursors (
	source        TEXT PRIMARY KEY,
	cursor        TEXT NOT NULL,
	etag          TEXT NOT NULL,
	last_modified TEXT NOT NULL,
	success       INTEGER NOT NULL,
	error         TEXT NOT NULL,
	version       INTEGER NOT NULL,
	owner         TEXT NOT NULL
) STRICT;

-- The fence rises with each holder, so a row stays when its lease is over.
CREATE TABLE leases (
	name    TEXT PRIMARY KEY,
	holder  TEXT NOT NULL,
	fence   INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	owner   TEXT NOT NULL
) STRICT;
CREATE INDEX contexts_at ON contexts (at);
