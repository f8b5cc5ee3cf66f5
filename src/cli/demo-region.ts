/** The region that a demo has for itself: made where there is none, with the roads of its city and its units. */

import type { DemoCity } from '../demo/demo-city.ts'
import { isDemoUnit } from '../demo/desk.ts'
import type { Database } from '../store/postgres/database.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { roadsIn, storeNetwork } from './store-network.ts'
import { signAudited } from './token.ts'

/** Longer than a demo lasts. */
const TOKEN_S = 86_400

/** Output: a dispatcher's token; null where there is no region and none is needed. Errors: Error for a region with other units. */
export async function prepareRegion(
  database: Database,
  { region, clean }: { readonly region: string; readonly clean?: true },
): Promise<string | null> {
  const reference = new ReferenceStore(database)
  const exists = (await reference.listRegions()).some(each => each.region === region)
  if (!exists && clean === true) return null
  if (!exists) {
    const added = { region, name: 'Demo', timeZone: 'Pacific/Auckland', dispatchMode: 'offered' } as const
    await reference.addRegion(added, auditedByCommandLine(database))
  }
  const other = (await reference.listUnits(region)).find(({ unitId }) => !isDemoUnit(unitId))
  if (other !== undefined && clean !== true) {
    throw new Error(
      `Region ${region} has units that are no demo's (${other.unitId}); leave out --region, and the demo fills one of its own.`,
    )
  }
  return signAudited(database, { role: 'dispatcher', region: [region], subject: 'demo-desk', ttl: TOKEN_S })
}

/** Output: a token for each of the units. */
export async function furnishRegion(
  database: Database,
  region: string,
  city: DemoCity,
  unitIds: readonly string[],
): Promise<string[]> {
  await layRoads(database, region, city)
  await addHospitals(database, region, city)
  return addUnits(database, region, unitIds)
}

/** The roads of the made-up city, once; a region that has roads keeps them. */
async function layRoads(database: Database, region: string, { graph, report }: DemoCity): Promise<void> {
  const [standing] = await roadsIn(database).versions(region)
  if (standing !== undefined) return
  await storeNetwork(database, region, { graph, report }, 'the made-up city of the demo', () => undefined)
}

const HOSPITAL_NAMES = ['West Hospital', 'East Hospital']

async function addHospitals(database: Database, region: string, { hospitals }: DemoCity): Promise<void> {
  const items = hospitals.map((place, index) => ({
    ...{ hospitalId: `DEMO-H${index + 1}`, name: HOSPITAL_NAMES[index]!, ...place, address: null },
    ...{ emergencyDepartment: true, capabilities: [] },
  }))
  await new ReferenceStore(database).import('hospitals', region, items, auditedByCommandLine(database))
}

async function addUnits(database: Database, region: string, unitIds: readonly string[]): Promise<string[]> {
  const units = unitIds.map((unitId, index) => ({
    unitId,
    callSign: `Demo ${index + 1}`,
    levelOfCare: index % 3 === 2 ? 'bls' : 'als',
    capabilities: [],
    homeStation: null,
  }))
  await new ReferenceStore(database).import('units', region, units, auditedByCommandLine(database))
  const tokens: string[] = []
  for (const unit of unitIds) {
    tokens.push(await signAudited(database, { role: 'driver', region: [region], unit, ttl: TOKEN_S }))
  }
  return tokens
}
