/** The region of a run, its units, and a token for everybody who works in it. */
import type { Role } from '../../../src/domain/roles.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { plainUnit, tokenSigner, withReference } from '../../shared/reference.ts'

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
  await withReference(databaseUrl, async reference => {
    await reference.addRegion({ region: REGION, name: REGION, timeZone: 'Pacific/Auckland', dispatchMode: 'offered' })
    await reference.importUnits(
      REGION,
      [...crews, ...feeds.flat()].map(unitId => plainUnit({ unitId })),
    )
  })
  const sign = await tokenSigner(databaseUrl)
  const token = (sub: string, role: Role, unit: string | null, units: string[] | null = null) =>
    sign({ sub, role, regions: [REGION], unit, units, ttlS: DAY_S, authAtMs: Date.now() - SIGNED_IN_BEFORE_MS })
  const ofCrews = new Map<string, string>()
  for (const unitId of crews) ofCrews.set(unitId, await token(principalOf.crew(unitId), 'driver', unitId))
  const ofFeeds: string[] = []
  for (const [index, units] of feeds.entries()) {
    ofFeeds.push(await token(principalOf.feed(index), 'feed', null, [...units]))
  }
  return { crews: ofCrews, feeds: ofFeeds, desk: await token(principalOf.desk, 'dispatcher', null) }
}
