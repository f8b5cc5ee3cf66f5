/** `goldenhour roads`: looks at files of roads, imports them as the roads of a region, and goes back to earlier ones. */
import { type Command, InvalidArgumentError } from 'commander'
import { AddressSearch } from '../roads/address/address-search.ts'
import { hashIn } from '../roads/array-blob.ts'
import type { RoadGraph } from '../roads/graph.ts'
import { encodeGraph } from '../roads/graph-codec.ts'
import type { ImportReport } from '../roads/import/import-report.ts'
import type { RoadStore, RoadsVersion } from '../store/roads/road-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { defineLearn } from './learn-roads.ts'
import { type NetworkState, networkState } from './network-state.ts'
import { linesOf, networkIn } from './road-files.ts'
import { defineSpeeds } from './road-speeds.ts'
import { roadsIn, standingGraph, storeNetwork } from './store-network.ts'
import { withDatabase } from './with-database.ts'

const FILES = 'OpenStreetMap (.osm.pbf, .osm, .osm.gz), or tables: nodes.csv, arcs.csv and maybe segments.csv (.gz)'
const IMPORT_HELP = `
The network is read, what is left out is told, and its times are prepared for quick searches. Then it is stored as the next
version of the region's roads, all of it or nothing. An engine that runs takes it up within seconds and ranks units by it from
then on; until it has, it goes by the former one. What cannot serve is refused, and nothing changes ("roads check" tells as much
without a database).`
const USE_HELP = `
The version becomes the newest one again, under a number of its own: decisions name the number that they were made by. The word
none stands for no roads: units are ranked by the straight line. "roads list" shows which networks are still kept.`

interface ImportOptions {
  readonly region: string
  readonly note?: string
  readonly again?: true
}

export function defineRoads(roads: Command): void {
  defineLearn(roads)
  defineSpeeds(roads)

  roads
    .command('check')
    .description('read a road network and say what an import would keep, what it would leave out, and why')
    .argument('<files...>', FILES)
    .action(async (files: readonly string[]) => void (await readNetwork(files)))

  roads
    .command('import')
    .description('read a road network and make it the roads of a region')
    .argument('<files...>', FILES)
    .requiredOption('--region <region>', 'the region that drives on them')
    .option('--note <text>', 'why, for who reads the versions')
    .option('--again', 'import them even if they are the roads that stand already')
    .addHelpText('after', IMPORT_HELP)
    .action(importRoads)

  roads
    .command('list')
    .description(
      'list the versions of a region’s roads, newest first: version, when, who, nodes, arcs, hash, whether it is kept or damaged, and note, separated by tabs',
    )
    .requiredOption('--region <region>', 'the region')
    .action(listRoads)

  roads
    .command('find')
    .description(
      'find a street, or the crossing of two, on a region’s roads, surest first: confidence, longitude, latitude, radius in metres, and names, separated by tabs',
    )
    .argument('<text...>', 'such as: market and 5th')
    .requiredOption('--region <region>', 'the region')
    .action(async (text: readonly string[], { region }: { region: string }) => {
      const graph = await withDatabase(database => standingGraph(database, region))
      if (graph === null) {
        throw new Error(`Region ${region} has no roads; import some: goldenhour roads import --region ${region} FILE.`)
      }
      const found = new AddressSearch(graph).search(text.join(' '), PLACES_SHOWN)
      if (found.length === 0) throw new Error('No street of the region has a name like that.')
      for (const { confidence, lonDeg, latDeg, radiusM, names } of found) {
        console.log(
          [confidence.toFixed(2), lonDeg.toFixed(6), latDeg.toFixed(6), radiusM, names.join(' / ')].join('\t'),
        )
      }
    })

  roads
    .command('use')
    .description('go back to an earlier version of a region’s roads, or to none')
    .argument('<version>', 'its number, or none', versionOrNone)
    .requiredOption('--region <region>', 'the region')
    .option('--note <text>', 'why, for who reads the versions')
    .addHelpText('after', USE_HELP)
    .action(useRoads)
}

async function listRoads({ region }: { readonly region: string }): Promise<void> {
  await withDatabase(async database => {
    const store = roadsIn(database)
    const states = new Map<string, NetworkState>()
    for (const version of await store.versions(region)) {
      const { sha256, isStored } = version
      if (sha256 !== null && !states.has(sha256))
        states.set(sha256, await networkState(store, region, { sha256, isStored }))
      console.log(rowOf(version, sha256 === null ? 'straight line' : states.get(sha256)!).join('\t'))
    }
  })
}

async function useRoads(
  version: number | null,
  { region, note = null }: { readonly region: string; readonly note?: string | null },
): Promise<void> {
  const now = await withDatabase(async database => {
    const store = roadsIn(database)
    const { sha256 = null, isStored = false } =
      (await store.versions(region)).find(each => each.version === version) ?? {}
    if (sha256 !== null && (await networkState(store, region, { sha256, isStored })) === 'damaged')
      throw new Error(
        `The network of version ${version} is damaged, and no engine could use it: import its files again.`,
      )
    return store.use(region, version, note, auditedByCommandLine(database))
  })
  const what = version === null ? 'the straight line' : `the network of version ${version}`
  if (now === null) return console.log(`Nothing changed: ${region} goes by ${what} already.`)
  console.log(`${region} goes by ${what}, as version ${now.version}.`)
}

async function importRoads(files: readonly string[], { region, note, again }: ImportOptions): Promise<void> {
  await withDatabase(async database => {
    const store = roadsIn(database)
    // Before minutes are spent on it.
    const [standing] = await store.versions(region)
    const { graph, report } = await readNetwork(files)
    if (again !== true && standing !== undefined && (await isTheSame(store, region, standing, graph))) {
      const what = `these are the roads of version ${standing.version}, which stands`
      return console.log(`Nothing changed: ${what}. Import them all the same with --again.`)
    }
    const now = await storeNetwork(database, region, { graph, report }, note ?? null, progress)
    console.log(`Imported the roads of ${region}, version ${now.version} (${now.sha256!.slice(0, HASH_SHOWN)}).`)
  })
}

/** Damaged ones are not: an import mends them. */
async function isTheSame(store: RoadStore, region: string, standing: RoadsVersion, graph: RoadGraph): Promise<boolean> {
  const { sha256, isStored } = standing
  if (sha256 === null || hashIn(encodeGraph(graph)) !== sha256) return false
  return (await networkState(store, region, { sha256, isStored })) === 'kept'
}

const PLACES_SHOWN = 10

/** Tells what is in the files. Errors: those of the files; a network that cannot serve. */
async function readNetwork(files: readonly string[]): Promise<{ graph: RoadGraph; report: ImportReport }> {
  const outcome = await networkIn(files)
  for (const line of linesOf(outcome.report)) console.log(line)
  if (!outcome.ok) throw new Error(`${files.join(', ')}: ${outcome.message}`)
  const { graph } = outcome
  console.log(
    `The roads can serve: ${graph.nodeCount} nodes and ${graph.arcCount} arcs. Classes: ${graph.classes.join(', ')}. ` +
      `Names: ${graph.names.length - 1}. Ways to drive: ${[...graph.timesMs.keys()].join(', ')}.`,
  )
  return outcome
}

/** Standard output belongs to the answer. */
const progress = (line: string): void => void process.stderr.write(`${line}\n`)

const HASH_SHOWN = 12

function rowOf(version: RoadsVersion, kept: NetworkState | 'straight line'): (string | number)[] {
  const { changedAtMs, changedBy, sha256, nodes, arcs, again, note } = version
  const why = [...(again === null ? [] : [`as version ${again}`]), ...(note === null ? [] : [note])].join(': ')
  const hash = sha256?.slice(0, HASH_SHOWN) ?? ''
  return [version.version, new Date(changedAtMs).toISOString(), changedBy, nodes, arcs, hash, kept, why]
}

function versionOrNone(text: string): number | null {
  if (text === 'none') return null
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on, or none.')
  return Number(text)
}
