/** The region of a run, its units, and a token for everybody who works in it. */

import { loadOrCreateSigningKey } from '../../../src/access/tables/key-table.ts'
import { signToken } from '../../../src/access/tokens.ts'
import type { UnitReference } from '../../../src/domain/events.ts'
import type { Role } from '../../../src/domain/roles.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'

export const REGION = 'torture'

export interface Fleet {
  /** Units with a crew of their own. */
  readonly crews: readonly string[]
  /** Units by the feed that carries them. */
  readonly feeds: readonly (readonly string[])[]
}

/** Who they are in the log. */
export const principalOf = {
  crew: (unitId: string) => `crew-${unitId}`,
  desk: 'desk',
  feed: (index: number) => `feed-${index}`,
}

export interface Tokens {
  readonly crews: ReadonlyMap<string, string>
  readonly feeds: readonly string[]
  readonly desk: string
}

const DAY_S = 86_400
/** Signed in since then, so that an engine whose clock is behind does not see a token of the future. */
const SIGNED_IN_BEFORE_MS = 2 * 3_600_000

/** Makes schema, region, units and tokens in a database that answers. Errors: those of pg. */
export async function prepareFleet(databaseUrl: string, { crews, feeds }: Fleet): Promise<Tokens> {
  await migrate(databaseUrl)
  const database = openDatabase(databaseUrl)
  try {
    const reference = new ReferenceStore(database)
    await reference.addRegion({ region: REGION, name: REGION, timeZone: 'Pacific/Auckland', dispatchMode: 'offered' })
    await reference.importUnits(REGION, [...crews, ...feeds.flat()].map(unitOf))
    const key = await loadOrCreateSigningKey(database)
    const token = (sub: string, role: Role, unit: string | null, units: string[] | null = null) =>
      signToken(key, {
        sub,
        role,
        regions: [REGION],
        unit,
        units,
        ttlS: DAY_S,
        authAtMs: Date.now() - SIGNED_IN_BEFORE_MS,
      })
    const ofCrews = new Map<string, string>()
    for (const unitId of crews) ofCrews.set(unitId, await token(principalOf.crew(unitId), 'driver', unitId))
    const ofFeeds: string[] = []
    for (const [index, units] of feeds.entries()) {
      ofFeeds.push(await token(principalOf.feed(index), 'feed', null, [...units]))
    }
    return { crews: ofCrews, feeds: ofFeeds, desk: await token(principalOf.desk, 'dispatcher', null) }
  } finally {
    await database.destroy()
  }
}

const unitOf = (unitId: string): UnitReference => ({
  unitId,
  callSign: unitId,
  levelOfCare: 'als',
  capabilities: [],
  homeStation: null,
})
