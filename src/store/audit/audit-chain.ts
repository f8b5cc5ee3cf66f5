/**
 * The audit as a reader sees it: a search, and the proof that its chain is whole.
 *
 * The proof computes every hash anew from the stored columns, by the rule that docs/audit.md states, and asks the
 * database only for the columns: `audit.entry_hash` may have been changed by whoever changed an entry.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface StoredEntry {
  readonly seq: number
  /** When it happened, ISO 8601 in UTC with microseconds. */
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly outcome: string
  readonly region: RegionId | null
  readonly subject: string | null
  readonly address: string | null
  readonly details: unknown
}

/** An entry as known from outside the database: whoever cuts the chain's end off cannot change it there. */
export interface ExpectedEntry {
  readonly seq: number
  /** Lower-case hex. */
  readonly hash: string
}

export type Verification =
  | { readonly ok: true; readonly head: ExpectedEntry; readonly isWhole: true }
  | { readonly ok: false; readonly seq: number; readonly fault: ChainFault; readonly message: string }

/** Up to `head` it is what was written; `isWhole`: and that is its end. */
type PartlyVerified = Verification | { readonly ok: true; readonly head: ExpectedEntry; readonly isWhole: false }

/**
 * `missing`: the entry is not there. `changed`: it is not what was written. `out-of-order`: it was written, or forged,
 * to follow another entry. `head-differs`, `unexpected`: the chain does not end, or not contain, what it should.
 */
export const CHAIN_FAULTS = ['missing', 'changed', 'out-of-order', 'head-differs', 'unexpected'] as const
type ChainFault = (typeof CHAIN_FAULTS)[number]

interface ChainRow {
  seq: number
  at_us: string
  actor: string
  action: string
  outcome: string
  region: string | null
  subject: string | null
  address: string | null
  details: string
  prev_hash: Buffer
  hash: Buffer
}

const ROWS_PER_PAGE = 2_000
const START: Buffer = Buffer.alloc(32)

/**
 * Follows the chain from the first entry to its head, a page at a time, while others may append; answers the first
 * fault. `expect` must be in it too.
 */
export async function verifyAudit(database: Database, expect: ExpectedEntry | null = null): Promise<Verification> {
  let from: ExpectedEntry | null = null
  for (;;) {
    const verified: PartlyVerified = await verifyAuditPart(database, from, { entries: ROWS_PER_PAGE, expect })
    if (!verified.ok || verified.isWhole) return verified
    from = verified.head
  }
}

/**
 * One step of the proof, which holds the loop for so many entries: from the entry behind one that was proven to be the chain's.
 * It is whole once there is nothing further. Input: where an earlier step has ended; null from the first entry on.
 */
export async function verifyAuditPart(
  database: Database,
  from: ExpectedEntry | null,
  { entries, expect = null }: { readonly entries: number; readonly expect?: ExpectedEntry | null },
): Promise<PartlyVerified> {
  let end = from === null ? { seq: 0, hash: START } : { seq: from.seq, hash: Buffer.from(from.hash, 'hex') }
  const rows = await readPage(database, end.seq, entries)
  for (const row of rows) {
    const fault = faultOf(row, end) ?? unexpected(row, expect)
    if (fault !== null) return fault
    end = { seq: row.seq, hash: row.hash }
  }
  if (rows.length > 0) return { ok: true, head: shownEnd(end), isWhole: false }
  const head = await readChainHead(database)
  // Appended since the page was read.
  const isLonger = head.seq > end.seq && (await readPage(database, end.seq, 1)).length > 0
  if (isLonger) return { ok: true, head: shownEnd(end), isWhole: false }
  return judgeEnd(end, head, expect)
}

const shownEnd = ({ seq, hash }: { readonly seq: number; readonly hash: Buffer }): ExpectedEntry => {
  return { seq, hash: hash.toString('hex') }
}

function faultOf(row: ChainRow, before: { readonly seq: number; readonly hash: Buffer }): Verification | null {
  const expectedSeq = before.seq + 1
  if (row.seq !== expectedSeq) {
    return broken(expectedSeq, 'missing', `entry ${expectedSeq} is missing; the next one is ${row.seq}`)
  }
  if (hashOf(before.hash, row).equals(row.hash)) {
    if (row.prev_hash.equals(before.hash)) return null
    return broken(row.seq, 'changed', `entry ${row.seq} was changed: its prev_hash is not the hash before it`)
  }
  if (row.prev_hash.equals(before.hash)) {
    return broken(row.seq, 'changed', `entry ${row.seq} was changed: its hash does not fit what it says`)
  }
  return broken(row.seq, 'out-of-order', `entry ${row.seq} does not follow entry ${before.seq}: moved, or forged`)
}

function unexpected({ seq, hash }: ChainRow, expect: ExpectedEntry | null): Verification | null {
  if (seq !== expect?.seq || hash.toString('hex') === expect.hash) return null
  return broken(seq, 'unexpected', `entry ${seq} is not the one that was expected: the chain was written anew`)
}

function judgeEnd(
  end: { readonly seq: number; readonly hash: Buffer },
  head: { readonly seq: number; readonly hash: Buffer },
  expect: ExpectedEntry | null,
): Verification {
  if (head.seq > end.seq) {
    return broken(end.seq + 1, 'missing', `entries ${end.seq + 1} to ${head.seq} are missing at the end`)
  }
  if (head.seq !== end.seq || !head.hash.equals(end.hash)) {
    return broken(
      end.seq,
      'head-differs',
      `the head is at entry ${head.seq}, and the last entry, ${end.seq}, is not it`,
    )
  }
  if (expect !== null && expect.seq > end.seq) {
    return broken(end.seq + 1, 'unexpected', `the chain ends at ${end.seq}, before the expected entry ${expect.seq}`)
  }
  return { ok: true, head: shownEnd(end), isWhole: true }
}

const broken = (seq: number, fault: ChainFault, message: string): Verification => ({ ok: false, seq, fault, message })

function hashOf(before: Buffer, row: ChainRow): Buffer {
  const hash = createHash('sha256').update(before)
  const { seq, at_us, actor, action, outcome, region, subject, address, details } = row
  for (const text of [String(seq), at_us, actor, action, outcome, region, subject, address, details]) {
    if (text === null) {
      hash.update('\0')
    } else {
      const bytes = Buffer.from(text, 'utf8')
      const head = Buffer.alloc(5, 1)
      head.writeUInt32BE(bytes.length, 1)
      hash.update(head).update(bytes)
    }
  }
  return hash.digest()
}

async function readPage(database: Database, afterSeq: number, limit: number): Promise<ChainRow[]> {
  const { rows } = await sql<ChainRow>`SELECT seq, (extract(epoch FROM at) * 1000000)::bigint::text AS at_us,
    actor, action, outcome, region, subject, address, details::text AS details, prev_hash, hash
    FROM audit.entries WHERE seq > ${afterSeq} ORDER BY seq LIMIT ${limit}`.execute(database)
  return rows
}

/** Where the chain ends as the database has it, without a proof. Errors: those of pg. */
export async function readChainHead(database: Database): Promise<{ seq: number; hash: Buffer }> {
  const { rows } = await sql<{ seq: number; hash: Buffer }>`SELECT seq, hash FROM audit.head`.execute(database)
  // Without its row there is nothing to compare with; an end that nothing can have differs from all.
  return rows[0] ?? { seq: -1, hash: START }
}

export interface AuditFilter {
  readonly since?: Date
  readonly actor?: string
  readonly action?: string
}

/** The entries that fit, oldest first, a page at a time. */
export async function* listAudit(database: Database, filter: AuditFilter = {}): AsyncIterable<readonly StoredEntry[]> {
  let after = 0
  for (;;) {
    const fits = [
      sql`seq > ${after}`,
      ...(filter.since === undefined ? [] : [sql`at >= ${filter.since}`]),
      ...(filter.actor === undefined ? [] : [sql`actor = ${filter.actor}`]),
      ...(filter.action === undefined ? [] : [sql`action = ${filter.action}`]),
    ]
    const { rows } = await sql<StoredEntry>`SELECT seq,
      to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
      actor, action, outcome, region, subject, address, details
      FROM audit.entries WHERE ${sql.join(fits, sql` AND `)} ORDER BY seq LIMIT ${sql.lit(ROWS_PER_PAGE)}`.execute(
      database,
    )
    const last = rows[rows.length - 1]
    if (last === undefined) return
    yield rows
    after = last.seq
  }
}
