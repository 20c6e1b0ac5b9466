-- +goose Up
-- What the bot remembers: the tables of bot/state. Times are microseconds since 1970 in
-- UTC; 0 stands for none. Ids of people and places are those of the platform.

-- What the platforms deliver, more than once at times. A key is let go when it expires.
CREATE TABLE events (
	key       text    PRIMARY KEY,
	platform  text    NOT NULL,
	workspace text    NOT NULL,
	person    text    NOT NULL,
	channel   text    NOT NULL,
	thread    text    NOT NULL,
	payload   text    NOT NULL, -- '' when it is done, as is person
	owner     text    NOT NULL, -- the claim that holds it, or that did it
	lease     bigint  NOT NULL, -- until when the claim holds
	attempts  integer NOT NULL,
	done      boolean NOT NULL,
	expires   bigint  NOT NULL
);
CREATE INDEX events_open ON events (lease) WHERE NOT done;
CREATE INDEX events_expires ON events (expires);
CREATE INDEX events_person ON events (person) WHERE NOT done;

-- Work that is to be done once, such as a channel's digest of one day.
CREATE TABLE once (
	key   text   PRIMARY KEY,
	owner text   NOT NULL,
	at    bigint NOT NULL
);
CREATE INDEX once_at ON once (at);

CREATE TABLE turns (
	seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	platform  text   NOT NULL,
	workspace text   NOT NULL,
	channel   text   NOT NULL,
	thread    text   NOT NULL,
	message   text   NOT NULL,
	person    text   NOT NULL, -- the author
	role      text   NOT NULL,
	text      text   NOT NULL,
	answer    text   NOT NULL, -- which one it shows; '' for none
	at        bigint NOT NULL, -- by the platform
	UNIQUE (platform, workspace, channel, thread, message)
);
CREATE INDEX turns_person ON turns (person);
CREATE INDEX turns_answer ON turns (answer) WHERE answer <> '';
CREATE INDEX turns_at ON turns (at);

-- A chain of records for each workspace. What is erased keeps its hashes.
CREATE TABLE answers (
	platform  text   NOT NULL,
	workspace text   NOT NULL,
	no        bigint NOT NULL, -- 1, 2, 3 … in the chain
	id        text   NOT NULL UNIQUE,
	person    text   NOT NULL, -- who asked
	channel   text   NOT NULL,
	thread    text   NOT NULL,
	question  text   NOT NULL,
	answer    text   NOT NULL, -- JSON
	drafter   text   NOT NULL, -- the model that worded it
	encoder   text   NOT NULL, -- the model that searched by meaning
	at        bigint NOT NULL,
	salt      text   NOT NULL, -- so that the hash of an erased text cannot be guessed at
	content   text   NOT NULL, -- hash of all that may be erased
	hash      text   NOT NULL, -- of this record and the hash before
	erased    bigint NOT NULL,
	erasure   text   NOT NULL, -- which one; '' for none
	PRIMARY KEY (platform, workspace, no)
);
CREATE INDEX answers_person ON answers (person) WHERE erased = 0;
CREATE INDEX answers_thread ON answers (thread, channel) WHERE erased = 0;
CREATE INDEX answers_at ON answers (at) WHERE erased = 0;
CREATE INDEX answers_erasure ON answers (erasure) WHERE erasure <> '';

CREATE TABLE chains (
	platform  text   NOT NULL,
	workspace text   NOT NULL,
	length    bigint NOT NULL,
	head      text   NOT NULL, -- hash of the last record
	PRIMARY KEY (platform, workspace)
);

-- The passages that an answer rests on, in the version that it quotes.
CREATE TABLE citations (
	answer  text    NOT NULL,
	no      integer NOT NULL,
	passage text    NOT NULL,
	version text    NOT NULL,
	text    text    NOT NULL,
	PRIMARY KEY (answer, no)
);
CREATE INDEX citations_passage ON citations (passage, version);

-- The earlier turns that an answer has taken into account.
CREATE TABLE contexts (
	answer text    NOT NULL,
	no     integer NOT NULL,
	person text    NOT NULL,
	role   text    NOT NULL,
	text   text    NOT NULL,
	at     bigint  NOT NULL,
	PRIMARY KEY (answer, no)
);
CREATE INDEX contexts_person ON contexts (person);

-- The outbox. The open deliveries of a thread are posted in their order.
CREATE TABLE deliveries (
	seq       bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	key       text    NOT NULL UNIQUE,
	platform  text    NOT NULL,
	workspace text    NOT NULL,
	channel   text    NOT NULL,
	thread    text    NOT NULL,
	person    text    NOT NULL, -- whom it is for; '' for all
	answer    text    NOT NULL, -- which one it shows; '' for none
	payload   text    NOT NULL, -- JSON
	state     text    NOT NULL, -- pending, posting, posted, failed
	attempts  integer NOT NULL,
	look      boolean NOT NULL, -- an earlier attempt may have posted it
	due       bigint  NOT NULL, -- pending: from when on; posting: until when the claim holds
	owner     text    NOT NULL, -- the claim that holds it
	message   text    NOT NULL, -- the platform's id
	reason    text    NOT NULL, -- why it has failed
	at        bigint  NOT NULL,
	finished  bigint  NOT NULL  -- 0 while it is open
);
CREATE INDEX deliveries_due ON deliveries (due, seq) WHERE finished = 0;
CREATE INDEX deliveries_order ON deliveries (thread, channel, workspace, platform, seq) WHERE finished = 0;
CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished > 0;
CREATE INDEX deliveries_thread ON deliveries (thread, channel);
CREATE INDEX deliveries_person ON deliveries (person) WHERE person <> '';
CREATE INDEX deliveries_answer ON deliveries (answer) WHERE answer <> '';

CREATE TABLE feedback (
	answer    text    NOT NULL,
	platform  text    NOT NULL,
	workspace text    NOT NULL,
	person    text    NOT NULL,
	helpful   boolean NOT NULL,
	reason    text    NOT NULL,
	at        bigint  NOT NULL,
	PRIMARY KEY (answer, platform, workspace, person)
);
CREATE INDEX feedback_person ON feedback (person);

CREATE TABLE sign_offs (
	subject   text   NOT NULL,
	version   text   NOT NULL,
	platform  text   NOT NULL,
	workspace text   NOT NULL,
	person    text   NOT NULL, -- a pseudonym after a purge
	at        bigint NOT NULL,
	PRIMARY KEY (subject, version, platform, workspace, person)
);
CREATE INDEX sign_offs_person ON sign_offs (person);

-- kind: person or channel.
CREATE TABLE subscriptions (
	platform   text    NOT NULL,
	workspace  text    NOT NULL,
	kind       text    NOT NULL,
	target     text    NOT NULL,
	settings   text    NOT NULL, -- JSON
	language   text    NOT NULL,
	local_time text    NOT NULL, -- 08:30
	zone       text    NOT NULL, -- of the IANA database
	weekdays   integer NOT NULL, -- bit 0 is Sunday
	paused     boolean NOT NULL,
	person     text    NOT NULL, -- who made it
	at         bigint  NOT NULL,
	PRIMARY KEY (platform, workspace, kind, target)
);
CREATE INDEX subscriptions_target ON subscriptions (target);
CREATE INDEX subscriptions_person ON subscriptions (person);

-- How to write to a person or a channel unasked.
CREATE TABLE conversations (
	platform  text    NOT NULL,
	workspace text    NOT NULL,
	kind      text    NOT NULL,
	target    text    NOT NULL,
	reference text    NOT NULL, -- JSON of the platform
	blocked   boolean NOT NULL,
	at        bigint  NOT NULL,
	PRIMARY KEY (platform, workspace, kind, target)
);
CREATE INDEX conversations_target ON conversations (target);

-- How far the sources of the corpus have been read.
CREATE TABLE cursors (
	source        text   PRIMARY KEY,
	cursor        text   NOT NULL,
	etag          text   NOT NULL,
	last_modified text   NOT NULL,
	success       bigint NOT NULL,
	error         text   NOT NULL,
	version       bigint NOT NULL,
	owner         text   NOT NULL
);

-- The fence rises with each holder, so a row stays when its lease is over.
CREATE TABLE leases (
	name    text   PRIMARY KEY,
	holder  text   NOT NULL,
	fence   bigint NOT NULL,
	expires bigint NOT NULL,
	owner   text   NOT NULL
);
CREATE INDEX contexts_at ON contexts (at);
