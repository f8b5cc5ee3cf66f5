/**
 * The road networks of regions: an import or a step back adds a version, the newest stands, and none is ever changed.
 *
 * The bytes of a network are kept under its hash, in pieces, for the last few networks of a region; the rows of versions, about
 * a kilobyte each and made by hand, stay for ever, since decisions name theirs.
 */
import { sql } from 'kysely'
import type { Principal, RegionId } from '../../domain/ids.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { Database } from '../postgres/database.ts'
import { nextVersion } from '../reference/items.ts'
import { InvalidReference, requireNote, requireRegion } from '../reference/reference-store.ts'

/** One version of the roads of a region. */
export interface RoadsVersion {
  readonly version: number
  /** Of its network; null where units are ranked by the straight line. */
  readonly sha256: string | null
  /** The earlier version whose network it took again; null for an import, and for none. */
  readonly again: number | null
  readonly nodes: number
  readonly arcs: number
  /** What its import kept and left out; null for what was not imported. */
  readonly report: unknown
  readonly changedBy: Principal
  readonly changedAtMs: number
  readonly note: string | null
  /** Whether the bytes of its network are still there. */
  readonly isStored: boolean
}

/** Which network a region is to go by. */
export interface StandingRoads {
  readonly version: number
  readonly sha256: string | null
}

/** A network as it is stored: the bytes of its graph, and of its hierarchy. */
export interface RoadBytes {
  readonly graph: Uint8Array
  readonly hierarchy: Uint8Array
}

/** What is imported. */
export interface RoadsImport extends RoadBytes {
  /** What the bytes of the graph say of themselves. */
  readonly sha256: string
  readonly nodes: number
  readonly arcs: number
  readonly report: unknown
}

const PART_KINDS = ['graph', 'hierarchy'] as const satisfies (keyof RoadBytes)[]
type PartKind = (typeof PART_KINDS)[number]

const PART_BYTES = 512 * 1024
const PARTS_MAX = 1_024
/** Of a graph, and of a hierarchy: 512 MiB. A graph of 500,000 nodes has 40 MB. */
export const ROAD_BYTES_MAX = PART_BYTES * PARTS_MAX
/** Of so many networks a region keeps the bytes, the one that stands among them. */
export const NETWORKS_KEPT = 4
/** Advisory locks with two numbers are apart from those with one; the first is this table's own. */
const LOCK_CLASS = 470_912
/** As for other imports: how long one may do nothing inside its transaction. */
const THINKING_MAX_MS = 30_000

const unaudited: AuditChange = () => Promise.resolve()
const CHANGED_BY = 'command-line'

export class RoadStore {
  readonly #database: Database
  readonly #wallMs: () => number

  constructor(database: Database, wallMs: () => number) {
    this.#database = database
    this.#wallMs = wallMs
  }

  /** What stands in each region that ever had roads. */
  async standing(): Promise<Map<RegionId, StandingRoads>> {
    const { rows } = await sql<StandingRoads & { readonly region: RegionId }>`
      SELECT DISTINCT ON (region) region, version, sha256 FROM roads.versions ORDER BY region, version DESC
    `.execute(this.#database)
    return new Map(rows.map(({ region, version, sha256 }) => [region, { version, sha256 }]))
  }

  /** Every version of a region, newest first. Errors: InvalidReference for a region that does not exist. */
  async versions(region: RegionId): Promise<RoadsVersion[]> {
    await requireRegion(this.#database, region)
    return versionsOf(this.#database, region)
  }

  /**
   * Adds a version with this network; one that stands already is written anew, which mends bytes that were damaged. Input:
   * `onStored`, hears how many bytes have been written. Errors: InvalidReference for a region that does not exist, or a
   * network that is too large.
   */
  async add(
    region: RegionId,
    roads: RoadsImport,
    note: string | null,
    audit = unaudited,
    onStored: (bytes: number) => void = () => undefined,
  ): Promise<StandingRoads> {
    requireNote(note)
    for (const kind of PART_KINDS) requireSize(kind, roads[kind].length)
    const { sha256, nodes, arcs, report } = roads
    const now = await this.#change(region, audit, async transaction => {
      await sql`DELETE FROM roads.parts WHERE region = ${region} AND sha256 = ${sha256}`.execute(transaction)
      let stored = 0
      for (const [kind, number, bytes] of piecesOf(roads)) {
        await sql`INSERT INTO roads.parts (region, sha256, kind, number, bytes)
          VALUES (${region}, ${sha256}, ${kind}, ${number}, ${bytes})`.execute(transaction)
        stored += bytes.length
        onStored(stored)
      }
      const row = { sha256, again: null, nodes, arcs, report: JSON.stringify(report), note }
      return { row, action: 'roads-imported', details: { sha256, nodes, arcs } }
    })
    return now!
  }

  /**
   * Takes the network of an earlier version again, as a new version; null: none, so that units are ranked by the straight
   * line. Output: what stands now; null where that stood already. Errors: InvalidReference for a region or version that does not exist, and for one whose network is kept no more.
   */
  async use(
    region: RegionId,
    version: number | null,
    note: string | null,
    audit = unaudited,
  ): Promise<StandingRoads | null> {
    requireNote(note)
    return this.#change(region, audit, async (transaction, standing) => {
      const { sha256, nodes, arcs } = version === null ? NOTHING : await storedVersion(transaction, region, version)
      if ((standing?.sha256 ?? null) === sha256) return null
      const row = { sha256, again: version, nodes, arcs, report: null, note }
      return { row, action: 'roads-changed', details: { sha256, again: version } }
    })
  }

  /** The bytes of a network, in memory that threads share; null where they are not kept, or only in part. */
  async read(region: RegionId, sha256: string): Promise<RoadBytes | null> {
    const graph = await this.#readPart(region, sha256, 'graph')
    const hierarchy = await this.#readPart(region, sha256, 'hierarchy')
    return graph === null || hierarchy === null ? null : { graph, hierarchy }
  }

  /** Piece by piece: others have their turn in between. */
  async #readPart(region: RegionId, sha256: string, kind: PartKind): Promise<Uint8Array | null> {
    const { rows } = await sql<{ pieces: number; size: number }>`
      SELECT count(*)::int AS pieces, coalesce(sum(octet_length(bytes)), 0)::bigint AS size FROM roads.parts
      WHERE region = ${region} AND sha256 = ${sha256} AND kind = ${kind}`.execute(this.#database)
    const { pieces, size } = rows[0]!
    if (pieces === 0) return null
    const bytes = new Uint8Array(new SharedArrayBuffer(size))
    let at = 0
    for (let number = 0; number < pieces; number += 1) {
      const read = await sql<{ bytes: Buffer }>`SELECT bytes FROM roads.parts
        WHERE region = ${region} AND sha256 = ${sha256} AND kind = ${kind} AND number = ${number}`.execute(
        this.#database,
      )
      const [piece] = read.rows
      // One that was cleared away meanwhile.
      if (piece === undefined || at + piece.bytes.length > size) return null
      bytes.set(piece.bytes, at)
      at += piece.bytes.length
    }
    return at === size ? bytes : null
  }

  /** Output: what stands now; null where there was nothing to change. */
  async #change(
    region: RegionId,
    audit: AuditChange,
    change: (transaction: Database, standing: StandingRoads | undefined) => Promise<Change | null>,
  ): Promise<StandingRoads | null> {
    return this.#database.transaction().execute(async transaction => {
      await sql`SET LOCAL idle_in_transaction_session_timeout = ${sql.lit(THINKING_MAX_MS)}`.execute(transaction)
      await requireRegion(transaction, region)
      // One change of a region's roads after the other: none clears away what another one takes again.
      await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}, hashtext(${region}))`.execute(transaction)
      const [standing] = await versionsOf(transaction, region, 1)
      const made = await change(transaction, standing)
      if (made === null) return null
      const version = (standing?.version ?? 0) + 1
      const { sha256, again, nodes, arcs, report, note } = made.row
      await sql`INSERT INTO roads.versions
          (region, version, sha256, again, nodes, arcs, report, changed_by, changed_at_ms, note)
        VALUES (${region}, ${version}, ${sha256}, ${again}, ${nodes}, ${arcs}, ${report}::jsonb, ${CHANGED_BY},
          ${this.#wallMs()}, ${note})`.execute(transaction)
      await clearAway(transaction, region)
      // Last, though others call it first: nobody waits for the bytes, and the lock above has put changes in order.
      await nextVersion(transaction)
      await audit(transaction, { action: made.action, region, subject: region, details: { version, ...made.details } })
      return { version, sha256 }
    })
  }
}

interface Change {
  readonly row: {
    readonly sha256: string | null
    readonly again: number | null
    readonly nodes: number
    readonly arcs: number
    readonly report: string | null
    readonly note: string | null
  }
  readonly action: string
  readonly details: Readonly<Record<string, string | number | null>>
}

/** With what they are of, and their places. */
function* piecesOf(roads: RoadBytes): Iterable<[kind: PartKind, number: number, bytes: Buffer]> {
  for (const kind of PART_KINDS) {
    for (let number = 0; number * PART_BYTES < roads[kind].length; number += 1) {
      yield [kind, number, Buffer.from(roads[kind].subarray(number * PART_BYTES, (number + 1) * PART_BYTES))]
    }
  }
}

function requireSize(kind: PartKind, size: number): void {
  if (size <= ROAD_BYTES_MAX) return
  throw new InvalidReference(
    `The ${kind} of these roads has ${size} bytes, and ${ROAD_BYTES_MAX} is the most that is stored: import a smaller area, or fewer classes of roads.`,
  )
}

const NOTHING = { sha256: null, nodes: 0, arcs: 0 }

async function versionsOf(database: Database, region: RegionId, limit: number | null = null): Promise<RoadsVersion[]> {
  const { rows } = await sql<RoadsVersion>`
    SELECT version, sha256, again, nodes, arcs, report, changed_by AS "changedBy", changed_at_ms AS "changedAtMs", note,
      EXISTS (SELECT 1 FROM roads.parts p WHERE p.region = v.region AND p.sha256 = v.sha256) AS "isStored"
    FROM roads.versions v WHERE region = ${region} ORDER BY version DESC LIMIT ${limit}`.execute(database)
  return rows
}

async function storedVersion(transaction: Database, region: RegionId, version: number): Promise<RoadsVersion> {
  const versions = await versionsOf(transaction, region)
  const found = versions.find(each => each.version === version)
  if (found === undefined)
    throw new InvalidReference(
      `Region ${region} has no version ${version} of its roads; list them with goldenhour roads list --region ${region}.`,
    )
  if (found.sha256 !== null && !found.isStored)
    throw new InvalidReference(
      `The network of version ${version} is kept no more, only that of the last ${NETWORKS_KEPT}: import its files again.`,
    )
  return found
}

/** Networks that stood longest ago. */
async function clearAway(transaction: Database, region: RegionId): Promise<void> {
  await sql`DELETE FROM roads.parts WHERE region = ${region} AND sha256 NOT IN (
    SELECT sha256 FROM roads.versions WHERE region = ${region} AND sha256 IS NOT NULL
    GROUP BY sha256 ORDER BY max(version) DESC LIMIT ${NETWORKS_KEPT})`.execute(transaction)
}
