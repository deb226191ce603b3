import type pg from 'pg'

/** pgbench's own transaction of the same name, in its seven statements, for machines without pgbench. */
export function tpcb(client: pg.Client, scale: number): () => Promise<number> {
  const any = (count: number) => 1 + Math.floor(Math.random() * count)
  const run = (name: string, text: string, values: number[]) => client.query({ name, text, values })
  return async () => {
    const [account, teller, branch, delta] = [any(scale * 100_000), any(scale * 10), any(scale), any(10_001) - 5001]
    await client.query('BEGIN')
    await run('a', 'UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2', [delta, account])
    await run('b', 'SELECT abalance FROM pgbench_accounts WHERE aid = $1', [account])
    await run('c', 'UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2', [delta, teller])
    await run('d', 'UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2', [delta, branch])
    await run(
      'e',
      'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)',
      [teller, branch, account, delta]
    )
    await client.query('COMMIT')
    return 1
  }
}

/** The same tables as `pgbench -i`. */
export async function prepareTpcb(client: pg.Client, scale: number): Promise<void> {
  await client.query(`
    CREATE TABLE pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));
    CREATE TABLE pgbench_tellers (tid integer PRIMARY KEY, bid integer, tbalance integer, filler char(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_accounts (aid integer PRIMARY KEY, bid integer, abalance integer, filler char(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_branches (bid integer PRIMARY KEY, bbalance integer, filler char(88)) WITH (fillfactor = 100);
    INSERT INTO pgbench_branches SELECT i, 0 FROM generate_series(1, ${scale}) i;
    INSERT INTO pgbench_tellers SELECT i, (i - 1) / 10 + 1, 0 FROM generate_series(1, ${scale * 10}) i;
    INSERT INTO pgbench_accounts SELECT i, (i - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${scale * 100_000}) i`)
  await client.query('VACUUM ANALYZE')
}
