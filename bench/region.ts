/** A region with a fleet, made in the database before or while an engine runs on it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { loadOrCreateSigningKey } from '../src/access/tables/key-table.ts'
import { signToken } from '../src/access/tokens.ts'
import type { UnitReference } from '../src/domain/events.ts'
import { openClient, openDatabase } from '../src/store/postgres/database.ts'
import { ReferenceStore } from '../src/store/reference/reference-store.ts'
import { levelOfCareOf, unitIdOf } from './fleet.ts'

export const REGION = 'bench'
const TOKEN_TTL_S = 24 * 3_600
const REGISTERED_WITHIN_MS = 60_000

/** Makes the region. Output: a token for each driver. */
export async function prepareRegion(databaseUrl: string, drivers: number): Promise<string[]> {
  const database = openDatabase(databaseUrl)
  try {
    const store = new ReferenceStore(database)
    await store.addRegion({ region: REGION, name: 'Bench', timeZone: 'UTC', dispatchMode: 'ordered' })
    const key = await loadOrCreateSigningKey(database)
    const tokens: string[] = []
    for (let driver = 0; driver < drivers; driver++) {
      const unit = unitIdOf(driver)
      tokens.push(await signToken(key, { sub: unit, role: 'driver', regions: [REGION], unit, ttlS: TOKEN_TTL_S }))
    }
    return tokens
  } finally {
    await database.destroy()
  }
}

/** Output: a token for each of these, who speak for no unit. */
export async function tokensOf(
  databaseUrl: string,
  role: 'feed' | 'dispatcher',
  names: readonly string[],
): Promise<string[]> {
  const database = openDatabase(databaseUrl)
  try {
    const key = await loadOrCreateSigningKey(database)
    const claims = { role, regions: [REGION], unit: null, ttlS: TOKEN_TTL_S }
    return await Promise.all(names.map(sub => signToken(key, { sub, ...claims })))
  } finally {
    await database.destroy()
  }
}

/** Resolves when the running engine has taken the units. */
export async function importUnits(databaseUrl: string, drivers: number): Promise<void> {
  const units: UnitReference[] = Array.from({ length: drivers }, (_, driver) => ({
    unitId: unitIdOf(driver),
    callSign: unitIdOf(driver),
    levelOfCare: levelOfCareOf(driver),
    capabilities: [],
    homeStation: null,
  }))
  const database = openDatabase(databaseUrl)
  await new ReferenceStore(database).importUnits(REGION, units).finally(() => database.destroy())
  const reader = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
  try {
    const registered = 'SELECT coalesce(sum(jsonb_array_length(events)), 0)::int AS count FROM log.records'
    for (
      const giveUpAtMs = performance.now() + REGISTERED_WITHIN_MS;
      performance.now() < giveUpAtMs;
      await sleep(100)
    ) {
      const { rows } = await reader.query<{ count: number }>(registered)
      if (rows[0]!.count >= drivers) return
    }
  } finally {
    await reader.end()
  }
  throw new Error(`The engine did not take ${drivers} units within ${REGISTERED_WITHIN_MS / 1_000} s.`)
}
