CREATE TABLE facts (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    ended_at   REAL,
    stopped    TEXT
);
CREATE TABLE hosts (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    rules         BLOB,
    rules_at      REAL NOT NULL DEFAULT 0,
    delay         REAL NOT NULL DEFAULT 0,
    heard         INTEGER NOT NULL DEFAULT 0,
    failures      INTEGER NOT NULL DEFAULT 0,
    failing_since REAL,
    word          TEXT,
    given_up      INTEGER,
    pace_at       REAL NOT NULL DEFAULT 0,
    due_at        REAL NOT NULL DEFAULT 0,
    open          INTEGER NOT NULL DEFAULT 0,
    queued        INTEGER NOT NULL DEFAULT 0,
    leased        INTEGER NOT NULL DEFAULT 0,
    saved         INTEGER NOT NULL DEFAULT 0,
    redirected    INTEGER NOT NULL DEFAULT 0,
    rejected      INTEGER NOT NULL DEFAULT 0,
    refused       INTEGER NOT NULL DEFAULT 0,
    skipped       INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    pages         INTEGER NOT NULL DEFAULT 0,
    images        INTEGER NOT NULL DEFAULT 0,
    size          INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX hosts_due ON hosts (due_at) WHERE open = 1;
CREATE TABLE urls (
    id          INTEGER PRIMARY KEY,
    digest      INTEGER NOT NULL,
    url         TEXT NOT NULL,
    host        INTEGER NOT NULL REFERENCES hosts,
    kind        INTEGER NOT NULL,
    state       TEXT NOT NULL,
    depth       INTEGER NOT NULL,
    hops        INTEGER NOT NULL DEFAULT 0,
    parent      INTEGER REFERENCES urls,
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      REAL NOT NULL DEFAULT 0,
    token       INTEGER,
    partial     TEXT,
    status      INTEGER,
    error       TEXT,
    detail      TEXT,
    links_error TEXT,
    path        TEXT,
    size        INTEGER,
    sha256      BLOB,
    media_type  TEXT,
    redirect    INTEGER REFERENCES urls,
    fetched_at  REAL,
    elapsed     REAL
);
CREATE INDEX urls_digest ON urls (digest);
CREATE INDEX urls_queue ON urls (host, due_at, kind, depth, id) WHERE state = 'queued';
CREATE INDEX urls_leased ON urls (id) WHERE state = 'leased';
CREATE INDEX urls_seeds ON urls (id) WHERE parent IS NULL;
CREATE TABLE links (
    url   INTEGER PRIMARY KEY REFERENCES urls,
    found BLOB NOT NULL
);
CREATE TABLE visits (
    id      INTEGER PRIMARY KEY,
    url     INTEGER NOT NULL REFERENCES urls,
    run     INTEGER NOT NULL REFERENCES runs,
    attempt INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    error   TEXT,
    detail  TEXT,
    asked_at REAL,
    elapsed REAL NOT NULL,
    size    INTEGER NOT NULL,
    peer    TEXT,
    head    BLOB
);
CREATE TABLE cookies (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    domain      TEXT NOT NULL,
    host_only   INTEGER NOT NULL,
    path        TEXT NOT NULL,
    expires_at  REAL,
    secure      INTEGER NOT NULL,
    http_only   INTEGER NOT NULL,
    created_at  REAL NOT NULL,
    from_secure INTEGER NOT NULL,
    UNIQUE (domain, name, path, host_only)
);
PRAGMA user_version = 1;
