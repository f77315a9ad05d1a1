-- Whether a device was at rest since the account began: its journal's head at the watermark, nothing
-- open. Whatever is booked later began after that, so that no period whose end was confirmed gets it.
ALTER TABLE myna.credit_account ADD COLUMN has_rested boolean NOT NULL DEFAULT false;
