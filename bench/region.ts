/** A region with a fleet, made in the database before or while an engine runs on it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient } from '../src/store/postgres/database.ts'
import { plainUnit, tokenSigner, withReference } from '../tools/shared/reference.ts'
import { levelOfCareOf, unitIdOf } from './fleet.ts'

export const REGION = 'bench'
const TOKEN_TTL_S = 24 * 3_600
const REGISTERED_WITHIN_MS = 60_000

/** Makes the region. Output: a token for each driver. */
export async function prepareRegion(databaseUrl: string, drivers: number): Promise<string[]> {
  await withReference(databaseUrl, reference =>
    reference.addRegion({ region: REGION, name: 'Bench', timeZone: 'UTC', dispatchMode: 'ordered' }),
  )
  const sign = await tokenSigner(databaseUrl)
  const tokens: string[] = []
  for (let driver = 0; driver < drivers; driver++) {
    const unit = unitIdOf(driver)
    tokens.push(await sign({ sub: unit, role: 'driver', regions: [REGION], unit, ttlS: TOKEN_TTL_S }))
  }
  return tokens
}

/** Output: a token for each of these, who speak for no unit. */
export async function tokensOf(
  databaseUrl: string,
  role: 'feed' | 'dispatcher',
  names: readonly string[],
): Promise<string[]> {
  const sign = await tokenSigner(databaseUrl)
  return Promise.all(names.map(sub => sign({ sub, role, regions: [REGION], unit: null, ttlS: TOKEN_TTL_S })))
}

/** Resolves when the running engine has taken the units. */
export async function importUnits(databaseUrl: string, drivers: number): Promise<void> {
  const units = Array.from({ length: drivers }, (_, driver) =>
    plainUnit({ unitId: unitIdOf(driver), levelOfCare: levelOfCareOf(driver) }),
  )
  await withReference(databaseUrl, reference => reference.importUnits(REGION, units))
  const reader = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
  try {
    const registered =
      'SELECT coalesce(sum(jsonb_array_length(events)), 0)::int AS count FROM log.records WHERE region = $1'
    for (
      const giveUpAtMs = performance.now() + REGISTERED_WITHIN_MS;
      performance.now() < giveUpAtMs;
      await sleep(100)
    ) {
      const { rows } = await reader.query<{ count: number }>(registered, [REGION])
      if (rows[0]!.count >= drivers) return
    }
  } finally {
    await reader.end()
  }
  throw new Error(`The engine did not take ${drivers} units within ${REGISTERED_WITHIN_MS / 1_000} s.`)
}
