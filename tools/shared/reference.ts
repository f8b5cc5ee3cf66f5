/** Regions, units and tokens that are made in a database, before or while an engine runs on it. */
import { loadOrCreateSigningKey } from '../../src/access/tables/key-table.ts'
import { signToken } from '../../src/access/tokens.ts'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'

type Claims = Parameters<typeof signToken>[1]

export async function withDatabaseAt<Result>(
  databaseUrl: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(databaseUrl)
  try {
    return await work(database)
  } finally {
    await database.destroy()
  }
}

export const withReference = <Result>(
  databaseUrl: string,
  work: (reference: ReferenceStore) => Promise<Result>,
): Promise<Result> => withDatabaseAt(databaseUrl, database => work(new ReferenceStore(database)))

/** Signs tokens with the key of the deployment, which is made where there is none. */
export async function tokenSigner(databaseUrl: string): Promise<(claims: Claims) => Promise<string>> {
  const key = await withDatabaseAt(databaseUrl, loadOrCreateSigningKey)
  return claims => signToken(key, claims)
}

/** A unit that is like any other, but for what is said of it. */
export const plainUnit = (unit: Partial<UnitReference> & { readonly unitId: string }): UnitReference => ({
  callSign: unit.unitId,
  levelOfCare: 'als',
  capabilities: [],
  homeStation: null,
  ...unit,
})
