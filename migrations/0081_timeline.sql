-- Everything that happened to one robot, found without reading the whole audit.

CREATE INDEX audit_subject ON myna.audit (subject, seq);
CREATE INDEX audit_member ON myna.audit ((coalesce(after, before) ->> 'device'), seq)
    WHERE action IN ('group.add', 'group.remove');
CREATE INDEX audit_refresh ON myna.audit USING gin
    ((coalesce(after -> 'joined', '[]') || coalesce(before -> 'left', '[]')))
    WHERE action = 'group.refresh';
CREATE INDEX alert_subject ON myna.alert (subject, first_at);
CREATE INDEX rollout_device_device ON myna.rollout_device (device_id);
