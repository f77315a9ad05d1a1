-- The support desk: robots are found by their serial number, and a role looks after them.

CREATE INDEX device_serial ON myna.device (serial) WHERE serial <> '';

-- support: sees everything, and may ask a robot to show itself, to report, to send a picture of its
-- face and to try a route. What a robot runs or says is an operator's.
ALTER TABLE myna.operator DROP CONSTRAINT operator_role_check;
ALTER TABLE myna.operator ADD CONSTRAINT operator_role_check
    CHECK (role IN ('viewer', 'support', 'operator', 'approver', 'admin'));
ALTER TABLE myna.api_key DROP CONSTRAINT api_key_role_check;
ALTER TABLE myna.api_key ADD CONSTRAINT api_key_role_check
    CHECK (role IN ('viewer', 'support', 'operator', 'approver', 'admin'));
