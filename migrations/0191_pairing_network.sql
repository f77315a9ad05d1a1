-- What a robot's address counts as when its requests are counted: 64 bits of an IPv6 one.
ALTER TABLE myna.pairing ADD COLUMN network text NOT NULL DEFAULT '';
UPDATE myna.pairing SET network = source;
