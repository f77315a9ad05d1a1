-- What nothing tells afterwards about a contract's limits, day by day: the busiest minute of a level of
-- traffic, and what the bill had counted by the end of the day where no sums by day tell it.
CREATE TABLE myna.course_day (
    contract_id     text NOT NULL,
    kind            text NOT NULL,                  -- "cap", "commitment", "threshold"
    name            text NOT NULL,
    metric          text NOT NULL,                  -- one without a name is called by its place alone
    day             date NOT NULL,                  -- the contract's
    amount          numeric NOT NULL,
    PRIMARY KEY (contract_id, kind, name, metric, day)
) WITH (fillfactor = 80);
