/** The reference data as the engine and the command line use it: regions, units, and whether anything changed. */
import { type RawBuilder, sql } from 'kysely'
import type { z } from 'zod'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import type { Position } from '../../domain/geo.ts'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import { POLICY, POLICY_NOTE } from '../../protocol/policy.ts'
import {
  HOSPITAL,
  REGION,
  type RegionReference,
  STATION,
  type StandingHospital,
  UNIT,
} from '../../protocol/reference.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { Database } from '../postgres/database.ts'
import { nextVersion, type Put, putItems, removeItem, unknownStations } from './items.ts'
import { HOSPITALS, type Kind, STATIONS, UNITS } from './kinds.ts'
import {
  getPolicy,
  listPolicyVersions,
  type PolicyChanges,
  type PolicyRecord,
  policyAudit,
  putPolicy,
  standingPolicies,
} from './policies.ts'
import { insertRegion } from './regions.ts'

export type { RegionReference } from '../../protocol/reference.ts'

/** Reference data that cannot be taken as it is; the message names the value and what it must be. */
export class InvalidReference extends Error {
  override readonly name = 'InvalidReference'
}

/** What can be imported, by the word for it. */
export const IMPORTABLE = {
  units: { kind: UNITS, shape: UNIT },
  stations: { kind: STATIONS, shape: STATION },
  hospitals: { kind: HOSPITALS, shape: HOSPITAL },
} as const
export type ImportKind = keyof typeof IMPORTABLE

/**
 * How long an import may do nothing inside its transaction. Elsewhere it is a second; with a million rows in memory, on a
 * machine that has other things to do, a collection of garbage alone takes longer.
 */
const THINKING_MAX_MS = 30_000

/** Units of one answer: 100 kB, 5 ms. */
const ROWS_PER_PAGE = 1_000
const UNIT_FIELDS = sql`
  unit_id AS "unitId", call_sign AS "callSign", level_of_care AS "levelOfCare", transports, capabilities,
  home_station AS "homeStation"`

/** Versions that are read at once, 2 kB each. */
const POLICIES_AT_ONCE = 1_000

const unaudited: AuditChange = () => Promise.resolve()

/** Who changes what is changed by way of this store: HTTP has its own. */
const CHANGED_BY = 'command-line'

export class ReferenceStore {
  readonly #database: Database
  readonly #wallMs: () => number

  constructor(database: Database, wallMs: () => number = Date.now) {
    this.#database = database
    this.#wallMs = wallMs
  }

  /** Adds a region. Errors: InvalidReference, also when the region exists. */
  async addRegion(region: RegionReference, audit = unaudited): Promise<void> {
    const problem = problemOf(REGION, region)
    if (problem !== null) throw new InvalidReference(`Region ${JSON.stringify(region.region)}: ${problem}.`)
    await this.#database.transaction().execute(async transaction => {
      const version = await nextVersion(transaction)
      const by = { changedBy: CHANGED_BY, changedAtMs: this.#wallMs() }
      if (!(await insertRegion(transaction, region, { version, ...by }))) {
        throw new InvalidReference(`The region ${region.region} exists already.`)
      }
      await audit(transaction, { action: 'region-created', region: region.region, subject: region.region, details: {} })
    })
  }

  /** All regions, by id. */
  listRegions(): Promise<RegionReference[]> {
    return this.#database
      .selectFrom('reference.regions')
      .select(['region', 'name', 'time_zone as timeZone', 'dispatch_mode as dispatchMode'])
      .orderBy('region')
      .execute()
  }

  /** The policy that stands in each region. */
  listPolicies(): Promise<Map<RegionId, StandingPolicy>> {
    return standingPolicies(this.#database)
  }

  /** Where the stations of each region are that has any. */
  async listStationPlaces(): Promise<Map<RegionId, Position[]>> {
    const { rows } = await sql<{ region: RegionId } & Position>`
      SELECT region, lon_deg AS "lonDeg", lat_deg AS "latDeg" FROM reference.stations ORDER BY region, station_id
    `.execute(this.#database)
    const places = new Map<RegionId, Position[]>()
    for (const { region, lonDeg, latDeg } of rows) {
      const others = places.get(region)
      if (others === undefined) places.set(region, [{ lonDeg, latDeg }])
      else others.push({ lonDeg, latDeg })
    }
    return places
  }

  /** The hospitals of each region that has any, by id. */
  async listHospitals(): Promise<Map<RegionId, StandingHospital[]>> {
    const { rows } = await sql<{ region: RegionId } & StandingHospital>`
      SELECT region, hospital_id AS "hospitalId", name, lon_deg AS "lonDeg", lat_deg AS "latDeg", address,
        emergency_department AS "emergencyDepartment", capabilities,
        status, status_note AS "statusNote", status_since_ms AS "statusSinceMs"
      FROM reference.hospitals ORDER BY region, hospital_id
    `.execute(this.#database)
    const hospitals = new Map<RegionId, StandingHospital[]>()
    for (const { region, ...hospital } of rows) {
      const others = hospitals.get(region)
      if (others === undefined) hospitals.set(region, [hospital])
      else others.push(hospital)
    }
    return hospitals
  }

  /** The policy of a region, that which stands unless a version is named. Errors: InvalidReference where there is none. */
  async policy(region: RegionId, version: number | null = null): Promise<PolicyRecord> {
    await requireRegion(this.#database, region)
    const found = await getPolicy(this.#database, region, version)
    if (found !== undefined) return found
    throw new InvalidReference(`Region ${region} has no version ${version} of its policy.`)
  }

  /**
   * Every version of a region's policy, newest first, in pages of `pageSize`. Errors: InvalidReference for a region that does
   * not exist.
   */
  async *policyVersions(region: RegionId, pageSize = POLICIES_AT_ONCE): AsyncGenerator<PolicyRecord> {
    await requireRegion(this.#database, region)
    for (let before: number | null = null; ; ) {
      const page: PolicyRecord[] = await listPolicyVersions(this.#database, region, { limit: pageSize, before })
      yield* page
      if (page.length < pageSize) return
      before = page.at(-1)!.version
    }
  }

  /**
   * Sets the policy of a region; what is left out has its default. Answers what stands then, and how it differs from what
   * stood. Errors: InvalidReference for a policy or a note that will not do, a region that does not exist, or where another
   * version stands than the one that the caller went by (null: any may).
   */
  async setPolicy(
    region: RegionId,
    given: unknown,
    note: string | null,
    audit = unaudited,
    ifVersion: number | null = null,
  ): Promise<{ readonly now: PolicyRecord; readonly changes: PolicyChanges }> {
    const problem = problemOf(POLICY, given) ?? (note === null ? null : problemOf(POLICY_NOTE, note))
    if (problem !== null) throw new InvalidReference(`The policy of ${region}: ${problem}.`)
    const policy = POLICY.parse(given)
    return this.#database.transaction().execute(async transaction => {
      const version = await nextVersion(transaction)
      await requireRegion(transaction, region)
      // Whoever raised the version of the reference data keeps every other change of it waiting until here is the end.
      if (ifVersion !== null) requireVersion(ifVersion, await getPolicy(transaction, region))
      const by = { changedBy: CHANGED_BY, changedAtMs: this.#wallMs() }
      const { now, changes } = await putPolicy(transaction, region, { policy, note, ...by }, version)
      if (changes.length > 0) await audit(transaction, policyAudit(now, changes))
      return { now, changes }
    })
  }

  /** As `import`, for units. */
  async importUnits(region: RegionId, units: readonly UnitReference[]): Promise<void> {
    await this.import('units', region, units)
  }

  /**
   * Adds units, stations or hospitals, and replaces those that the region has under the same id: all of them, or none.
   * Errors: InvalidReference for a value out of grammar, an id named twice, a unit of an unknown station, or a region
   * that does not exist.
   */
  async import(what: ImportKind, region: RegionId, items: readonly object[], audit = unaudited): Promise<Put> {
    const { kind, shape } = IMPORTABLE[what] as { kind: Kind<object>; shape: z.ZodType<object> }
    const named = new Set<string>()
    const checked = items.map(item => {
      const id = String(item[kind.idField as keyof typeof item])
      const problem = problemOf(shape, item) ?? (named.has(id) ? 'is named twice' : null)
      if (problem !== null) throw new InvalidReference(`${kind.idField} ${JSON.stringify(id)}: ${problem}.`)
      named.add(id)
      return shape.parse(item)
    })
    // Before the transaction, and in parts within it: others wait for it, and Postgres ends one whose client thinks for long.
    const units = what === 'units' ? (checked as readonly UnitReference[]) : []
    const stations = new Set(units.flatMap(({ homeStation }) => (homeStation === null ? [] : [homeStation])))
    return this.#database.transaction().execute(async transaction => {
      await sql`SET LOCAL idle_in_transaction_session_timeout = ${sql.lit(THINKING_MAX_MS)}`.execute(transaction)
      const version = await nextVersion(transaction)
      await requireRegion(transaction, region)
      if (stations.size > 0) await requireStations(transaction, region, units, stations)
      const put = await putItems(transaction, kind, region, checked, version)
      await audit(transaction, {
        action: `${what}-imported`,
        region,
        subject: null,
        details: { ...put, given: items.length },
      })
      return put
    })
  }

  /** Takes units away that the region has; each leaves it once it has no trip any more. */
  async retireUnits(region: RegionId, unitIds: readonly UnitId[], audit = unaudited): Promise<void> {
    await this.#database.transaction().execute(async transaction => {
      const version = await nextVersion(transaction)
      for (const unitId of unitIds) await removeItem(transaction, UNITS, region, unitId, version)
      await audit(transaction, { action: 'units-retired', region, subject: null, details: { given: unitIds.length } })
    })
  }

  /** Those of the stations named that the region does not have; none while it has no stations at all. */
  unknownStations(region: RegionId, stationIds: readonly string[]): Promise<string[]> {
    return unknownStations(this.#database, region, stationIds)
  }

  /**
   * The units of a region that were added or changed after a version, in the order of their changes; null: all. Read
   * page by page, so that a million of them hold up nobody: what changes meanwhile may come twice.
   */
  async listUnits(region: RegionId, since: number | null = null): Promise<UnitReference[]> {
    const units: UnitReference[] = []
    const table = sql`reference.units`
    for await (const page of this.#changes<UnitReference>(table, UNIT_FIELDS, region, since)) {
      for (const { version: _, ...unit } of page) units.push(unit as unknown as UnitReference)
    }
    return units
  }

  /** The units that the region has no longer, and that were retired after a version, in that order; page by page, too. */
  async listRetiredUnits(region: RegionId, since: number | null = null): Promise<UnitId[]> {
    const unitIds: UnitId[] = []
    const table = sql`reference.retired_units`
    for await (const page of this.#changes(table, sql`unit_id AS "unitId"`, region, since)) {
      for (const { unitId } of page) unitIds.push(unitId)
    }
    return unitIds
  }
  /** Rises with every change of anything: an unchanged number means that nothing changed. */
  async version(): Promise<number> {
    const row = await this.#database.selectFrom('reference.version').select('version').executeTakeFirstOrThrow()
    return row.version
  }

  /** One that changes between two pages moves behind those that were read, and comes again. */
  async *#changes<T extends { readonly unitId: UnitId }>(
    table: RawBuilder<unknown>,
    fields: RawBuilder<unknown>,
    region: RegionId,
    since: number | null,
  ): AsyncGenerator<readonly (T & { readonly version: number })[]> {
    for (let version = since === null ? 0 : since + 1, after = ''; ; ) {
      const { rows } = await sql<T & { readonly version: number }>`
        SELECT ${fields}, version FROM ${table}
        WHERE region = ${region} AND (version, unit_id) > (${version}, ${after})
        ORDER BY version, unit_id LIMIT ${ROWS_PER_PAGE}`.execute(this.#database)
      yield rows
      if (rows.length < ROWS_PER_PAGE) return
      ;({ version, unitId: after } = rows.at(-1)!)
    }
  }
}

/** What is wrong with a value, as the end of a sentence about it; null when nothing is. */
export function problemOf(shape: z.ZodType, value: unknown): string | null {
  const result = shape.safeParse(value)
  if (result.success) return null
  const issue = result.error.issues[0]!
  if (issue.code === 'unrecognized_keys') return `${[...issue.path, issue.keys[0]].join('.')} is not known here`
  return `${issue.path.join('.')} ${issue.message}`.trim()
}

/** What a person says of a change. Errors: throws InvalidReference. */
export function requireNote(note: string | null): void {
  const problem = note === null ? null : problemOf(POLICY_NOTE, note)
  if (problem !== null) throw new InvalidReference(`The note ${problem}.`)
}

/** Errors: InvalidReference for a region that does not exist. */
export async function requireRegion(transaction: Database, region: RegionId): Promise<void> {
  const known = await transaction
    .selectFrom('reference.regions')
    .select('region')
    .where('region', '=', region)
    .executeTakeFirst()
  if (known !== undefined) return
  throw new InvalidReference(
    `The region ${JSON.stringify(region)} does not exist; add it first (goldenhour region add NAME).`,
  )
}

async function requireStations(
  transaction: Database,
  region: RegionId,
  units: readonly UnitReference[],
  named: ReadonlySet<string>,
): Promise<void> {
  const [unknown] = await unknownStations(transaction, region, [...named])
  if (unknown === undefined) return
  const unit = units.find(({ homeStation }) => homeStation === unknown)!
  throw new InvalidReference(
    `Unit ${unit.unitId}: the region has no station ${JSON.stringify(unknown)}; import its stations first.`,
  )
}

/** Errors: InvalidReference where somebody else has changed it since. */
function requireVersion(expected: number, standing: PolicyRecord | undefined): void {
  if (standing === undefined || standing.version === expected) return
  const { region, version, changedBy, changedAtMs } = standing
  throw new InvalidReference(
    `Version ${version} of the policy of ${region} stands, not ${expected}: ${changedBy} changed it at ${new Date(changedAtMs).toISOString()}. Look at it with goldenhour policy show ${region}, then set yours with --if-version ${version}.`,
  )
}
