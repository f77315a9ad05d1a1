-- Robots that get another owner: asked for by an operator, agreed to by whoever has the robot, at the
-- robot, which then forgets and proves its key.

CREATE TABLE myna.transfer (
    transfer_id     uuid PRIMARY KEY,               -- of the command that asks; the robot signs it
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'done', 'declined', 'unanswered', 'failed', 'expired',
                                     'withdrawn')),
    reason          text NOT NULL DEFAULT '',
    name            text NOT NULL,                  -- with the new owner; blank once it is over
    labels          jsonb NOT NULL,                 -- likewise
    group_id        myna.slug REFERENCES myna.device_group ON DELETE SET NULL,
    asked_by        text NOT NULL,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    answer          bytea                           -- the robot's proof, until it is judged
);
CREATE UNIQUE INDEX transfer_waiting ON myna.transfer (device_id) WHERE state = 'waiting';
CREATE INDEX transfer_device ON myna.transfer (device_id, asked_at);

-- What is left of the old owner goes, and the robot is the new one's. What it used stays, and so do
-- its terminal and its licences: it is the same robot. Layers before devices, as everywhere.
CREATE FUNCTION myna.transfer_take(t myna.transfer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was myna.device;
    left_groups text[];
    had_settings boolean;
BEGIN
    DELETE FROM myna.layer l WHERE l.device_id = t.device_id;
    had_settings := FOUND;
    DELETE FROM myna.layer_revision r WHERE r.layer_id = 'device:' || t.device_id;
    SELECT * INTO was FROM myna.device d WHERE d.device_id = t.device_id FOR UPDATE;
    PERFORM myna.touch_devices(ARRAY[t.device_id::text]);
    WITH gone AS (DELETE FROM myna.group_member m USING myna.device_group g
                  WHERE g.group_id = m.group_id AND g.filter IS NULL AND m.device_id = t.device_id
                  RETURNING m.group_id::text)
    SELECT coalesce(array_agg(g.group_id ORDER BY g.group_id), '{}') INTO left_groups FROM gone g;
    INSERT INTO myna.group_member (group_id, device_id)
    SELECT t.group_id, t.device_id WHERE t.group_id IS NOT NULL;
    UPDATE myna.device d SET name = t.name, labels = t.labels, version = d.version + 1
    WHERE d.device_id = t.device_id;
    PERFORM myna.group_refresh(NULL, ARRAY[t.device_id::text]);
    DELETE FROM myna.face_picture p WHERE p.device_id = t.device_id;
    DELETE FROM myna.bundle b WHERE b.device_id = t.device_id;
    DELETE FROM myna.device_health h WHERE h.device_id = t.device_id;
    DELETE FROM myna.command c WHERE c.device_id = t.device_id AND c.command_id <> t.transfer_id;
    PERFORM myna.audit_append('device:' || t.device_id, 'mynad', 'device.transfer',
        'device/' || t.device_id,
        jsonb_build_object('name', was.name, 'labels', was.labels, 'groups', left_groups,
                           'own_settings', had_settings),
        jsonb_build_object('name', t.name, 'labels', t.labels, 'group', t.group_id,
                           'transfer', t.transfer_id, 'asked_by', t.asked_by));
END $$;

-- Ends a transfer that waits. False: none does.
CREATE FUNCTION myna.transfer_end(author text, address text, id uuid, ends text, why text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    t myna.transfer;
BEGIN
    SELECT * INTO t FROM myna.transfer x WHERE x.transfer_id = id AND x.state = 'waiting' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF ends = 'done' THEN
        PERFORM myna.transfer_take(t);
    END IF;
    UPDATE myna.transfer x SET state = ends, reason = why, ended_at = now(), name = '', labels = '{}',
        answer = NULL WHERE x.transfer_id = id;
    UPDATE myna.command c SET status = 'expired', send_due = NULL
    WHERE c.command_id = id AND c.status IN ('waiting', 'sent');
    IF ends <> 'done' THEN
        PERFORM myna.audit_append(author, address, 'device.transfer_end', 'device/' || t.device_id, NULL,
            jsonb_build_object('transfer', id, 'state', ends, 'reason', why));
    END IF;
    PERFORM myna.tell('device', t.device_id);
    RETURN true;
END $$;
