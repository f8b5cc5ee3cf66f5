/** Who did what: a search in the audit, and the proof that its chain is whole, step by step. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import { invalidField } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { REGION_ID, type RegionId } from '../../domain/ids.ts'
import { RANGES } from '../../protocol/limits.ts'
import { wholeNumber } from '../../protocol/list-schemas.ts'
import { moment } from '../../protocol/schema-parts.ts'
import { CHAIN_FAULTS, type ExpectedEntry, verifyAuditPart } from '../../store/audit/audit-chain.ts'
import { type AuditWishes, searchAudit } from '../../store/audit/audit-search.ts'
import { type ChangePorts, listReply, PAGE_QUERY, page, pageOf } from '../changes.ts'
import { REGION_QUERY } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { knownRegion } from './reference-work.ts'

/** A search goes this far back where it does not say how far, and no further. */
const WINDOW_USUAL_MS = 31 * 86_400_000
const WINDOW_MAX_MS = 400 * 86_400_000
/** Each takes one of the few connections to the database, and without a good index for it some of its time. */
const SEARCHES_MAX = 2
const RETRY_AFTER_MS = 1_000
/** Hashing so many holds the loop for some 5 ms; they count as so many queries. */
const PROVEN_AT_ONCE = 500
const PROOF_QUERIES = 8

const word = (() => {
  const error = 'must be a text of 1 to 128 characters'
  return z
    .string({ error })
    .min(1, { error })
    .max(128, { error })
    .refine(text => !text.includes('\0'), { error })
})()
const when = wholeNumber(RANGES.atMs)
const OUTCOMES = ['done', 'refused'] as const
const QUERY = PAGE_QUERY.extend({
  region: REGION_QUERY.shape.region.describe('For an admin: only what was done there; without it all.'),
  actor: word.optional().describe('Who did it.'),
  action: word.optional().describe('What was done, as `user-changed`.'),
  subject: word.optional().describe('What it was done to.'),
  outcome: z.enum(OUTCOMES, { error: `must be one of ${OUTCOMES.join(', ')}` }).optional(),
  fromMs: when.optional().describe('By the wall clock; 31 days back where it is absent.'),
  toMs: when.optional().describe('Later than `fromMs`, by 400 days at most.'),
})
const ENTRY = z
  .object({
    ...{ seq: z.int().min(1), atMs: moment, actor: z.string(), action: z.string(), outcome: z.enum(OUTCOMES) },
    ...{ region: z.string().regex(REGION_ID).nullable(), subject: z.string().nullable() },
    ...{ address: z.string().nullable(), details: z.record(z.string(), z.unknown()) },
  })
  .meta({ id: 'AuditEntry' })

const END = /^(\d{1,15}):([0-9a-f]{64})$/
const PROOF_QUERY = z.object({
  after: z
    .string({ error: 'must be `end` of the answer before' })
    .regex(END, { error: 'must be `end` of the answer before' })
    .optional()
    .describe('`end` of the answer before; from the first entry on where it is absent.'),
})
const PROOF = z.object({
  end: z.string().regex(END).nullable().describe('`SEQ:HASH` of the last entry that is proven; null with a fault.'),
  isWhole: z.boolean().describe('Nothing follows it. Until then ask on.'),
  fault: z
    .object({ seq: z.int(), fault: z.enum(CHAIN_FAULTS), message: z.string() })
    .nullable()
    .describe('The first thing that is wrong.'),
})

export interface AuditEntryPorts extends Pick<ChangePorts, 'database' | 'wallClock'> {
  readonly limiter: Pick<Limiter, 'takeMore'>
}

export const AUDIT_ROUTES: readonly Route<AuditEntryPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/audit',
    action: 'read-audit',
    summary: 'Searches the audit, newest first',
    query: QUERY,
    reply: { 200: pageOf(ENTRY) },
    refusals: ['wrong-region', 'unknown-region', 'overloaded'],
    handle: limited(SEARCHES_MAX, getEntries),
  }),
  guarded({
    method: 'get',
    pattern: '/v1/audit/proof',
    action: 'prove-audit',
    summary: 'Proves a further part of the audit, from its first entry on',
    query: PROOF_QUERY,
    reply: { 200: PROOF },
    refusals: ['overloaded'],
    handle: limited(1, getProof),
  }),
]

type Handle<A> = (ports: AuditEntryPorts, asked: A, caller: TokenClaims) => Promise<HttpReply>

/** So many at a time. */
function limited<A>(max: number, handle: Handle<A>): Handle<A> {
  let underWay = 0
  return async (ports, asked, caller) => {
    if (underWay >= max) {
      const message = 'The audit is being read for others; ask again shortly.'
      return problem({ code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } })
    }
    underWay += 1
    try {
      return await handle(ports, asked, caller)
    } finally {
      underWay -= 1
    }
  }
}

async function getEntries(
  ports: AuditEntryPorts,
  asked: Asked<Nothing, typeof QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const region = await regionOf(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const wanted = page(ports, asked, caller)
  if (!wanted.ok) return problem(wanted.refusal)
  const wishes = wishesOf(asked, region.value, ports.wallClock())
  if (!wishes.ok) return problem(wishes.refusal)
  const { limit } = wanted.value
  // One more than the page tells whether another follows.
  const found = await searchAudit(ports.database, { ...wishes.value, limit: limit + 1 })
  return listReply(asked, wanted.value, found, ({ seq }) => String(seq))
}

/** An admin sees all; everybody else what was done in a region of the token. Null: all. */
async function regionOf(
  ports: AuditEntryPorts,
  asked: Asked<Nothing, typeof QUERY>,
  caller: TokenClaims,
): Promise<Result<RegionId | null>> {
  if (caller.role === 'admin' && asked.query.get('region') === null) return { ok: true, value: null }
  return knownRegion(ports, asked, caller)
}

function wishesOf(
  asked: Asked<Nothing, typeof QUERY>,
  region: RegionId | null,
  nowMs: number,
): Result<Omit<AuditWishes, 'limit'>> {
  const query = asked.readQuery()
  if (!query.ok) return query
  const { actor = null, action = null, subject = null, outcome = null, after, toMs = null } = query.value
  const fromMs = query.value.fromMs ?? Math.max(0, (toMs ?? nowMs) - WINDOW_USUAL_MS)
  const untilMs = toMs ?? nowMs
  if (toMs !== null && toMs <= fromMs) return refused('toMs', 'must be later than fromMs')
  if (untilMs - fromMs > WINDOW_MAX_MS) return refused('fromMs', 'must be at most 400 days before toMs')
  if (after !== undefined && !/^[1-9]\d{0,14}$/.test(after)) {
    return refused('after', 'must be `next` of the page before, as it was given')
  }
  const before = after === undefined ? null : Number(after)
  return { ok: true, value: { region, actor, action, subject, outcome, fromMs, toMs, before } }
}

const refused = (path: string, must: string) => ({ ok: false, refusal: invalidField(path, must) }) as const

async function getProof(
  { database, limiter }: AuditEntryPorts,
  asked: Asked<Nothing, typeof PROOF_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  const tooFast = limiter.takeMore(caller.sub, 'query', PROOF_QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)
  const proven = await verifyAuditPart(database, endIn(query.value.after), { entries: PROVEN_AT_ONCE })
  if (!proven.ok) {
    const { seq, fault, message } = proven
    return json(200, { end: null, isWhole: false, fault: { seq, fault, message } })
  }
  return json(200, { end: `${proven.head.seq}:${proven.head.hash}`, isWhole: proven.isWhole, fault: null })
}

function endIn(after: string | undefined): ExpectedEntry | null {
  const [, seq, hash] = END.exec(after ?? '') ?? []
  return seq === undefined ? null : { seq: Number(seq), hash: hash! }
}
