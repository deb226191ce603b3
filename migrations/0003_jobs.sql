-- The service's role may put jobs into the queue, inside the transaction that causes them, and do nothing else to it.
-- The queue's own schema is made by its own migrations after these; hence the late binding of EXECUTE.

CREATE FUNCTION platform.add_job(task text, payload json, job_key text DEFAULT NULL, run_at timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  EXECUTE 'SELECT graphile_worker.add_job($1, $2, job_key := $3, run_at := $4)' USING task, payload, job_key, run_at;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION platform.add_job(text, json, text, timestamptz) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION platform.add_job(text, json, text, timestamptz) TO commonhours_service;
