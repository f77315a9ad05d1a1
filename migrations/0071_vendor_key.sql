-- A vendor's next key: robots are moved to it by shares, and the old one is kept until every robot
-- has said that it runs a configuration with the next.

ALTER TABLE myna.vendor
    ADD key_number          integer NOT NULL DEFAULT 1,     -- of the key in key_wrapped
    ADD next_key_wrapped    bytea,                          -- like key_wrapped
    ADD next_key_share      numeric NOT NULL DEFAULT 0
                            CHECK (next_key_share BETWEEN 0 AND 1),
    ADD next_key_at         timestamptz;                    -- since when some robots have it

-- The robots that the next key was given to, and the generation that brings it. Whoever enrols later
-- is given it at once.
CREATE TABLE myna.vendor_key_device (
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor ON DELETE CASCADE,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    generation      bigint,                         -- NULL within the transaction that gives it alone
    PRIMARY KEY (vendor_id, device_id)
);

-- Whether a device is among the share that has the vendor's next key. The order is the key's own, so
-- that a growing share keeps whom it has.
CREATE FUNCTION myna.key_is_next(v myna.vendor, device text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT v.next_key_wrapped IS NOT NULL
       AND (hashtextextended(v.vendor_id || '/' || v.key_number || '/' || device, 0)
            & 9223372036854775807) % 10000 < v.next_key_share * 10000
$$;
