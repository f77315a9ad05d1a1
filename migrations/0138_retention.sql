-- For how long each class of data is kept, where an operator has said so (server/store/retention.c has
-- the classes and what holds for those that are not here).
CREATE TABLE myna.retention (
    class           text PRIMARY KEY,
    keep            integer NOT NULL CHECK (keep >= 0), -- in the class's unit; 0: for ever
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL
);
