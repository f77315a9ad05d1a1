-- What leads robots to other routes is looked up before and after each edit. It joins all layers of a
-- robot, which takes ten times as long to plan as to look up: once for a connection, not for each of
-- its first five times.
ALTER FUNCTION myna.leading(text[]) SET plan_cache_mode = force_generic_plan;
