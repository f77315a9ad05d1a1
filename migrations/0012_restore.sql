-- Which PostgreSQL this database was last seen in. Another system identifier (a dump loaded
-- elsewhere) or timeline (recovery to a point in time, a promoted standby) may have forgotten what
-- robots were told: the epoch is raised then. NULL: not looked yet.
ALTER TABLE myna.installation ADD COLUMN system_identifier text,
    ADD COLUMN timeline bigint;
