/** The statistics as tables: what is shown on the page, and the same figures for a spreadsheet. */
import type { StatisticsView } from '../../client/index.ts'
import { duration } from '../format.ts'
import { word } from '../spoken-words.ts'
import type { CsvCell } from './spreadsheet.ts'
import { s } from './statistics-strings.ts'

type Kind = 'text' | 'count' | 'share' | 'time' | 'hours' | 'rate' | 'moment' | 'yes'
interface Column {
  readonly label: string
  readonly kind: Kind
}
export interface FigureTable {
  readonly name: keyof typeof s.tables
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly CsvCell[])[]
}

const HOUR_MS = 3_600_000
const column = (label: string, kind: Kind = 'count'): Column => ({ label, kind })
const c = s.columns

const FIGURES = [
  ...[column(c.calls), column(c.samples), column(c.within), column(c.share, 'share'), column(c.met, 'yes')],
  ...[column(c.p50, 'time'), column(c.p90, 'time'), column(c.max, 'time')],
  ...[column(c.cancelled), column(c.open), column(c.unknown)],
]
type Figures = StatisticsView['response']['all']
const figuresOf = ({
  calls,
  samples,
  within,
  share,
  isMet,
  p50Ms,
  p90Ms,
  maxMs,
  cancelled,
  open,
  unknown,
}: Figures) => [...[calls, samples, within, share, isMet, p50Ms, p90Ms, maxMs, cancelled, open, unknown]]
const SPAN = [column(c.p50, 'time'), column(c.p90, 'time'), column(c.max, 'time')]

export function tablesOf({
  response,
  turnout,
  turnaround,
  units,
  alarms,
  fromMs,
  toMs,
  asOfMs,
}: StatisticsView): FigureTable[] {
  // What has not come yet is no time in which there were no alarms.
  const hours = Math.max(0, Math.min(toMs, asOfMs ?? fromMs) - fromMs) / HOUR_MS
  const perHour = (count: number) => (hours === 0 ? null : count / hours)
  const spanOf = (what: string, { count, p50Ms, p90Ms, maxMs }: typeof turnout) => [what, count, p50Ms, p90Ms, maxMs]
  return [
    table('priority', [column(c.priority, 'text'), ...FIGURES], response.byPriority, each => [
      `P${each.priority}`,
      ...figuresOf(each),
    ]),
    table('area', [column(c.area, 'text'), ...FIGURES], response.byArea, each => [each.name, ...figuresOf(each)]),
    table('slot', [column(c.from, 'moment'), ...FIGURES], response.bySlot, each => [each.fromMs, ...figuresOf(each)]),
    {
      name: 'work',
      columns: [column(c.what, 'text'), column(c.count), ...SPAN],
      rows: [spanOf(s.turnout, turnout), spanOf(s.turnaround, turnaround)],
    },
    {
      name: 'units',
      columns: [
        ...[column(c.unit, 'text'), column(c.staffed, 'hours'), column(c.committed, 'hours')],
        ...[column(c.utilisation, 'share'), column(c.responses)],
      ],
      rows: [...units, allOf(units)].map(({ callSign, staffedMs, committedMs, responses }) => [
        ...[callSign, staffedMs / HOUR_MS, committedMs / HOUR_MS],
        ...[staffedMs === 0 ? null : committedMs / staffedMs, responses],
      ]),
    },
    {
      name: 'alarms',
      columns: [column(c.alarm, 'text'), column(c.raised), column(c.perHour, 'rate'), column(c.acknowledged), ...SPAN],
      rows: [
        ...alarms.byKind.map(({ kind, raised, acknowledged, p50Ms, p90Ms, maxMs }) => [
          ...[word('alarm', kind), raised, perHour(raised), acknowledged, p50Ms, p90Ms, maxMs],
        ]),
        [s.allAlarms, alarms.raised, perHour(alarms.raised), sumOf(alarms.byKind), null, null, null],
      ],
    },
    table(
      'people',
      [column(c.who, 'text'), column(c.acknowledged), column(c.perHour, 'rate')],
      alarms.byPrincipal,
      each => [...[each.principal, each.acknowledged, perHour(each.acknowledged)]],
    ),
  ]
}

function table<Item>(
  name: FigureTable['name'],
  columns: readonly Column[],
  items: readonly Item[],
  row: (item: Item) => readonly CsvCell[],
): FigureTable {
  return { name, columns, rows: items.map(row) }
}

const sumOf = (kinds: StatisticsView['alarms']['byKind']): number =>
  kinds.reduce((sum, { acknowledged }) => sum + acknowledged, 0)

const allOf = (units: StatisticsView['units']) =>
  units.reduce(
    (sum, unit) => ({
      ...{ callSign: s.allUnits, staffedMs: sum.staffedMs + unit.staffedMs },
      ...{ committedMs: sum.committedMs + unit.committedMs, responses: sum.responses + unit.responses },
    }),
    { callSign: s.allUnits, staffedMs: 0, committedMs: 0, responses: 0 },
  )

/** As it is read. Input: how a moment is told. */
export function shownOf(value: CsvCell, { kind }: Column, momentWords: (ms: number) => string): string {
  if (value === null) return s.none
  if (typeof value === 'boolean') return value ? s.yes : s.no
  if (typeof value === 'string') return value
  switch (kind) {
    case 'share':
      return percentOf(value)
    case 'time':
      return duration(value)
    case 'hours':
      return value.toFixed(1)
    case 'rate':
      return value.toFixed(2)
    case 'moment':
      return momentWords(value)
    default:
      return String(value)
  }
}

/** For a spreadsheet: times in seconds, moments as ISO 8601, all else as it is. */
export function csvRowsOf({ columns, rows }: FigureTable): readonly (readonly CsvCell[])[] {
  const head = columns.map(({ label, kind }) => (kind === 'time' ? `${label}, s` : label))
  const cells = rows.map(row => row.map((value, index) => plainOf(value, columns[index]!)))
  return [head, ...cells]
}

function plainOf(value: CsvCell, { kind }: Column): CsvCell {
  if (typeof value !== 'number') return value
  if (kind === 'time') return value / 1_000
  return kind === 'moment' ? new Date(value).toISOString() : value
}

/** `93.3 %`. Rounded down, so that a target that is missed never reads as met. */
export const percentOf = (share: number): string => `${(Math.floor(share * 1_000 + 1e-9) / 10).toFixed(1)} %`
