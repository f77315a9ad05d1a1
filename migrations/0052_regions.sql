-- Borders (invariant I13): which regions' vendors may serve a region beside its own, and where a model
-- needs a filing number before it may answer anybody. A region that nobody wrote down allows its own
-- vendors alone and asks for no filing; an empty region is bound to none, as before.

CREATE TABLE myna.region (
    region_id       text PRIMARY KEY CHECK (length(region_id) BETWEEN 1 AND 24),
    name            text NOT NULL DEFAULT '',
    needs_filing    boolean NOT NULL DEFAULT false, -- of every model that answers a robot living there
    note            text NOT NULL DEFAULT '',       -- why, for the audit
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);
-- Robots that live in device_region may use vendors that serve vendor_region.
CREATE TABLE myna.region_pair (
    device_region   text NOT NULL REFERENCES myna.region ON DELETE CASCADE,
    vendor_region   text NOT NULL CHECK (length(vendor_region) BETWEEN 1 AND 24),
    PRIMARY KEY (device_region, vendor_region)
);

-- [{"model", "region", "number"}]
ALTER TABLE myna.vendor ADD filings jsonb NOT NULL DEFAULT '[]';

-- The filing number of a model in a region; NULL: it has none.
CREATE FUNCTION myna.filing_of(filings jsonb, model text, region text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT f ->> 'number' FROM jsonb_array_elements(filings) f
    WHERE f ->> 'model' = model AND f ->> 'region' = region LIMIT 1
$$;

-- Why robots of a region may not use a model of a vendor; NULL: they may. The same rule as
-- server/fleet/route.h: a test compares the two.
CREATE FUNCTION myna.border_flaw(device_region text, v myna.vendor, model text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN device_region = '' THEN NULL
        WHEN v.region NOT IN ('', device_region) AND NOT EXISTS (SELECT FROM myna.region_pair p
                WHERE p.device_region = border_flaw.device_region AND p.vendor_region = v.region)
        THEN format('vendor "%s" serves region "%s", which region "%s" does not allow', v.vendor_id,
                    v.region, device_region)
        WHEN EXISTS (SELECT FROM myna.region r WHERE r.region_id = device_region AND r.needs_filing)
            AND myna.filing_of(v.filings, model, device_region) IS NULL
        THEN format('model "%s" of vendor "%s" has no filing number, which region "%s" asks for',
                    model, v.vendor_id, device_region) END
$$;
