/** Reading and writing the policies of regions: a change adds a version, and none is ever changed or taken away. */
import { sql } from 'kysely'
import type { Principal, RegionId } from '../../domain/ids.ts'
import { DEFAULT_POLICY, type Policy, policyEntries, type StandingPolicy } from '../../domain/policy.ts'
import type { Database } from '../postgres/database.ts'

/** One version of a region's policy. The newest stands. */
export interface PolicyRecord {
  readonly region: RegionId
  readonly version: number
  readonly changedAtMs: number
  /** `command-line` and `system` for what no principal did. */
  readonly changedBy: Principal
  /** Why, in the words of who made it. */
  readonly note: string | null
  readonly policy: Policy
}

/** The policy that stands in a region, or another version of it; undefined where there is none. */
export async function getPolicy(
  database: Database,
  region: RegionId,
  version: number | null = null,
): Promise<PolicyRecord | undefined> {
  const [newest] = await listPolicyVersions(database, region, {
    limit: 1,
    before: version === null ? null : version + 1,
  })
  return version === null || newest?.version === version ? newest : undefined
}

/** The versions of a region's policy before one of them, newest first. */
export async function listPolicyVersions(
  database: Database,
  region: RegionId,
  { limit, before }: { readonly limit: number; readonly before: number | null },
): Promise<PolicyRecord[]> {
  let query = database
    .selectFrom('reference.policies')
    .select(['region', 'version', 'changed_at_ms as changedAtMs', 'changed_by as changedBy', 'note', 'policy'])
    .where('region', '=', region)
    .orderBy('version', 'desc')
    .limit(limit)
  if (before !== null) query = query.where('version', '<', before)
  const rows = await query.execute()
  return rows.map(row => ({ ...row, policy: whole(row.policy) }))
}

/** What stands in each region. */
export async function standingPolicies(database: Database): Promise<Map<RegionId, StandingPolicy>> {
  const { rows } = await sql<{ region: RegionId; version: number; policy: Partial<Policy> }>`
    SELECT r.region, p.version, p.policy FROM reference.regions r CROSS JOIN LATERAL (
      SELECT version, policy FROM reference.policies WHERE region = r.region ORDER BY version DESC LIMIT 1) p
  `.execute(database)
  return new Map(rows.map(({ region, version, policy }) => [region, { ...whole(policy), version }]))
}

/** What a change is to make of a policy, and who makes it. */
export interface PolicyWrite {
  readonly policy: Policy
  readonly note: string | null
  readonly changedBy: Principal
  readonly changedAtMs: number
}

/**
 * Adds a version to a region that is there, its mode to the region; one that changes no number adds none. Answers what stands
 * then, and how it differs. Input: the version of the reference data that the transaction raised first (`nextVersion`).
 */
export async function putPolicy(
  transaction: Database,
  region: RegionId,
  change: PolicyWrite,
  referenceVersion: number,
): Promise<{ readonly now: PolicyRecord; readonly changes: PolicyChanges }> {
  const { policy, note, changedBy, changedAtMs } = change
  const current = await getPolicy(transaction, region)
  const changes = current === undefined ? [] : policyChanges(current.policy, policy)
  if (current !== undefined && changes.length === 0) return { now: current, changes }
  const version = (current?.version ?? 0) + 1
  const stored = { region, version, note, policy: JSON.stringify(policy) }
  await transaction
    .insertInto('reference.policies')
    .values({ ...stored, changed_by: changedBy, changed_at_ms: changedAtMs })
    .execute()
  await transaction
    .updateTable('reference.regions')
    .set({ dispatch_mode: policy.mode, version: referenceVersion })
    .where('region', '=', region)
    .where('dispatch_mode', '<>', policy.mode)
    .execute()
  return { now: { region, version, changedAtMs, changedBy, note, policy }, changes }
}

/** What differs between two policies: the name of each number, what it was, and what it is. */
export type PolicyChanges = readonly (readonly [name: string, was: number | string, is: number | string])[]

function policyChanges(before: Policy, after: Policy): PolicyChanges {
  const former = new Map(policyEntries(before))
  return policyEntries(after).flatMap(([name, is]) => {
    const was = former.get(name)!
    return was === is ? [] : [[name, was, is]]
  })
}

/** What the audit keeps of a change. */
export function policyAudit({ region, version }: PolicyRecord, changes: PolicyChanges) {
  const changed = Object.fromEntries(changes.map(([name, was, is]) => [name, [was, is]]))
  return { action: 'policy-changed', region, subject: region, details: { version, changed } }
}

/** A row of before a number was known lacks it. */
function whole(stored: Partial<Policy>): Policy {
  const entries = Object.entries(stored).map(([name, value]) => {
    const standard = DEFAULT_POLICY[name as keyof Policy]
    // One number for all, where the parts of a group had no numbers of their own yet.
    const isOfBefore = typeof standard === 'object' && typeof value !== 'object'
    return [name, isOfBefore ? Object.fromEntries(Object.keys(standard).map(part => [part, value])) : value]
  })
  return { ...DEFAULT_POLICY, ...Object.fromEntries(entries) }
}
