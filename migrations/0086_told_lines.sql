-- A configuration goes out behind a state that brings the credit lines of its routes. Where the
-- lines are those that the robot has been told with the generation that it runs, the state says
-- nothing new and is left out.

-- What names the lines that were told with the generation last sent (server/bus/lines.h); NULL: none,
-- or it came with a trial.
ALTER TABLE myna.device_link ADD COLUMN told_lines bytea;
