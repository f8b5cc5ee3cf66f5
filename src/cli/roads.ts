/** `goldenhour roads`: looks at files of roads before anybody depends on them. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { createGunzip, gunzip } from 'node:zlib'
import type { Command } from 'commander'
import type { ImportReport } from '../roads/import/import-report.ts'
import type { OsmFile } from '../roads/import/osm-elements.ts'
import { USUAL_OSM_RULES } from '../roads/import/osm-rules.ts'
import { importRoadTables } from '../roads/import/roads-from-csv.ts'
import { importOsm } from '../roads/import/roads-from-osm.ts'
import type { ImportOutcome } from '../roads/network-builder.ts'

/** Of one table, unpacked. A text cannot be longer than half of it. */
const TABLE_BYTES_MAX = 512 * 1024 * 1024
const TABLES = ['nodes', 'arcs', 'segments'] as const

export function defineRoads(roads: Command): void {
  roads
    .command('check')
    .description('read a road network and say what an import would keep, what it would leave out, and why')
    .argument(
      '<files...>',
      'OpenStreetMap (.osm.pbf, .osm, .osm.gz), or tables: nodes.csv, arcs.csv and maybe segments.csv (.gz)',
    )
    .action(async (files: readonly string[]) => {
      const outcome = await networkIn(files)
      for (const line of linesOf(outcome.report)) console.log(line)
      if (!outcome.ok) throw new Error(outcome.message)
      const { graph } = outcome
      console.log(
        `The roads can serve: ${graph.nodeCount} nodes and ${graph.arcCount} arcs. Classes: ${graph.classes.join(', ')}. ` +
          `Names: ${graph.names.length - 1}. Ways to drive: ${[...graph.timesMs.keys()].join(', ')}.`,
      )
    })
}

/** Errors: those of the file system, with what is wrong with the names of the files. */
async function networkIn(files: readonly string[]): Promise<ImportOutcome> {
  const [first] = files
  if (files.length === 1 && /\.pbf$/i.test(first!)) return importOsm(osmFile(first!), 'pbf', USUAL_OSM_RULES)
  if (files.length === 1 && /\.osm(\.gz)?$/i.test(first!)) return importOsm(osmFile(first!), 'xml', USUAL_OSM_RULES)
  const byTable = new Map(files.map(file => [path.basename(file).replace(/\.csv(\.gz)?$/i, ''), file]))
  const unknown = [...byTable.keys()].filter(name => !TABLES.some(table => table === name))
  const [nodes, arcs] = [byTable.get('nodes'), byTable.get('arcs')]
  if (unknown.length > 0 || nodes === undefined || arcs === undefined || byTable.size !== files.length) {
    throw new Error(
      'Name one OpenStreetMap file (.osm.pbf, .osm, .osm.gz), or the tables nodes.csv and arcs.csv, and segments.csv where there is one.',
    )
  }
  const segments = byTable.get('segments')
  return importRoadTables({
    nodes: await textIn(nodes),
    arcs: await textIn(arcs),
    segments: segments === undefined ? null : await textIn(segments),
  })
}

const osmFile =
  (file: string): OsmFile =>
  () => {
    const packed = createReadStream(file)
    if (!file.endsWith('.gz')) return packed
    const unpacked = createGunzip()
    packed.once('error', error => unpacked.destroy(error))
    return packed.pipe(unpacked)
  }

async function textIn(file: string): Promise<string> {
  const bytes = await readFile(file)
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
  return (isPacked ? await promisify(gunzip)(bytes, { maxOutputLength: TABLE_BYTES_MAX }) : bytes).toString()
}

function linesOf(report: ImportReport): string[] {
  const noted = (title: string, all: ImportReport['leftOut']) =>
    all.length === 0
      ? []
      : [title, ...all.map(({ part, why, count, first }) => `  ${count} × ${part} ${why}; the first: ${first}`)]
  return [
    `${report.nodesRead} nodes read, ${report.nodesKept} kept; ${report.arcsRead} arcs read, ${report.arcsKept} kept.`,
    ...noted('Left out:', report.leftOut),
    ...noted('Changed:', report.changed),
  ]
}
