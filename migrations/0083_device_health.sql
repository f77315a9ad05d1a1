-- What robots measured of themselves over the last two days, for their pages: a ring of samples, so
-- that it never grows and nothing has to be deleted.

CREATE TABLE myna.device_health (
    device_id       text NOT NULL,
    slot            smallint NOT NULL,              -- of the ring: ten minutes each, 288 of them
    at              timestamptz NOT NULL,
    cpu_percent     integer NOT NULL,
    memory_kib      bigint NOT NULL,
    disk_free_mib   bigint NOT NULL,
    turns           bigint NOT NULL,                -- since the agent's start, like what follows
    failed_turns    bigint NOT NULL,
    audio_underruns bigint NOT NULL,
    frames_late     bigint NOT NULL,
    journal_pending bigint NOT NULL,
    wifi_dbm        integer NOT NULL,               -- 0: no Wi-Fi, or not known
    PRIMARY KEY (device_id, slot)
) WITH (fillfactor = 90);

-- One row: the newest round of sampling. Whoever moves it on takes the samples.
CREATE TABLE myna.device_health_round (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at              timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO myna.device_health_round DEFAULT VALUES;
