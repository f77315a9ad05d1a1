-- A robot that had a vendor's next key before a rollout gave it once more has it still when that is
-- taken back.

ALTER TABLE myna.vendor_key_device
    ADD given_by myna.slug,                     -- the rollout that gave it last; NULL: none, or its share
    ADD had boolean NOT NULL DEFAULT false;     -- before that rollout

UPDATE myna.vendor_key_device k SET given_by = r.rollout_id
FROM myna.rollout r JOIN myna.rollout_device o USING (rollout_id)
WHERE o.is_live AND o.opened_at IS NOT NULL AND r.key_vendor = k.vendor_id AND o.device_id = k.device_id;
