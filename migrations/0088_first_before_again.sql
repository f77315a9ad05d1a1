-- What was not sent yet goes before what is sent again: thousands of robots that do not answer, or
-- whose messages cannot be sealed, are due again and again and would let nobody else have a turn.
DROP INDEX myna.device_link_behind;
CREATE INDEX device_link_behind ON myna.device_link ((config_sends > 0), config_due)
    WHERE reported_generation < desired_generation;
