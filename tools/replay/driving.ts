/** On which roads a replay drives, and to which hospitals: from files, from the region's own roads, or made up. */
import { networkIn } from '../../src/cli/road-files.ts'
import { standingGraph, storeNetwork } from '../../src/cli/store-network.ts'
import type { DemoCity } from '../../src/demo/demo-city.ts'
import type { Position } from '../../src/domain/geo.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import type { ImportReport } from '../../src/roads/import/import-report.ts'
import { withDatabaseAt } from '../shared/reference.ts'
import { InvalidInput, readTable } from './input.ts'
import type { Fleet } from './place.ts'
import { Streets } from './streets.ts'

/** As an import reads it. */
interface Network {
  readonly graph: RoadGraph
  readonly report: ImportReport
}

export interface Driving {
  /** What the region is given as its roads before anybody drives; null: it keeps those that it has. */
  readonly network: Network | null
  /** Where patients are brought, at least one. */
  readonly hospitals: readonly Position[]
}

/** Input: without files of roads, those that the region has are driven on. Errors: InvalidInput. */
export async function drivingBy(files: {
  readonly roads: readonly string[] | null
  readonly hospitals: string
}): Promise<Driving> {
  const hospitals = await readHospitals(files.hospitals)
  return { network: files.roads === null ? null : await readNetwork(files.roads), hospitals }
}

export const drivingIn = ({ graph, report, hospitals }: DemoCity): Driving => ({
  network: { graph, report },
  hospitals,
})

/** Gives the region its roads, where there are some to give, and answers those that it has. Errors: InvalidInput where it has none. */
export function streetsOf(
  databaseUrl: string,
  { region, timeZone }: Pick<Fleet, 'region' | 'timeZone'>,
  { network, hospitals }: Driving,
  tell: (line: string) => void,
): Promise<Streets> {
  return withDatabaseAt(databaseUrl, async database => {
    if (network === null) {
      const graph = await standingGraph(database, region)
      if (graph === null) throw new InvalidInput(`Region ${region} has no roads to drive on; give some with --roads.`)
      return new Streets(graph, { hospitals, timeZone })
    }
    await storeNetwork(database, region, network, 'the roads of a replay', tell)
    return new Streets(network.graph, { hospitals, timeZone })
  })
}

async function readNetwork(files: readonly string[]): Promise<Network> {
  const outcome = await networkIn(files).catch((cause: Error) => {
    throw new InvalidInput(`${files.join(', ')}: ${cause.message}`, { cause })
  })
  if (outcome.ok) return outcome
  throw new InvalidInput(`${files.join(', ')}: ${outcome.message}`)
}

/** `lon,lat`, and `ed` where there is one: then only those with 1, which take ambulances. Errors: InvalidInput. */
async function readHospitals(file: string): Promise<Position[]> {
  const hospitals = (await readTable(file, ['lon', 'lat'], ['ed']))
    .filter(row => ['', '1'].includes(row.text('ed')))
    .map(row => ({ lonDeg: row.number('lon'), latDeg: row.number('lat') }))
  if (hospitals.length === 0) throw new InvalidInput(`${file}: there is no hospital in it that takes ambulances.`)
  return hospitals
}
