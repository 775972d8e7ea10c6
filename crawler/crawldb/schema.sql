-- The crawl database, version 3. `urls` holds the present state of every known URL, `visits` all that was ever asked.

CREATE TABLE IF NOT EXISTS facts (                -- what shapes this crawl: fixed settings, the rules it was last judged by
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs (
    id         INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,       -- moments are seconds of the wall clock since 1970
    ended_at   REAL,                -- NULL while it runs, and for ever if it was killed
    stopped    TEXT                 -- why it ended; NULL: the crawl is finished
);

CREATE TABLE IF NOT EXISTS hosts (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,  -- host name, and port where it is not the default one
    rules         BLOB,             -- its robots.txt; NULL: not known, only robots.txt itself may be asked for
    rules_at      REAL NOT NULL DEFAULT 0,
    delay         REAL NOT NULL DEFAULT 0,
    heard         INTEGER NOT NULL DEFAULT 0,  -- it has answered at least once
    failures      INTEGER NOT NULL DEFAULT 0,  -- in a row, of the host as a whole
    failing_since REAL,
    word          TEXT,             -- what ails it
    named         INTEGER NOT NULL DEFAULT 0,  -- 1: by a start URL or a list, it may lie in a private network; 2: it does not
    given_up      INTEGER,          -- the run in which it was given up
    domain        TEXT,             -- whose hosts it is one of (traps.py); NULL: nothing of it was followed, '': it does not count
    window        REAL,             -- how many requests it bears at once (flow.py); NULL: as many as it may have
    pace_at       REAL NOT NULL DEFAULT 0,     -- asked no earlier than this
    due_at        REAL NOT NULL DEFAULT 0,     -- worth a look no earlier than this; never before pace_at
    open          INTEGER NOT NULL DEFAULT 0,  -- something is queued, and one more visit may be out
    queued        INTEGER NOT NULL DEFAULT 0,  -- from here on: how many of its URLs are in each state,
                                               -- its robots.txt only while it is queued or leased
    leased        INTEGER NOT NULL DEFAULT 0,
    saved         INTEGER NOT NULL DEFAULT 0,
    read          INTEGER NOT NULL DEFAULT 0,
    redirected    INTEGER NOT NULL DEFAULT 0,
    rejected      INTEGER NOT NULL DEFAULT 0,
    refused       INTEGER NOT NULL DEFAULT 0,
    skipped       INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    pages         INTEGER NOT NULL DEFAULT 0,  -- saved: images by their true type; other anchor targets
    images        INTEGER NOT NULL DEFAULT 0,
    size          INTEGER NOT NULL DEFAULT 0   -- bytes saved
);
CREATE INDEX IF NOT EXISTS hosts_due ON hosts (due_at) WHERE open = 1;
CREATE INDEX IF NOT EXISTS hosts_domain ON hosts (domain) WHERE domain IS NOT NULL;

CREATE TABLE IF NOT EXISTS urls (
    id          INTEGER PRIMARY KEY,
    digest      INTEGER NOT NULL,   -- 64 bits of the URL (digest.py): a lean index, the text decides
    url         TEXT NOT NULL,
    host        INTEGER NOT NULL REFERENCES hosts,
    kind        INTEGER NOT NULL,   -- 0 robots, 1 sitemap, 2 style, 3 image, 4 page: the order of leasing, too
    state       TEXT NOT NULL,      -- queued leased saved read redirected rejected refused skipped failed
    depth       INTEGER NOT NULL,
    hops        INTEGER NOT NULL DEFAULT 0,
    parent      INTEGER REFERENCES urls,       -- the page that named it; NULL: a start URL, or a row of a list
    place       INTEGER NOT NULL DEFAULT 0,    -- an image's number on that page, or in its list
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      REAL NOT NULL DEFAULT 0,       -- 0: at once; else the moment of its next attempt
    token       INTEGER,            -- of its lease
    suspects    INTEGER NOT NULL DEFAULT 0,    -- worker processes that ended, or hung, while they had it
    partial     TEXT,               -- what is there of a large document that broke off: [file, bytes, validator]
    status      INTEGER,
    error       TEXT,               -- the word for its state
    detail      TEXT,
    links_error TEXT,               -- why a saved page's links could not be read
    path        TEXT,               -- the file, relative to the output folder, and its size, SHA-256 and true type
    size        INTEGER,
    sha256      BLOB,
    media_type  TEXT,
    received    INTEGER,            -- body bytes that its last visit took, kept or not
    width       INTEGER,            -- of an image, in pixels
    height      INTEGER,
    likeness    BLOB,               -- its perceptual hash
    near        INTEGER REFERENCES urls,       -- a kept image that it looks like
    original    INTEGER REFERENCES urls,       -- a duplicate: the URL whose file it is
    work_error  TEXT,               -- why its hash, thumbnail or conversion could not be made
    redirect    INTEGER REFERENCES urls,
    fetched_at  REAL,
    elapsed     REAL
);
CREATE INDEX IF NOT EXISTS urls_digest ON urls (digest);
CREATE INDEX IF NOT EXISTS urls_queue ON urls (host, due_at, kind, depth, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS urls_later ON urls (due_at) WHERE state = 'queued' AND due_at > 0;
CREATE INDEX IF NOT EXISTS urls_robots ON urls (host) WHERE kind = 0;
CREATE INDEX IF NOT EXISTS urls_leased ON urls (id) WHERE state = 'leased';
CREATE INDEX IF NOT EXISTS urls_suspects ON urls (id) WHERE state = 'queued' AND suspects > 0;
CREATE INDEX IF NOT EXISTS urls_partials ON urls (id) WHERE partial IS NOT NULL;
CREATE INDEX IF NOT EXISTS urls_lost ON urls (host, error) -- what a host may have lost when it was given up (requeue.py)
    WHERE state = 'failed' OR state = 'refused' OR state = 'rejected' AND coalesce(status, 503) IN (429, 503);
CREATE INDEX IF NOT EXISTS urls_sitemaps ON urls (host) WHERE kind = 1;
CREATE INDEX IF NOT EXISTS urls_seeds ON urls (id) WHERE parent IS NULL AND kind = 4;
CREATE INDEX IF NOT EXISTS urls_originals ON urls (original) WHERE original IS NOT NULL;

CREATE TABLE IF NOT EXISTS links (                -- all references of one page, in one compact row (links.py)
    url   INTEGER PRIMARY KEY REFERENCES urls,
    found BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS visits (               -- append-only
    id      INTEGER PRIMARY KEY,
    url     INTEGER NOT NULL REFERENCES urls,
    run     INTEGER NOT NULL REFERENCES runs,
    attempt INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    error   TEXT,
    detail  TEXT,
    asked_at REAL,                  -- NULL: nothing was asked
    elapsed REAL NOT NULL,
    size    INTEGER NOT NULL,       -- body bytes that came
    peer    TEXT,                   -- the address connected to
    head    BLOB                    -- the raw head of the answer
);

CREATE TABLE IF NOT EXISTS cookies (              -- as RFC 6265bis has them; the value is a credential
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    domain      TEXT NOT NULL,
    host_only   INTEGER NOT NULL,
    path        TEXT NOT NULL,
    expires_at  REAL,               -- NULL: it ends with the crawl
    secure      INTEGER NOT NULL,
    http_only   INTEGER NOT NULL,
    created_at  REAL NOT NULL,
    from_secure INTEGER NOT NULL,
    UNIQUE (domain, name, path, host_only)
);

CREATE TABLE IF NOT EXISTS claims (               -- where content lies: the URL that its file belongs to
    digest BLOB PRIMARY KEY,        -- SHA-256
    url    INTEGER NOT NULL REFERENCES urls
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS names (                -- of files, where a template names them: whose each is, by its folded path
    name TEXT PRIMARY KEY,
    url  INTEGER NOT NULL REFERENCES urls,
    path TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_url ON names (url);

CREATE TABLE IF NOT EXISTS trash (                -- files that no row has any more, until they are gone
    path TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS crowds (   -- pages that say the same (traps.py)
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES hosts,
    family      TEXT NOT NULL,      -- the part of the host where they are
    fingerprint INTEGER NOT NULL,   -- of the first
    size        INTEGER NOT NULL,   -- how many of them have named new URLs of their family
    closed      INTEGER NOT NULL    -- no more of these are followed
);
CREATE INDEX IF NOT EXISTS crowds_family ON crowds (host, family);
CREATE INDEX IF NOT EXISTS crowds_closed ON crowds (id) WHERE closed;

CREATE TABLE IF NOT EXISTS crowded (  -- which pages these are
    crowd INTEGER NOT NULL REFERENCES crowds,
    page  INTEGER NOT NULL REFERENCES urls,
    PRIMARY KEY (crowd, page)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sessions ( -- URLs with a session id that were followed, without it
    url TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS lists (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,      -- of its beginning: the same list, though it may have grown
    offset      INTEGER NOT NULL DEFAULT 0,    -- bytes of it that are read, and the rows in them
    rows        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, fingerprint)
);

CREATE TABLE IF NOT EXISTS rows (                 -- of lists; `url` is NULL where a row names none, as `error` says
    list    INTEGER NOT NULL REFERENCES lists,
    number  INTEGER NOT NULL,
    url     INTEGER REFERENCES urls,
    text    TEXT,                   -- the URL as written, where that is not the URL
    caption TEXT,
    columns TEXT,                   -- all others, as JSON
    error   TEXT,
    PRIMARY KEY (list, number)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS near (                 -- perceptual hashes of pictures, and the bands by which like ones are found (near.py)
    url    INTEGER PRIMARY KEY REFERENCES urls,
    across INTEGER NOT NULL,        -- 64 bits: where the picture grows lighter from left to right
    down   INTEGER NOT NULL,        -- 64 bits: from top to bottom
    leads  INTEGER NOT NULL         -- 1: the one of its equals that stands in the bands
);
CREATE INDEX IF NOT EXISTS near_equal ON near (across, down);
CREATE INDEX IF NOT EXISTS near_band_0 ON near (across & 2097151) WHERE leads;
CREATE INDEX IF NOT EXISTS near_band_1 ON near (across >> 21 & 2097151) WHERE leads;
CREATE INDEX IF NOT EXISTS near_band_2 ON near (across >> 42 & 4194303) WHERE leads;

PRAGMA user_version = 3;
