/** What the service tells us about itself: its regions and their units. */
import { sql } from 'kysely'
import type { UnitReference } from '../domain/events.ts'
import { REGION_ID, type RegionId, UNIT_ID } from '../domain/ids.ts'
import { CAPABILITY, DISPATCH_MODES, type DispatchMode, LEVELS_OF_CARE } from '../domain/vocabulary.ts'
import type { Database } from './database.ts'

export interface RegionReference {
  readonly region: RegionId
  readonly name: string
  /** IANA name, as in `Europe/Berlin`. */
  readonly timeZone: string
  readonly dispatchMode: DispatchMode
}

/** Reference data that cannot be taken as it is; the message names the value and what it must be. */
export class InvalidReference extends Error {
  override readonly name = 'InvalidReference'
}

const LABEL_CHARS = 120
const CAPABILITIES_MAX = 32

export class ReferenceStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Adds a region. Errors: InvalidReference, also when the region exists. */
  async addRegion(region: RegionReference): Promise<void> {
    checkRegion(region)
    await this.#change(async transaction => {
      const added = await transaction
        .insertInto('reference.regions')
        .values({
          region: region.region,
          name: region.name,
          time_zone: region.timeZone,
          dispatch_mode: region.dispatchMode,
        })
        .onConflict(conflict => conflict.doNothing())
        .executeTakeFirst()
      if (added.numInsertedOrUpdatedRows === 0n) {
        throw new InvalidReference(`The region ${region.region} exists already.`)
      }
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

  /**
   * Adds the units, and replaces those that the region has under the same id: all of them, or none.
   * Errors: InvalidReference for a value out of grammar, a unit named twice, or a region that does not exist.
   */
  async importUnits(region: RegionId, units: readonly UnitReference[]): Promise<void> {
    const named = new Set<string>()
    for (const unit of units) {
      const problem = unitProblem(unit) ?? (named.has(unit.unitId) ? 'is named twice' : null)
      if (problem !== null) throw new InvalidReference(`Unit ${JSON.stringify(unit.unitId)}: ${problem}.`)
      named.add(unit.unitId)
    }
    await this.#change(async transaction => {
      const known = await transaction
        .selectFrom('reference.regions')
        .select('region')
        .where('region', '=', region)
        .executeTakeFirst()
      if (known === undefined) {
        throw new InvalidReference(
          `There is no region ${JSON.stringify(region)}; add it first (goldenhour region add NAME).`,
        )
      }
      for (let start = 0; start < units.length; start += IMPORT_CHUNK) {
        await transaction
          .insertInto('reference.units')
          .values(
            units.slice(start, start + IMPORT_CHUNK).map(unit => ({
              region,
              unit_id: unit.unitId,
              call_sign: unit.callSign,
              level_of_care: unit.levelOfCare,
              capabilities: [...unit.capabilities],
              home_station: unit.homeStation,
            })),
          )
          .onConflict(conflict =>
            conflict.columns(['region', 'unit_id']).doUpdateSet(row => ({
              call_sign: row.ref('excluded.call_sign'),
              level_of_care: row.ref('excluded.level_of_care'),
              capabilities: row.ref('excluded.capabilities'),
              home_station: row.ref('excluded.home_station'),
            })),
          )
          .execute()
      }
    })
  }

  /** The units of a region, by id. */
  listUnits(region: RegionId): Promise<UnitReference[]> {
    return this.#database
      .selectFrom('reference.units')
      .select([
        'unit_id as unitId',
        'call_sign as callSign',
        'level_of_care as levelOfCare',
        'capabilities',
        'home_station as homeStation',
      ])
      .where('region', '=', region)
      .orderBy('unit_id')
      .execute()
  }

  /** Rises with every change of a region or unit: an unchanged number means that nothing changed. */
  async version(): Promise<number> {
    const row = await this.#database.selectFrom('reference.version').select('version').executeTakeFirstOrThrow()
    return row.version
  }

  #change(work: (transaction: Database) => Promise<void>): Promise<void> {
    return this.#database.transaction().execute(async transaction => {
      // First, so that changes happen one after the other: a reader that sees version n sees all of change n.
      await transaction.updateTable('reference.version').set({ version: sql`version + 1` }).execute()
      await work(transaction)
    })
  }
}

/** Six parameters a row, and Postgres takes 65,535 a statement. */
const IMPORT_CHUNK = 5_000

/** What is wrong with a unit's description, as the end of a sentence about it; null when nothing is. */
export function unitProblem(unit: { readonly [Key in keyof UnitReference]: unknown }): string | null {
  if (typeof unit.unitId !== 'string' || !UNIT_ID.test(unit.unitId)) {
    return 'unit_id must be 1 to 32 characters of A-Z a-z 0-9 . _ -'
  }
  if (!isLabel(unit.callSign)) return `call_sign must be 1 to ${LABEL_CHARS} printable characters`
  if (!(LEVELS_OF_CARE as readonly unknown[]).includes(unit.levelOfCare)) {
    return `level_of_care must be one of ${LEVELS_OF_CARE.join(', ')}`
  }
  const capabilities = unit.capabilities as readonly string[]
  if (capabilities.length > CAPABILITIES_MAX) return `capabilities must be at most ${CAPABILITIES_MAX}`
  const odd = capabilities.find(capability => !CAPABILITY.test(capability))
  if (odd !== undefined) return `capability ${JSON.stringify(odd)} must be 1 to 32 characters of a-z 0-9 -`
  if (unit.homeStation !== null && !(typeof unit.homeStation === 'string' && UNIT_ID.test(unit.homeStation))) {
    return 'home_station must be empty or 1 to 32 characters of A-Z a-z 0-9 . _ -'
  }
  return null
}

function checkRegion(region: RegionReference): void {
  const named = JSON.stringify(region.region)
  if (!REGION_ID.test(region.region)) {
    throw new InvalidReference(`${named} is no region id: it must be 1 to 16 characters of a-z 0-9.`)
  }
  if (!isLabel(region.name)) {
    throw new InvalidReference(`The name of region ${named} must be 1 to ${LABEL_CHARS} printable characters.`)
  }
  if (!isTimeZone(region.timeZone)) {
    throw new InvalidReference(
      `${JSON.stringify(region.timeZone)} is no IANA time zone; write one such as Europe/Berlin or UTC.`,
    )
  }
  if (!DISPATCH_MODES.includes(region.dispatchMode)) {
    throw new InvalidReference(`The dispatch mode of region ${named} must be one of ${DISPATCH_MODES.join(', ')}.`)
  }
}

const isLabel = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= LABEL_CHARS && /^\P{C}+$/u.test(value) && value.trim() === value

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    // Offsets such as +02:00 are accepted there too, but do not know summer time.
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}
