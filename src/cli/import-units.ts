/** `goldenhour import units`: takes a region's units from a CSV file, all of them or none. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import type { UnitReference } from '../domain/events.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'
import { LEVELS_OF_CARE } from '../domain/vocabulary.ts'
import { ReferenceStore, unitProblem } from '../store/reference.ts'
import { parseCsv } from './csv.ts'
import { withDatabase } from './with-database.ts'

const COLUMNS = ['unit_id', 'call_sign', 'level_of_care', 'capabilities', 'home_station'] as const

export function addImportCommand(program: Command): void {
  const importing = program.command('import').description('take reference data from files')

  importing
    .command('units')
    .description("add a region's units, and replace those it has under the same id: all rows, or none")
    .argument('<file>', 'CSV in UTF-8')
    .requiredOption('--region <region>', 'the region that the units belong to')
    .addHelpText(
      'after',
      `
The file is CSV (RFC 4180: a field with a comma, a quote or a line end stands in double quotes) with this header,
its columns in any order:

  ${COLUMNS.join(',')}

  unit_id        your own key, 1 to 32 characters of A-Z a-z 0-9 . _ -
  call_sign      what the radio calls it
  level_of_care  ${LEVELS_OF_CARE.join(', ')}
  capabilities   words of a-z 0-9 - separated by semicolons; may be empty
  home_station   the station's key, as unit_id; may be empty

  M12,Medic 12,als,bariatric;neonatal,ST-3

Units that the file does not name stay as they are. Every bad row is named, and then nothing is imported.`,
    )
    .action(async (file: string, options: { region: string }) => {
      const { units, problems } = readUnits(await readUtf8(file))
      if (problems.length > 0) {
        for (const { line, problem } of problems) console.error(`${path.basename(file)}:${line}: ${problem}`)
        const rows = problems.length === 1 ? '1 row is' : `${problems.length} rows are`
        throw new Error(`Nothing was imported: ${rows} bad.`)
      }
      await withDatabase(database => new ReferenceStore(database).importUnits(options.region, units))
      console.log(`Imported ${units.length} ${units.length === 1 ? 'unit' : 'units'} into ${options.region}.`)
    })
}

async function readUtf8(file: string): Promise<string> {
  const bytes = await readFile(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${file} is not UTF-8; save it as "CSV UTF-8" and import it again.`)
  }
}

interface ReadUnits {
  readonly units: UnitReference[]
  readonly problems: { readonly line: number; readonly problem: string }[]
}

function readUnits(text: string): ReadUnits {
  const [header, ...rows] = parseCsv(text)
  const names = header?.fields.map(name => name.trim()) ?? []
  if (header?.problem || [...names].sort().join() !== [...COLUMNS].sort().join()) {
    const problem = `the header must name the columns ${COLUMNS.join(',')}`
    return { units: [], problems: [{ line: header?.line ?? 1, problem }] }
  }
  const units: UnitReference[] = []
  const problems: ReadUnits['problems'] = []
  const firstLineOf = new Map<string, number>()
  for (const { line, fields, problem: quoting } of rows) {
    const countProblem =
      fields.length === names.length ? null : `has ${fields.length} fields instead of ${names.length}`
    const unit = unitOf(Object.fromEntries(names.map((name, index) => [name, fields[index]?.trim() ?? ''])))
    const earlier = firstLineOf.get(unit.unitId)
    const duplicate = earlier === undefined ? null : `${unit.unitId} is named already on line ${earlier}`
    const problem = quoting ?? countProblem ?? unitProblem(unit) ?? duplicate
    if (problem !== null) problems.push({ line, problem })
    else {
      firstLineOf.set(unit.unitId, line)
      units.push(unit)
    }
  }
  return { units, problems }
}

function unitOf(row: Readonly<Record<string, string>>): UnitReference {
  const capabilities = row.capabilities!.split(';').map(word => word.trim())
  return {
    unitId: row.unit_id!,
    callSign: row.call_sign!,
    // Whether it is one is `unitProblem`'s to say.
    levelOfCare: row.level_of_care as LevelOfCare,
    capabilities: [...new Set(capabilities)].filter(word => word !== ''),
    homeStation: row.home_station === '' ? null : row.home_station!,
  }
}
