/** A road network from files that a person names, and what its import kept and left out, in lines. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { createGunzip, gunzip } from 'node:zlib'
import type { ImportReport } from '../roads/import/import-report.ts'
import type { OsmFile } from '../roads/import/osm-elements.ts'
import { USUAL_OSM_RULES } from '../roads/import/osm-rules.ts'
import { importRoadTables } from '../roads/import/roads-from-csv.ts'
import { importOsm } from '../roads/import/roads-from-osm.ts'
import type { ImportOutcome } from '../roads/network-builder.ts'

/** Of one table, unpacked. A text cannot be longer than half of it. */
const TABLE_BYTES_MAX = 512 * 1024 * 1024
const TABLES = ['nodes', 'arcs', 'segments'] as const

/** Errors: those of the file system, with what is wrong with the names of the files. */
export async function networkIn(files: readonly string[]): Promise<ImportOutcome> {
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

export function linesOf(report: ImportReport): string[] {
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
