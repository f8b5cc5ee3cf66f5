/**
 * A road network from tables: nodes, arcs and, where there are any, the shapes of streets.
 *
 * - nodes: `id, lon, lat`, and `access`: 0 on a motorway, where nobody lives.
 * - arcs, directed: `from, to, seconds, metres, class`, and where known `seconds_siren`, `seconds_peak`, `name` and
 *   `segment_cnn`, which names a shape.
 * - segments: `segment_cnn, from, to, lonlat`: the points of a street from one node to the other, `lon lat;lon lat;…`.
 *
 * Columns stand in any order; others are left aside. A row that cannot be used is left out and counted.
 */
import { parseCsv } from '../../base/csv.ts'
import type { Position } from '../../domain/geo.ts'
import { type ImportOutcome, NetworkBuilder } from '../network-builder.ts'
import type { ImportReport } from './import-report.ts'

export interface RoadTables {
  /** The text of each file. */
  readonly nodes: string
  readonly arcs: string
  readonly segments: string | null
}

const WAYS = [
  ['ordinary', 'seconds'],
  ['siren', 'seconds_siren'],
  ['peak', 'seconds_peak'],
] as const

export function importRoadTables(tables: RoadTables): ImportOutcome {
  const nodes = new Table('nodes', tables.nodes, ['id', 'lon', 'lat'])
  const arcs = new Table('arcs', tables.arcs, ['from', 'to', 'seconds', 'metres', 'class'])
  const segments = new Table('segments', tables.segments ?? '', ['segment_cnn', 'from', 'to', 'lonlat'])
  const ways = WAYS.filter(([, column]) => arcs.has(column))
  const builder = new NetworkBuilder(ways.map(([way]) => way))
  for (const table of tables.segments === null ? [nodes, arcs] : [nodes, arcs, segments]) {
    if (table.problem !== null) return { ok: false, message: table.problem, report: builder.report }
  }
  const { numberOf, isMotorway } = addNodes(nodes, builder)
  const shapes = shapesIn(segments, builder.report)
  for (const row of arcs.rows(builder.report)) {
    const [from, to] = [row.text('from'), row.text('to')]
    const [tail, head] = [numberOf.get(from), numberOf.get(to)]
    if (tail === undefined || head === undefined) {
      builder.report.arcsRead += 1
      builder.report.leaveOut('arc', 'names a node that is not there', row.source)
      continue
    }
    builder.addArc({
      tail,
      head,
      seconds: ways.map(([, column]) => row.number(column)),
      lengthM: row.number('metres'),
      roadClass: row.text('class'),
      name: row.text('name'),
      isThrough: isMotorway.has(tail) && isMotorway.has(head),
      bends: shapes.get(`${row.text('segment_cnn')} ${from} ${to}`) ?? [],
      source: row.source,
    })
  }
  return builder.build()
}

function addNodes(nodes: Table, builder: NetworkBuilder): { numberOf: Map<string, number>; isMotorway: Set<number> } {
  const numberOf = new Map<string, number>()
  const isMotorway = new Set<number>()
  for (const row of nodes.rows(builder.report)) {
    builder.report.nodesRead += 1
    const [id, lonDeg, latDeg] = [row.text('id'), row.number('lon'), row.number('lat')]
    if (!isOnGlobe(lonDeg, latDeg)) builder.report.leaveOut('node', 'has no position on the globe', row.source)
    else if (numberOf.has(id)) builder.report.leaveOut('node', 'has the id of an earlier one', row.source)
    else {
      const number = builder.addNode(lonDeg, latDeg)
      numberOf.set(id, number)
      if (row.text('access') === '0') isMotorway.add(number)
    }
  }
  return { numberOf, isMotorway }
}

/** The points between the ends of each street, by its name and its ends in the direction of travel. */
function shapesIn(segments: Table, report: ImportReport): Map<string, readonly Position[]> {
  const shapes = new Map<string, readonly Position[]>()
  for (const row of segments.rows(report)) {
    const points = row.text('lonlat').split(';').map(positionOf)
    if (points.some(({ lonDeg, latDeg }) => !isOnGlobe(lonDeg, latDeg))) {
      report.leaveOut('row', 'has a shape that cannot be read: the street is drawn straight', row.source)
      continue
    }
    const between = points.slice(1, -1)
    const [name, from, to] = [row.text('segment_cnn'), row.text('from'), row.text('to')]
    shapes.set(`${name} ${from} ${to}`, between)
    shapes.set(`${name} ${to} ${from}`, between.toReversed())
  }
  return shapes
}

function positionOf(pair: string): Position {
  const [lon, lat] = pair.trim().split(' ')
  return { lonDeg: numberOf(lon), latDeg: numberOf(lat) }
}

/** NaN for what is no number, and for nothing. */
const numberOf = (text: string | undefined): number =>
  text === undefined || text.trim() === '' ? Number.NaN : Number(text)

const isOnGlobe = (lonDeg: number, latDeg: number): boolean =>
  lonDeg >= -180 && lonDeg <= 180 && latDeg >= -90 && latDeg <= 90

interface TableRow {
  /** What a person finds the row by. */
  readonly source: string
  /** Empty where there is no such column. */
  text(column: string): string
  number(column: string): number
}

class Table {
  /** Why the table cannot be used; null when it can. */
  readonly problem: string | null
  readonly #name: string
  readonly #columns: ReadonlyMap<string, number>
  readonly #rows: ReturnType<typeof parseCsv>

  constructor(name: string, text: string, needed: readonly string[]) {
    const [header, ...rows] = parseCsv(text)
    this.#name = name
    this.#columns = new Map(header?.fields.map((column, index) => [column.trim(), index]))
    this.#rows = rows
    const missing = needed.filter(column => !this.#columns.has(column))
    if (header === undefined) this.problem = `The table of ${name} is empty.`
    else if (missing.length > 0)
      this.problem = `The table of ${name} has no column ${missing.join(', ')}; its first line names ${header.fields.join(', ')}.`
    else this.problem = null
  }

  has(column: string): boolean {
    return this.#columns.has(column)
  }

  *rows(report: ImportReport): Generator<TableRow> {
    for (const { fields, line, problem } of this.#rows) {
      const source = `${this.#name}, line ${line}`
      if (problem !== null || fields.length !== this.#columns.size) {
        report.leaveOut('row', problem ?? 'has more or fewer fields than the first line', source)
        continue
      }
      const text = (column: string) => fields[this.#columns.get(column) ?? -1]?.trim() ?? ''
      yield { source, text, number: column => numberOf(text(column)) }
    }
  }
}
