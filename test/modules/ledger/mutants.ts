import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A fault put into one of the posting functions on purpose: `find` stands in it once, and becomes `put`. */
export type Mutant = { name: string; in: 'post_one' | 'post_many'; find: string; put: string; survives?: string }

const folder = 'migrations'

/** The text of a function as the last migration that makes it has it, in a form that replaces it. */
export function functionText(name: Mutant['in']): string {
  const statements = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split('--> statement-breakpoint'))
  const made = statements.findLast((text) => new RegExp(`CREATE (OR REPLACE )?FUNCTION ledger\\.${name}\\(`).test(text))
  if (made === undefined) throw new Error(`no migration makes ledger.${name}`)
  return made.replace(/CREATE (OR REPLACE )?FUNCTION/, 'CREATE OR REPLACE FUNCTION')
}

/** The function with the fault; throws where the text to change is not there once. */
export function mutated({ name, in: where, find, put }: Mutant): string {
  const parts = functionText(where).split(find)
  if (parts.length !== 2) throw new Error(`${where}, ${name}: stands there ${parts.length - 1} times: ${find}`)
  return parts.join(put)
}

const one = (name: string, find: string, put: string): Mutant => ({ name, in: 'post_one', find, put })
const many = (name: string, find: string, put: string): Mutant => ({ name, in: 'post_many', find, put })

export const mutants: readonly Mutant[] = [
  // shape and references
  one('a timebank’s transaction posts for another', "own_timebank <> '' AND", "own_timebank = '' AND"),
  one('0 minutes', 'OR p_minutes IS NULL OR p_minutes <= 0', 'OR p_minutes IS NULL OR p_minutes < 0'),
  one(
    'from an account to itself',
    'OR p_debit IS NULL OR p_credit IS NULL OR p_debit = p_credit',
    'OR p_debit IS NULL OR p_credit IS NULL'
  ),
  one('a transfer that expires', 'OR (p_expires_at IS NOT NULL AND p_operation <> 2)', ''),
  one(
    'a release of what is no hold',
    'p_operation IN (3, 4) AND r.operation <> 2',
    'p_operation = 3 AND r.operation <> 2'
  ),
  one('a reversal of a hold', 'r.operation NOT IN (1, 3)', 'r.operation NOT IN (1, 2, 3)'),
  one(
    'a reversal in the same direction',
    'debit_account := r.credit_account;\n        credit_account := r.debit_account;',
    'debit_account := r.debit_account;\n        credit_account := r.credit_account;'
  ),
  one(
    'a reference to another timebank',
    'FROM ledger.transfers t WHERE t.timebank_id = p_timebank AND t.id = p_ref',
    'FROM ledger.transfers t WHERE t.id = p_ref'
  ),
  one('the kind of what it refers to, always', 'posted_kind := coalesce(p_kind, r.kind)', 'posted_kind := r.kind'),
  one('a part settled lets go of a part only', 'held := -r.minutes;', 'held := -minutes;'),
  one(
    'a release moves',
    'moved := CASE WHEN p_operation IN (2, 4) THEN 0',
    'moved := CASE WHEN p_operation = 2 THEN 0'
  ),
  // locks
  one('no lock', '       ORDER BY a.id\n         FOR NO KEY UPDATE', '       ORDER BY a.id'),
  one('locks in another order than that of batches', 'ORDER BY a.id\n', 'ORDER BY a.id DESC\n'),
  one('the time before the locks', 'recorded_at := clock_timestamp();', 'recorded_at := transaction_timestamp();'),
  // refusals and their order
  one('resolved twice', 'IF p_operation >= 3 AND EXISTS (', 'IF p_operation = 9 AND EXISTS ('),
  one(
    'released after it was settled',
    'IF p_operation >= 3 AND EXISTS (',
    'IF p_operation <> 4 AND p_operation >= 3 AND EXISTS ('
  ),
  one('a minute more than was held', 'minutes > -held', 'minutes > 1 - held'),
  one(
    'more than was held comes after the accounts',
    'ELSIF p_operation = 3 AND minutes > -held THEN\n      code := 17;\n    ELSIF found_accounts < 2 THEN',
    'ELSIF found_accounts < 2 THEN'
  ),
  one(
    'the creditor’s status first',
    "IF p_operation NOT IN (3, 4) AND d.status <> 'open' THEN",
    "IF p_operation NOT IN (3, 4) AND d.status <> 'open' AND c.status = 'open' THEN"
  ),
  one(
    'a frozen debtor settles nothing',
    "IF p_operation NOT IN (3, 4) AND d.status <> 'open' THEN",
    "IF d.status <> 'open' THEN"
  ),
  one('a frozen creditor', "ELSIF p_operation NOT IN (3, 4) AND c.status <> 'open' THEN", 'ELSIF false THEN'),
  // limits
  one('what is held counts as free', 'd_before := d.balance - d.held_out;', 'd_before := d.balance;'),
  one('what is promised does not count', 'c_before := c.balance + c.held_in;', 'c_before := c.balance;'),
  one('a lowered floor blocks a repair', 'd_after < d.floor_hard AND d_after < d_before', 'd_after < d.floor_hard'),
  one('the floor is not met exactly', 'd_after < d.floor_hard AND', 'd_after <= d.floor_hard AND'),
  one('the ceiling is passed by one', 'c_after > c.ceiling_hard AND', 'c_after > c.ceiling_hard + 1 AND'),
  one('force passes the floor only', 'IF code <> 0 AND p_force THEN', 'IF code = 12 AND p_force THEN'),
  one('force leaves no mark', 'flags := 4;', 'flags := 0;'),
  one('what was held is told wrongly', 'refused_held := d.held_out;', 'refused_held := 0;'),
  one('the soft floor is crossed by who stands on it', 'd_before >= d.floor_soft', 'd_before > d.floor_soft'),
  one('the soft ceiling is crossed again and again', 'c_before <= c.ceiling_soft AND c_after', 'c_after'),
  // writing
  one('versions the wrong way round', 'd.version + 1, c.version + 1', 'c.version + 1, d.version + 1'),
  one(
    'a hold is no new version',
    'version  = a.version + 1',
    'version  = a.version + CASE WHEN moved = 0 THEN 0 ELSE 1 END'
  ),
  one(
    'held on one side twice',
    'held_in  = a.held_in  + CASE WHEN a.id = c.id',
    'held_in  = a.held_in  + CASE WHEN a.id = d.id'
  ),
  one('an id posted a moment ago is an error', '\n    ON CONFLICT (timebank_id, id) DO NOTHING;', ';'),
  one(
    'accounts of all timebanks',
    'WHERE a.timebank_id = p_timebank AND a.id IN (d.id, c.id)',
    'WHERE a.id IN (d.id, c.id)'
  ),
  one(
    'no follow-up where it was forced',
    'IF flags & 1 <> 0 THEN\n        INSERT',
    'IF flags & 5 = 1 THEN\n        INSERT'
  ),
  one(
    'the follow-up has the wrong balance',
    'c.ceiling_soft, post_one.credit_balance, post_one.recorded_at)',
    'c.ceiling_soft, c.balance, post_one.recorded_at)'
  ),
  one(
    'a settled hold still ends by itself',
    'ELSIF p_operation IN (3, 4) THEN\n        DELETE',
    'ELSIF p_operation = 4 THEN\n        DELETE'
  ),
  one('on nobody’s behalf', 'p_ref, p_group, p_source, p_on_behalf_of)', 'p_ref, p_group, p_source, NULL)'),
  // the id's past
  one('another request under the id is a replay', 'IF known AND x.fingerprint = p_fingerprint THEN', 'IF known THEN'),
  one(
    'a kept refusal is forgotten when it would be posted',
    'known := p_keep AND code = 0 AND EXISTS',
    'known := false AND EXISTS'
  ),
  one('another request under the id is the same refusal', 'IF x.fingerprint = p_fingerprint THEN', 'IF true THEN'),
  one(
    'a refusal is kept under an id that was posted',
    'IF NOT known AND code <> 0 AND p_id IS NOT NULL',
    'IF code <> 0 AND p_id IS NOT NULL'
  ),
  one(
    'refusals are kept for who did not ask',
    '  IF p_keep THEN\n    IF NOT known',
    '  IF true THEN\n    IF NOT known'
  ),
  one(
    'a refusal of another timebank',
    'AND EXISTS (SELECT FROM ledger.refusals k WHERE k.timebank_id = p_timebank AND k.id = p_id)',
    'AND EXISTS (SELECT FROM ledger.refusals k WHERE k.id = p_id)'
  ),
  one('posted is told where nothing was', 'IF code = 0 AND NOT known THEN\n    --', 'IF false THEN\n    --'),
  // batches: shape and locks
  many('a timebank’s transaction posts for another', "own_timebank <> '' AND EXISTS", "own_timebank = '' AND EXISTS"),
  many(
    'no lock',
    '       ORDER BY a.timebank_id, a.id\n         FOR NO KEY UPDATE OF a',
    '       ORDER BY a.timebank_id, a.id'
  ),
  many(
    'locks in the order of the balances',
    'ORDER BY a.timebank_id, a.id\n         FOR',
    'ORDER BY a.credits, a.id\n         FOR'
  ),
  many('accounts of all timebanks are locked', 'a.timebank_id = k.timebank AND a.id = k.account', 'a.id = k.account'),
  many(
    'a reference to another timebank',
    'FROM ledger.transfers t WHERE t.timebank_id = q.timebank AND t.id = q.ref LIMIT 1',
    'FROM ledger.transfers t WHERE t.id = q.ref LIMIT 1'
  ),
  many('a resolution in another timebank', 'u.timebank_id = q.timebank AND u.ref = q.ref', 'u.ref = q.ref'),
  many('a part settled lets go of a part only', 'THEN -s.ref_minutes ELSE 0', 'THEN -s.minutes ELSE 0'),
  many(
    'exactly what was held is too much',
    's.operation = 3 AND s.minutes > s.ref_minutes',
    's.operation = 3 AND s.minutes >= s.ref_minutes'
  ),
  many('the time before the locks', 'now_recorded := clock_timestamp();', 'now_recorded := transaction_timestamp();'),
  // batches: the past of ids
  many(
    'another request under the id is a replay',
    'WHEN t.fingerprint = q.fingerprint THEN 1',
    'WHEN t.fingerprint IS NOT NULL THEN 1'
  ),
  many(
    'a kept refusal is told as another use of the id',
    'WHEN k.fingerprint = q.fingerprint THEN k.code',
    'WHEN k.fingerprint = q.fingerprint THEN 2'
  ),
  many('refusals are kept for who did not ask', 'WHERE p_keep AND k.timebank_id', 'WHERE k.timebank_id'),
  many(
    'a settlement refused for the size is not kept',
    'WHERE q.code BETWEEN 10 AND 17',
    'WHERE q.code BETWEEN 10 AND 16'
  ),
  many(
    'the same id twice in a batch',
    '(q.id IS NOT NULL AND q.id_seen > 1) OR (q.ref IS NOT NULL AND q.ref_seen > 1) THEN 18',
    '(q.ref IS NOT NULL AND q.ref_seen > 1) THEN 18'
  ),
  many('the same ref twice in a batch', 'OR (q.ref IS NOT NULL AND q.ref_seen > 1) THEN 18', 'THEN 18'),
  many('ids of all timebanks are the same', 'PARTITION BY u.timebank, u.id ', 'PARTITION BY u.id '),
  many(
    'a replay has the figures of a refusal',
    'CASE WHEN q.known AND q.code <> 1 THEN q.refused_account END',
    'CASE WHEN q.known THEN q.refused_account END'
  ),
  // batches: deciding
  many('groups go on from one timebank to the next', ' OR p_timebank[i] IS DISTINCT FROM p_timebank[i - 1])', ')'),
  many('legs after the one at fault are posted', 'IF codes[i] = 0 AND group_failed THEN', 'IF false THEN'),
  many('a group after a failed one fails too', '      group_failed := false;', '      group_failed := group_failed;'),
  many('resolved twice', 'IF resolved[i] THEN', 'IF false THEN'),
  many(
    'a frozen account settles nothing',
    'IF NOT (opens[d] AND opens[c]) AND p_operation[i] NOT IN (3, 4) THEN',
    'IF NOT (opens[d] AND opens[c]) THEN'
  ),
  many('the floor is not met exactly', 'd_after < hard_floors[d] AND', 'd_after <= hard_floors[d] AND'),
  many(
    'a lowered ceiling blocks a repair',
    'c_after > hard_ceilings[c] AND c_after > c_before',
    'c_after > hard_ceilings[c]'
  ),
  many(
    'what is held counts as free',
    'd_before := all_credits[d] - all_debits[d] - all_held_out[d];',
    'd_before := all_credits[d] - all_debits[d];'
  ),
  many('force leaves no mark', 'mark := 4;', 'mark := 0;'),
  many('the soft ceiling is crossed by who stands beyond it', 'c_before <= soft_ceilings[c] AND', ''),
  // batches: undoing a group
  many('undo: the debit stays', 'all_debits[d] := all_debits[d] - moves[k];', 'all_debits[d] := all_debits[d];'),
  many(
    'undo: what was held stays',
    'all_held_out[d] := all_held_out[d] - holds[k];',
    'all_held_out[d] := all_held_out[d];'
  ),
  many('undo: the version stays', 'versions[d] := versions[d] - 1;', 'versions[d] := versions[d];'),
  many('undo: the mark stays', 'marks[k] := 0;', 'marks[k] := marks[k];'),
  many(
    'undo: the first leg stays',
    'FOR k IN REVERSE i - 1..group_start LOOP',
    'FOR k IN REVERSE i - 1..group_start + 1 LOOP'
  ),
  many('undo: legs are told as posted', 'codes[k] := 20;', 'codes[k] := 0;'),
  // batches: writing
  many('an account with one row is not written', 'u.version > u.version_before', 'u.version > u.version_before + 1'),
  many(
    'accounts of all timebanks are written',
    'WHERE a.timebank_id = u.timebank AND a.id = u.account',
    'WHERE a.id = u.account'
  ),
  many(
    'no follow-up where only a ceiling is crossed',
    'crossed := crossed OR mark & 3 <> 0',
    'crossed := crossed OR mark & 1 <> 0'
  ),
  many(
    'the follow-up has another’s limit',
    'soft_floors[q.debtor_at], q.debtor_balance',
    'soft_ceilings[q.debtor_at], q.debtor_balance'
  ),
  many(
    'a refused hold ends by itself',
    'WHERE q.code = 0 AND q.expires_at IS NOT NULL',
    'WHERE q.expires_at IS NOT NULL'
  ),
  many(
    'a hold whose settlement was refused never ends',
    'WHERE q.code = 0 AND q.operation IN (3, 4) AND h.timebank_id',
    'WHERE q.operation IN (3, 4) AND h.timebank_id'
  ),
  many(
    'the expiry of another timebank’s hold goes',
    'h.timebank_id = q.timebank AND h.hold_id = q.ref',
    'h.hold_id = q.ref'
  )
]
