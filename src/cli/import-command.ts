/** `goldenhour import units|stations|hospitals`: takes reference data from a CSV file, all of its rows or none. */
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import type { UnitReference } from '../domain/events/unit-events.ts'
import { IMPORTABLE, type ImportKind, problemOf, ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { type ReadRows, readRows, splitPair } from './import-file.ts'
import { IMPORTS, type Importable } from './import-kinds.ts'
import { withDatabase } from './with-database.ts'

interface ImportOptions {
  readonly region: string
  readonly skipBad?: true
  readonly map?: Pairs
  readonly set?: Pairs
  readonly fill?: Pairs
}
type Pairs = ReadonlyMap<string, string>

interface Problem {
  readonly line: number
  readonly problem: string
}

export function defineImport(importing: Command): void {
  for (const what of Object.keys(IMPORTS) as ImportKind[]) {
    const columns = Object.keys(IMPORTS[what].columns)
    importing
      .command(what)
      .description(`add a region's ${what}, and replace those it has under the same id: all rows, or none`)
      .argument('<file>', 'CSV, or the same packed by gzip (.gz)')
      .requiredOption('--region <region>', `the region that the ${what} belong to`)
      .option('--skip-bad', 'import the good rows of a file that has bad ones')
      .option('--map <theirs=ours>', 'their column holds what ours is for; repeat for more', pairs(columns, 'ours'))
      .option(
        '--set <ours=text>',
        'our column has this text in every row; {x} stands for column x',
        pairs(columns, 'text'),
      )
      .option('--fill <ours=text>', 'as --set, for the rows in which it is empty', pairs(columns, 'text'))
      .addHelpText('after', helpOf(what))
      .action((file: string, options: ImportOptions) => run(what, file, options))
  }
}

const helpOf = (what: ImportKind): string => `
The file is CSV in UTF-8 (RFC 4180: a field with a comma, a quote or a line end stands in double quotes), or with semicolons
or tabs for the commas, and has a header that names its columns, in any order and case:

${IMPORTS[what].help}

Columns of other names are left aside. What the file does not name stays as it is. Every bad row is named with its line,
and then nothing is imported, unless --skip-bad is given.`

/** Collects `name=value`; the side of the pair that is one of our columns must be. */
function pairs(columns: readonly string[], second: 'ours' | 'text') {
  return (text: string, earlier: Pairs = new Map()): Pairs => {
    const pair = splitPair(text)
    if (pair === null) throw new InvalidArgumentError('It must be two names with = between them.')
    const column = pair[second === 'ours' ? 1 : 0]
    if (!columns.includes(column)) throw new InvalidArgumentError(`Our columns are ${columns.join(', ')}.`)
    return new Map([...earlier, pair])
  }
}

async function run(what: ImportKind, file: string, options: ImportOptions): Promise<void> {
  const { map = new Map(), set = new Map(), fill = new Map() } = options
  const read = await readRows(file, IMPORTS[what].columns, { map, set, fill })
  const name = path.basename(file)
  if (read.ignored.length > 0) console.error(`${name}: left aside the columns ${read.ignored.join(', ')}.`)
  await withDatabase(async database => {
    const store = new ReferenceStore(database)
    const { items, problems } = await checked(what, read, store, options.region)
    for (const { line, problem } of problems) console.error(`${name}:${line}: ${problem}`)
    const bad = problems.length === 1 ? '1 row is' : `${problems.length} rows are`
    if (problems.length > 0 && options.skipBad !== true) throw new Error(`Nothing was imported: ${bad} bad.`)
    if (items.length === 0) throw new Error(`Nothing was imported: ${bad} bad, and there is no other.`)
    await store.import(what, options.region, items, auditedByCommandLine(database))
    const left = problems.length === 0 ? '' : `; ${bad} bad and left out`
    console.log(
      `Imported ${items.length} ${items.length === 1 ? what.slice(0, -1) : what} into ${options.region}${left}.`,
    )
  })
}

async function checked(
  what: ImportKind,
  { rows }: ReadRows,
  store: ReferenceStore,
  region: string,
): Promise<{ items: object[]; problems: Problem[] }> {
  const { item: itemOf } = IMPORTS[what]
  const { kind, shape } = IMPORTABLE[what]
  const given = rows.map(({ line, values, problem }) => ({ line, problem, item: itemOf(values) }))
  const strays =
    what === 'units'
      ? await strayStations(
          store,
          region,
          given.map(({ item }) => item),
        )
      : new Set()
  const items: object[] = []
  const problems: Problem[] = []
  const firstLineOf = new Map<unknown, number>()
  for (const { line, problem: broken, item } of given) {
    const id = item[kind.idField]
    const earlier = firstLineOf.get(id)
    const duplicate = earlier === undefined ? null : `${id} is named already on line ${earlier}`
    const stray = strays.has(item.homeStation) ? `home_station ${item.homeStation} is no station of the region` : null
    const problem = broken ?? inColumns(problemOf(shape as z.ZodType, item), IMPORTS[what]) ?? duplicate ?? stray
    if (problem !== null) problems.push({ line, problem })
    else {
      firstLineOf.set(id, line)
      items.push(item)
    }
  }
  return { items, problems }
}

async function strayStations(
  store: ReferenceStore,
  region: string,
  units: readonly Partial<UnitReference>[],
): Promise<ReadonlySet<unknown>> {
  const named = units.flatMap(({ homeStation }) =>
    homeStation === null || homeStation === undefined ? [] : [homeStation],
  )
  return new Set(await store.unknownStations(region, [...new Set(named)]))
}

/** A problem says the column's name where it begins with that of its field. */
function inColumns(problem: string | null, { columnOf, mustBe }: Importable): string | null {
  if (problem === null) return null
  const [, field, rest] = /^(\w+)(?:\.\d+)?(.*)$/s.exec(problem)!
  return `${columnOf[field!] ?? field}${mustBe?.[field!] === undefined ? rest : ` ${mustBe[field!]}`}`
}
