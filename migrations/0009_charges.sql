-- What pools are charged for an attempt that is uncertain, so that the vendor's word on it can give
-- back the difference. A row goes when an import settles its attempt, or with its pool's time.
CREATE TABLE myna.pool_charge (
    device_id       text NOT NULL,
    journal_id      uuid NOT NULL,
    seq             bigint NOT NULL,
    pool_id         bigint NOT NULL REFERENCES myna.pool ON DELETE CASCADE,
    amount          numeric NOT NULL,               -- part of the pool's spent
    PRIMARY KEY (device_id, journal_id, seq, pool_id)
);
CREATE INDEX pool_charge_pool ON myna.pool_charge (pool_id);
