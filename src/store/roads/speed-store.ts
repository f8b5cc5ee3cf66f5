/**
 * Learned speeds of regions: learning adds a version, which nobody goes by until it is put in use; the newest use stands.
 *
 * Neither versions nor uses are ever changed. Each is a row that a person caused: a version has some kilobytes, by the classes of the
 * region's roads.
 */
import { sql } from 'kysely'
import type { Principal, RegionId } from '../../domain/ids.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { Database } from '../postgres/database.ts'
import { nextVersion } from '../reference/items.ts'
import { InvalidReference, requireNote, requireRegion } from '../reference/reference-store.ts'

export interface LearnedVersion {
  readonly version: number
  /** The parameters of a travel model, as they were stored. */
  readonly model: unknown
  readonly facts: unknown
  readonly changedBy: Principal
  readonly changedAtMs: number
  readonly note: string | null
}

/** What a region is to go by; a null version: the usual times. */
export interface SpeedsInUse {
  readonly version: number | null
  readonly changedBy: Principal
  readonly changedAtMs: number
  readonly note: string | null
}

/** Advisory locks with two numbers are apart from those with one; the first is this table's own. */
const LOCK_CLASS = 470_913
const MODEL_BYTES_MAX = 256 * 1024
const CHANGED_BY = 'command-line'
const unaudited: AuditChange = () => Promise.resolve()

export class SpeedStore {
  readonly #database: Database
  readonly #wallMs: () => number

  constructor(database: Database, wallMs: () => number) {
    this.#database = database
    this.#wallMs = wallMs
  }

  /** The model of each region that goes by one. */
  async inUse(): Promise<Map<RegionId, { readonly version: number; readonly model: unknown }>> {
    const { rows } = await sql<{ readonly region: RegionId; readonly version: number; readonly model: unknown }>`
      SELECT u.region, s.version, s.model FROM (
        SELECT DISTINCT ON (region) region, version FROM roads.speed_uses ORDER BY region, number DESC) u
      JOIN roads.speeds s USING (region, version)`.execute(this.#database)
    return new Map(rows.map(({ region, version, model }) => [region, { version, model }]))
  }

  /** Newest first. Errors: InvalidReference for a region that does not exist. */
  async versions(region: RegionId): Promise<LearnedVersion[]> {
    await requireRegion(this.#database, region)
    return versionsOf(this.#database, region)
  }

  /** Errors: InvalidReference for a region or version that does not exist. */
  async version(region: RegionId, version: number): Promise<LearnedVersion> {
    await requireRegion(this.#database, region)
    return requireVersion(this.#database, region, version)
  }

  /** Null where nobody has ever put one in use. Errors: InvalidReference for a region that does not exist. */
  async use(region: RegionId): Promise<SpeedsInUse | null> {
    await requireRegion(this.#database, region)
    return (await newestUse(this.#database, region)) ?? null
  }

  /** Output: its version, which nobody goes by yet. Errors: InvalidReference for a region that does not exist, or a model that is too large. */
  async add(
    region: RegionId,
    { model, facts }: Pick<LearnedVersion, 'model' | 'facts'>,
    note: string | null,
    audit = unaudited,
  ): Promise<number> {
    requireNote(note)
    const text = JSON.stringify(model)
    if (text.length > MODEL_BYTES_MAX)
      throw new InvalidReference(
        `The model has ${text.length} bytes, and ${MODEL_BYTES_MAX} is the most that is stored.`,
      )
    return this.#change(region, async transaction => {
      const [newest] = await versionsOf(transaction, region, 1)
      const version = (newest?.version ?? 0) + 1
      await sql`INSERT INTO roads.speeds (region, version, model, facts, changed_by, changed_at_ms, note)
        VALUES (${region}, ${version}, ${text}::jsonb, ${JSON.stringify(facts)}::jsonb, ${CHANGED_BY}, ${this.#wallMs()},
          ${note})`.execute(transaction)
      await audit(transaction, { action: 'speeds-learned', region, subject: region, details: { version } })
      return version
    })
  }

  /**
   * Puts a version in use; null: none, so that the usual times stand. Output: false where that stands already. Errors:
   * InvalidReference for a region or version that does not exist.
   */
  async put(region: RegionId, version: number | null, note: string | null, audit = unaudited): Promise<boolean> {
    requireNote(note)
    return this.#change(region, async transaction => {
      if (version !== null) await requireVersion(transaction, region, version)
      const standing = await newestUse(transaction, region)
      if ((standing?.version ?? null) === version) return false
      await sql`INSERT INTO roads.speed_uses (region, number, version, changed_by, changed_at_ms, note)
        VALUES (${region}, ${(standing?.number ?? 0) + 1}, ${version}, ${CHANGED_BY}, ${this.#wallMs()}, ${note})`.execute(
        transaction,
      )
      // Engines look again when it has risen.
      await nextVersion(transaction)
      await audit(transaction, { action: 'speeds-changed', region, subject: region, details: { version } })
      return true
    })
  }

  #change<Result>(region: RegionId, change: (transaction: Database) => Promise<Result>): Promise<Result> {
    return this.#database.transaction().execute(async transaction => {
      await requireRegion(transaction, region)
      await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(${region}))`.execute(transaction)
      return change(transaction)
    })
  }
}

async function versionsOf(
  database: Database,
  region: RegionId,
  limit: number | null = null,
): Promise<LearnedVersion[]> {
  const { rows } = await sql<LearnedVersion>`
    SELECT version, model, facts, changed_by AS "changedBy", changed_at_ms AS "changedAtMs", note
    FROM roads.speeds WHERE region = ${region} ORDER BY version DESC LIMIT ${limit}`.execute(database)
  return rows
}

async function requireVersion(database: Database, region: RegionId, version: number): Promise<LearnedVersion> {
  const { rows } = await sql<LearnedVersion>`
    SELECT version, model, facts, changed_by AS "changedBy", changed_at_ms AS "changedAtMs", note
    FROM roads.speeds WHERE region = ${region} AND version = ${version}`.execute(database)
  const [found] = rows
  if (found !== undefined) return found
  throw new InvalidReference(
    `Region ${region} has no version ${version} of learned speeds; list them with goldenhour roads speeds list --region ${region}.`,
  )
}

async function newestUse(
  database: Database,
  region: RegionId,
): Promise<(SpeedsInUse & { readonly number: number }) | undefined> {
  const { rows } = await sql<SpeedsInUse & { readonly number: number }>`
    SELECT number, version, changed_by AS "changedBy", changed_at_ms AS "changedAtMs", note
    FROM roads.speed_uses WHERE region = ${region} ORDER BY number DESC LIMIT 1`.execute(database)
  return rows[0]
}
