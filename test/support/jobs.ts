/** As the queue does when jobs come in: workers see a job that was made due by hand only when they look for themselves, every few seconds. */
export const wakeWorkers = (query: (text: string) => Promise<unknown>): Promise<unknown> =>
  query("SELECT pg_notify('jobs:insert', json_build_object('r', gen_random_uuid(), 'count', 12)::text)")
