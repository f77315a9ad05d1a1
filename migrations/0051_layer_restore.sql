-- A revision may bring back an older one's content, and says so. Every layer's history is whole from
-- its first revision on.
ALTER TABLE myna.layer_revision ADD restores integer;
INSERT INTO myna.layer_revision (layer_id, revision, settings, changed_at, changed_by)
    SELECT layer_id, revision, settings, changed_at, changed_by FROM myna.layer WHERE revision > 0
    ON CONFLICT DO NOTHING;
