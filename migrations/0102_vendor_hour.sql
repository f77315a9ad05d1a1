-- How each vendor answered, hour by hour: for its page, where raw records would be too many to read.
-- Kept by the job that makes the hourly sums of usage, from the same records.

CREATE TABLE myna.vendor_hour (
    vendor_id       text NOT NULL,
    hour            timestamptz NOT NULL,           -- of the robots' own time
    model           text NOT NULL,
    error_class     smallint NOT NULL,              -- of what failed (wire.ErrorClass); -1: it did not
    attempts        bigint NOT NULL DEFAULT 0,
    first_token_ms  bigint NOT NULL DEFAULT 0,      -- added up, over
    first_tokens    bigint NOT NULL DEFAULT 0,      -- those that had one
    PRIMARY KEY (vendor_id, hour, model, error_class)
) WITH (fillfactor = 80);

-- What was summed before this table was there, as far back as a page shows.
INSERT INTO myna.vendor_hour
SELECT vendor_id, date_trunc('hour', at, 'UTC'), model, CASE WHEN outcome = 5 THEN error_class ELSE -1 END,
       count(*), coalesce(sum(first_token_ms), 0), count(*) FILTER (WHERE first_token_ms > 0)
FROM myna.usage
WHERE arrived_at > now() - interval '7 days' AND attempt > 0 AND provenance <> 5
  AND stamp < (SELECT done FROM myna.usage_cursor)
GROUP BY 1, 2, 3, 4;
