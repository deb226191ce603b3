-- The hash chain over what is recorded. It is built by a job, after the fact, so that a posting costs nothing more; see the
-- ledger's README for what it proves. Blocks of up to 1,024 leaves, a Merkle tree in each (as in RFC 6962), each block hashed
-- with the one before, and a signature of the service under each.
--
-- What is hashed is text: the columns in a fixed order between bars, as PostgreSQL writes them with DateStyle ISO and TimeZone
-- UTC; null is nothing. Every function that hashes sets both. These texts never change: another one would be another chain.

SELECT platform.protect(chain_table)
  FROM unnest('{ledger.chains, ledger.blocks, ledger.checkpoints, ledger.chained_accounts}'::regclass[]) chain_table;
--> statement-breakpoint
-- not the secret: it stays with the functions
GRANT SELECT (timebank_id, blocks, leaves, checkpoints, head) ON ledger.chains TO commonhours_service;
--> statement-breakpoint
GRANT SELECT ON ledger.blocks, ledger.checkpoints, ledger.chained_accounts TO commonhours_service;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (compromised_at) ON identity.seal_keys TO commonhours_service;
--> statement-breakpoint
-- Their rows are rewritten at each run.
ALTER TABLE ledger.chained_accounts SET (fillfactor = 70);
--> statement-breakpoint

-- Leaves. Of a transfer both members may see the first part; the second has the other side's balance, who recorded it and the
-- like. It goes in as a hash with a salt of its own, so that a proof for a member tells nothing more than their statement.
-- These five are plain SQL without settings of their own, so that the planner puts them into the query: a call for each of a
-- million rows would cost as much as the hashing.

CREATE FUNCTION ledger.open_part(t ledger.transfers) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT format('transfer|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', t.timebank_id, t.id, t.recorded_at, t.operation, t.kind,
                t.debit_account, t.credit_account, t.minutes, t.performed_on, t.ref, t.group_id)
$$;
--> statement-breakpoint
CREATE FUNCTION ledger.sealed_part(t ledger.transfers) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT format('%s|%s|%s|%s|%s|%s|%s|%s|%s', t.actor, t.on_behalf_of, t.source, t.flags, t.fingerprint,
                t.debit_version, t.credit_version, t.debit_balance, t.credit_balance)
$$;
--> statement-breakpoint
CREATE FUNCTION ledger.transfer_leaf(p_secret bytea, t ledger.transfers) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT sha256('\x00'::bytea || convert_to(ledger.open_part(t), 'UTF8')
                || sha256(sha256(p_secret || uuid_send(t.id)) || convert_to(ledger.sealed_part(t), 'UTF8')))
$$;
--> statement-breakpoint
-- The kind of an account never changes; as a part of this leaf it cannot be changed unseen.
CREATE FUNCTION ledger.change_leaf(p_secret bytea, c ledger.limit_changes, p_kind text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT sha256('\x00'::bytea || convert_to(format('change|%s|%s|%s|', c.timebank_id, c.account_id, c.version), 'UTF8')
                || sha256(sha256(p_secret || convert_to(format('%s|%s', c.account_id, c.version), 'UTF8'))
                          || convert_to(format('%s|%s|%s|%s|%s|%s|%s|%s|%s', p_kind, c.status, c.floor_soft, c.floor_hard,
                                               c.ceiling_soft, c.ceiling_hard, c.actor, c.changed_at, c.why), 'UTF8')))
$$;
--> statement-breakpoint
-- Of everything about a block but its root: this too is part of its chain hash.
CREATE FUNCTION ledger.block_text(b ledger.blocks) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT format('block|%s|%s|%s|%s|%s|%s|%s|%s', b.timebank_id, b.number, b.leaves, cardinality(b.transfers), b.total_leaves,
                b.first_recorded_at, b.last_recorded_at, b.built_at)
$$;
--> statement-breakpoint
-- The root over leaf hashes that stand one after the other, 32 bytes each. What has no neighbour goes up a level as it is, which
-- makes the tree that of RFC 6962. A million nodes take a second.
CREATE FUNCTION ledger.merkle_root(p_hashes bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
DECLARE
  level bytea := p_hashes;
  n integer := octet_length(p_hashes) / 32;
BEGIN
  WHILE n > 1 LOOP
    SELECT string_agg(CASE WHEN 2 * i + 1 < n THEN sha256('\x01'::bytea || substring(level FROM 64 * i + 1 FOR 64))
                           ELSE substring(level FROM 64 * i + 1 FOR 32) END, ''::bytea ORDER BY i) INTO level
      FROM generate_series(0, (n - 1) / 2) i;
    n := (n + 1) / 2;
  END LOOP;
  RETURN level;
END $$;
--> statement-breakpoint

-- Building ----------------------------------------------------------------------------------------------------------------------

-- Takes the next transfers and changes of limits into the chain. Every transfer debits exactly one account, and the versions of an
-- account have no gaps and become visible in their order, with the account's own row: so what is missing is what lies between the
-- version up to which an account's debits are in the chain and its present one. No clock and no order of commits is relied on.
-- Between so few leaves that they fill no block, p_patience passes from one block to the next.
-- held: false where another job is at this chain. more: call again. At most about p_most leaves at a time.
CREATE FUNCTION ledger.extend_chain(p_timebank uuid, p_patience interval, p_most integer, OUT held boolean, OUT built integer, OUT more boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET jit = off
AS $$
DECLARE
  chain record;
  -- accounts with lines that are not in the chain: the versions before and up to which they are taken now
  accounts integer[];
  befores integer[];
  uptos integer[];
  lines bigint;
  all_lines bigint;
  change_accounts integer[];
  change_versions integer[];
  changes integer;
  total bigint;
  last_hash bytea;
  leaves record;
  block ledger.blocks;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  held := false;
  built := 0;
  more := false;
  -- 244 random bits make the secret
  INSERT INTO ledger.chains (timebank_id, head, secret)
  SELECT b.timebank_id, decode(repeat('00', 32), 'hex'), sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    FROM ledger.books b
   WHERE b.timebank_id = p_timebank
     -- looked for first: the insert alone would wait for another job that is at the chain
     AND NOT EXISTS (SELECT FROM ledger.chains c WHERE c.timebank_id = p_timebank)
  ON CONFLICT (timebank_id) DO NOTHING;
  SELECT c.* INTO chain FROM ledger.chains c WHERE c.timebank_id = p_timebank FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  held := true;

  -- 1. what is missing. A transfer is a line of two accounts, hence twice as many lines as leaves
  SELECT array_agg(q.id), array_agg(q.before), array_agg(least(q.version, q.before + 2 * p_most)), sum(least(q.version - q.before, 2 * p_most)),
         max(q.total)
    INTO accounts, befores, uptos, lines, all_lines
    FROM (SELECT a.id, a.version, coalesce(k.version, 0) AS before, sum(a.version - coalesce(k.version, 0)) OVER (ORDER BY a.id) AS running,
                 sum(a.version - coalesce(k.version, 0)) OVER () AS total
            FROM ledger.accounts a
            LEFT JOIN ledger.chained_accounts k ON k.timebank_id = p_timebank AND k.account_id = a.id
           WHERE a.timebank_id = p_timebank AND a.version > coalesce(k.version, 0)) q
   WHERE q.running - (q.version - q.before) < 2 * p_most;
  SELECT array_agg(q.account_id), array_agg(q.version), count(*) INTO change_accounts, change_versions, changes
    FROM (SELECT c.account_id, c.version
            FROM ledger.limit_changes c
            LEFT JOIN ledger.chained_accounts k ON k.timebank_id = p_timebank AND k.account_id = c.account_id
           WHERE c.timebank_id = p_timebank AND c.version > coalesce(k.change_version, 0)
           ORDER BY c.account_id, c.version
           LIMIT p_most) q;
  lines := coalesce(lines, 0);
  more := coalesce(all_lines, 0) > lines OR changes = p_most;
  IF lines + changes = 0 OR (NOT more AND lines / 2 + changes < 1024 AND EXISTS (
       SELECT FROM ledger.blocks b
        WHERE b.timebank_id = p_timebank AND b.number = chain.blocks AND b.built_at > clock_timestamp() - p_patience)) THEN
    RETURN;
  END IF;

  -- 2. blocks, in the order of recording as far as it is known now
  total := chain.leaves;
  last_hash := chain.head;
  FOR leaves IN
    WITH leaf AS (
      SELECT t.recorded_at AS at, t.id AS transfer, NULL::integer AS account, NULL::integer AS version,
             ledger.transfer_leaf(chain.secret, t) AS hash
        FROM unnest(accounts, befores, uptos) q(account, before, upto)
        JOIN ledger.transfers t ON t.timebank_id = p_timebank AND t.debit_account = q.account
                               AND t.debit_version > q.before AND t.debit_version <= q.upto
      UNION ALL
      SELECT c.changed_at, NULL, c.account_id, c.version, ledger.change_leaf(chain.secret, c, a.kind)
        FROM unnest(change_accounts, change_versions) q(account, version)
        JOIN ledger.limit_changes c ON c.timebank_id = p_timebank AND c.account_id = q.account AND c.version = q.version
        JOIN ledger.accounts a ON a.timebank_id = p_timebank AND a.id = q.account
    ), placed AS (
      SELECT l.*, (row_number() OVER (ORDER BY l.at, l.transfer, l.account, l.version) - 1) / 1024 AS place FROM leaf l
    )
    SELECT p.place, count(*) AS n,
           ledger.merkle_root(string_agg(p.hash, ''::bytea ORDER BY p.transfer IS NULL, p.at, p.transfer, p.account, p.version)) AS root,
           array_agg(p.transfer ORDER BY p.at, p.transfer) FILTER (WHERE p.transfer IS NOT NULL) AS transfers,
           array_agg(p.account ORDER BY p.at, p.account, p.version) FILTER (WHERE p.transfer IS NULL) AS change_accounts,
           array_agg(p.version ORDER BY p.at, p.account, p.version) FILTER (WHERE p.transfer IS NULL) AS change_versions,
           min(p.at) FILTER (WHERE p.transfer IS NOT NULL) AS first, max(p.at) FILTER (WHERE p.transfer IS NOT NULL) AS last
      FROM placed p
     GROUP BY p.place
     ORDER BY p.place
  LOOP
    built := built + 1;
    total := total + leaves.n;
    block.timebank_id := p_timebank;
    block.number := chain.blocks + built;
    block.leaves := leaves.n;
    block.total_leaves := total;
    block.first_recorded_at := leaves.first;
    block.last_recorded_at := leaves.last;
    block.built_at := clock_timestamp();
    block.root := leaves.root;
    block.transfers := coalesce(leaves.transfers, '{}');
    block.change_accounts := coalesce(leaves.change_accounts, '{}');
    block.change_versions := coalesce(leaves.change_versions, '{}');
    last_hash := sha256('\x02'::bytea || last_hash || block.root || convert_to(ledger.block_text(block), 'UTF8'));
    block.chain_hash := last_hash;
    INSERT INTO ledger.blocks SELECT (block).*;
  END LOOP;

  -- 3. what is there now
  INSERT INTO ledger.chained_accounts (timebank_id, account_id, version)
  SELECT p_timebank, q.account, q.upto FROM unnest(accounts, uptos) q(account, upto)
  ON CONFLICT (timebank_id, account_id) DO UPDATE SET version = excluded.version;
  INSERT INTO ledger.chained_accounts (timebank_id, account_id, change_version)
  SELECT p_timebank, q.account, max(q.version) FROM unnest(change_accounts, change_versions) q(account, version) GROUP BY q.account
  ON CONFLICT (timebank_id, account_id) DO UPDATE SET change_version = excluded.change_version;
  UPDATE ledger.chains c SET blocks = c.blocks + built, leaves = total, head = last_hash WHERE c.timebank_id = p_timebank;
END $$;
--> statement-breakpoint
-- Signatures under blocks, all made with one key. Their numbers are part of what was signed: they must be the next ones.
CREATE FUNCTION ledger.record_checkpoints(
  p_timebank uuid, p_first integer, p_blocks integer[], p_signed_at timestamptz, p_kid text, p_signatures bytea[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  UPDATE ledger.chains c SET checkpoints = c.checkpoints + cardinality(p_blocks)
   WHERE c.timebank_id = p_timebank AND c.checkpoints = p_first - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'checkpoints were signed under other numbers' USING ERRCODE = '40001';
  END IF;
  INSERT INTO ledger.checkpoints (timebank_id, number, block, signed_at, kid, signature)
  SELECT p_timebank, p_first + q.i::integer - 1, q.block, p_signed_at, p_kid, q.signature
    FROM unnest(p_blocks, p_signatures) WITH ORDINALITY q(block, signature, i);
END $$;
--> statement-breakpoint

-- Checking ----------------------------------------------------------------------------------------------------------------------

-- What a block's rows are now. A function of its own, and not a part of the query below, so that several processes may share the blocks.
-- id_sum: the sum of the transfers' ids, hashed with a seed of the caller's, by which two sets of ids are compared.
CREATE FUNCTION ledger.block_now(
  b ledger.blocks, p_secret bytea, p_seed bigint,
  OUT transfers integer, OUT changes integer, OUT root bytea, OUT missing uuid, OUT id_sum numeric
)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100000
SET search_path = pg_catalog
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  hashes bytea;
  change_hashes bytea;
BEGIN
  SELECT count(x.id), string_agg(ledger.transfer_leaf(p_secret, x), ''::bytea ORDER BY q.nth),
         (array_agg(q.id) FILTER (WHERE x.id IS NULL))[1], sum(uuid_hash_extended(x.id, p_seed))
    INTO transfers, hashes, missing, id_sum
    FROM unnest(b.transfers) WITH ORDINALITY q(id, nth)
    LEFT JOIN ledger.transfers x ON x.timebank_id = b.timebank_id AND x.id = q.id;
  SELECT count(x.version), string_agg(ledger.change_leaf(p_secret, x, a.kind), ''::bytea ORDER BY q.nth)
    INTO changes, change_hashes
    FROM unnest(b.change_accounts, b.change_versions) WITH ORDINALITY q(account, version, nth)
    LEFT JOIN ledger.limit_changes x ON x.timebank_id = b.timebank_id AND x.account_id = q.account AND x.version = q.version
    LEFT JOIN ledger.accounts a ON a.timebank_id = b.timebank_id AND a.id = q.account;
  root := ledger.merkle_root(coalesce(hashes, ''::bytea) || coalesce(change_hashes, ''::bytea));
END $$;
--> statement-breakpoint
-- All blocks of a timebank, with what they are now.
CREATE FUNCTION ledger.recomputed_blocks(p_timebank uuid, p_seed bigint)
RETURNS TABLE (
  number integer, leaves integer, total_leaves bigint, block_text text, root bytea, chain_hash bytea,
  transfers integer, changes integer, root_now bytea, missing uuid, id_sum numeric, checkpoints json
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET jit = off
SET parallel_setup_cost = 0
SET min_parallel_table_scan_size = 0
AS $$
#variable_conflict use_column
DECLARE
  secret bytea;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT c.secret INTO secret FROM ledger.chains c WHERE c.timebank_id = p_timebank;
  RETURN QUERY
  SELECT b.number, b.leaves, b.total_leaves, b.block_text, b.root, b.chain_hash,
         (b.now).transfers, (b.now).changes, (b.now).root, (b.now).missing, (b.now).id_sum, s.checkpoints
    -- the offset keeps the call from being made once for each of its columns
    FROM (SELECT x.number, x.leaves, x.total_leaves, ledger.block_text(x) AS block_text, x.root, x.chain_hash,
                 ledger.block_now(x, secret, p_seed) AS now
            FROM ledger.blocks x WHERE x.timebank_id = p_timebank OFFSET 0) b
    LEFT JOIN (SELECT c.block, json_agg(json_build_object('number', c.number, 'signedAt', c.signed_at::text, 'kid', c.kid,
                                                          'signature', encode(c.signature, 'hex'))) AS checkpoints
                 FROM ledger.checkpoints c WHERE c.timebank_id = p_timebank GROUP BY c.block) s ON s.block = b.number;
END $$;
--> statement-breakpoint
-- What the chain says of itself, and what should be in it by the versions up to which each account is.
CREATE FUNCTION ledger.chain_totals(p_timebank uuid, p_seed bigint)
RETURNS TABLE (
  blocks integer, leaves bigint, checkpoints integer, head bytea,
  checkpoint_rows bigint, last_checkpoint integer, due_transfers bigint, due_id_sum numeric, due_changes bigint, ahead integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT c.blocks, c.leaves, c.checkpoints, c.head, s.n, s.last, t.n, t.id_sum, l.n, a.first_ahead
    FROM (SELECT count(*) AS n, max(s.number) AS last FROM ledger.checkpoints s WHERE s.timebank_id = p_timebank) s
   CROSS JOIN (
     SELECT count(*) AS n, sum(uuid_hash_extended(t.id, p_seed)) AS id_sum
       FROM ledger.transfers t
       JOIN ledger.chained_accounts k ON k.timebank_id = p_timebank AND k.account_id = t.debit_account
      WHERE t.timebank_id = p_timebank AND t.debit_version <= k.version) t
   CROSS JOIN (
     SELECT count(*) AS n
       FROM ledger.limit_changes l
       JOIN ledger.chained_accounts k ON k.timebank_id = p_timebank AND k.account_id = l.account_id
      WHERE l.timebank_id = p_timebank AND l.version <= k.change_version) l
   CROSS JOIN (
     SELECT min(k.account_id) AS first_ahead
       FROM ledger.chained_accounts k
       LEFT JOIN ledger.accounts a ON a.timebank_id = p_timebank AND a.id = k.account_id
       LEFT JOIN (SELECT x.account_id, max(x.version) AS version FROM ledger.limit_changes x
                   WHERE x.timebank_id = p_timebank GROUP BY x.account_id) l ON l.account_id = k.account_id
      WHERE k.timebank_id = p_timebank
        AND (a.id IS NULL OR k.version > a.version OR k.change_version > coalesce(l.version, 0))) a
    LEFT JOIN ledger.chains c ON c.timebank_id = p_timebank;
END $$;
--> statement-breakpoint
-- Changes of limits without gaps, and a crossing kept for each posting that passed a soft limit and for no other. Those recorded
-- before sources were kept (0) have none.
CREATE FUNCTION ledger.verify_limits(p_timebank uuid)
RETURNS TABLE (problem text, account_id integer, transfer_id uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  RETURN QUERY
  SELECT 'limit_versions', c.account_id, NULL::uuid, format('%s changes of limits, the last with number %s', count(*), max(c.version))
    FROM ledger.limit_changes c
   WHERE c.timebank_id = p_timebank
   GROUP BY c.account_id
  HAVING count(*) <> max(c.version) OR min(c.version) <> 1
  UNION ALL
  SELECT 'limit_crossing', coalesce(x.account_id, t.account), coalesce(x.transfer_id, t.id),
         CASE WHEN x.transfer_id IS NULL THEN 'it passed a soft limit, and that was not kept'
              WHEN t.id IS NULL THEN 'it is kept as past a soft limit, and was not'
              ELSE 'what is kept of the passed limit is not what the journal has' END
    FROM (SELECT t.id, l.which, l.account, l.balance, t.recorded_at, t.source
            FROM ledger.transfers t
           CROSS JOIN LATERAL (VALUES (1, 'floor', t.debit_account, t.debit_balance), (2, 'ceiling', t.credit_account, t.credit_balance))
                 l(flag, which, account, balance)
           WHERE t.timebank_id = p_timebank AND t.flags & 3 <> 0 AND t.flags & l.flag <> 0) t
    FULL JOIN (SELECT * FROM ledger.limit_crossings x WHERE x.timebank_id = p_timebank) x
      ON x.transfer_id = t.id AND x.which = t.which
   WHERE (x.transfer_id IS NULL AND t.source <> 0)
      OR t.id IS NULL
      OR (x.account_id, x.balance, x.crossed_at) IS DISTINCT FROM (t.account, t.balance, t.recorded_at) AND x.transfer_id IS NOT NULL;
END $$;
--> statement-breakpoint
-- Where a transfer is in the chain, with the leaves of its block. No row: it is not in the chain yet.
CREATE FUNCTION ledger.prove_transfer(p_timebank uuid, p_transfer uuid)
RETURNS TABLE (
  open_part text, sealed_part text, salt bytea, block integer, block_text text, previous bytea, chain_hash bytea, hashes bytea, place integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  secret bytea;
BEGIN
  PERFORM ledger.require_timebank(p_timebank);
  SELECT c.secret INTO secret FROM ledger.chains c WHERE c.timebank_id = p_timebank;
  RETURN QUERY
  SELECT ledger.open_part(t), ledger.sealed_part(t), sha256(secret || uuid_send(t.id)), b.number, ledger.block_text(b),
         coalesce((SELECT p.chain_hash FROM ledger.blocks p WHERE p.timebank_id = p_timebank AND p.number = b.number - 1),
                  decode(repeat('00', 32), 'hex')),
         b.chain_hash,
         (SELECT string_agg(ledger.transfer_leaf(secret, x), ''::bytea ORDER BY q.nth)
            FROM unnest(b.transfers) WITH ORDINALITY q(id, nth)
            JOIN ledger.transfers x ON x.timebank_id = p_timebank AND x.id = q.id)
         || coalesce((SELECT string_agg(ledger.change_leaf(secret, x, a.kind), ''::bytea ORDER BY q.nth)
               FROM unnest(b.change_accounts, b.change_versions) WITH ORDINALITY q(account, version, nth)
               JOIN ledger.limit_changes x ON x.timebank_id = p_timebank AND x.account_id = q.account AND x.version = q.version
               JOIN ledger.accounts a ON a.timebank_id = p_timebank AND a.id = q.account), ''::bytea),
         array_position(b.transfers, t.id) - 1
    FROM ledger.transfers t
    JOIN ledger.blocks b ON b.timebank_id = p_timebank AND b.first_recorded_at <= t.recorded_at AND b.last_recorded_at >= t.recorded_at
                        AND t.id = ANY (b.transfers)
   WHERE t.timebank_id = p_timebank AND t.id = p_transfer;
END $$;
--> statement-breakpoint

-- Rights ------------------------------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION ledger.open_part(ledger.transfers), ledger.sealed_part(ledger.transfers),
  ledger.transfer_leaf(bytea, ledger.transfers), ledger.change_leaf(bytea, ledger.limit_changes, text),
  ledger.block_text(ledger.blocks), ledger.merkle_root(bytea), ledger.extend_chain(uuid, interval, integer),
  ledger.record_checkpoints(uuid, integer, integer[], timestamptz, text, bytea[]),
  ledger.block_now(ledger.blocks, bytea, bigint), ledger.recomputed_blocks(uuid, bigint), ledger.chain_totals(uuid, bigint),
  ledger.verify_limits(uuid), ledger.prove_transfer(uuid, uuid) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION ledger.extend_chain(uuid, interval, integer),
  ledger.record_checkpoints(uuid, integer, integer[], timestamptz, text, bytea[]), ledger.recomputed_blocks(uuid, bigint),
  ledger.chain_totals(uuid, bigint), ledger.verify_limits(uuid), ledger.prove_transfer(uuid, uuid) TO commonhours_service;
