/** The ingest bench at one size after another, each in a process of its own with a database of its own, as one table. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../tools/shared/command-line.ts'
import type { Outcome } from './bench.ts'
import { atEnd } from './clean-up.ts'

const BENCHES = fileURLToPath(new URL('./main.ts', import.meta.url))

/** What the table has of each run, with its heading. */
const COLUMNS = [
  ['fixesPerS', 'fixes/s'],
  ['cpuUsPerFix', 'CPU µs/fix'],
  ['bytesPerDriver', 'B/driver'],
  ['durableLagP50Ms', 'durable p50 ms'],
  ['durableLagP99Ms', 'p99 ms'],
  ['loopLagP50Ms', 'loop p50 ms'],
  ['loopLagP99Ms', 'p99 ms'],
  ['gcPauseP50Ms', 'GC p50 ms'],
  ['gcPauseP99Ms', 'p99 ms'],
  ['gcPauseMaxMs', 'max ms'],
  ['rssMb', 'rss MB'],
  ['lost', 'lost'],
] as const

type Figures = Readonly<Record<string, number>>

/** Input: the sizes, and the arguments that all runs have in common. Errors: UsageError when a run does not take them. */
export async function growthTable(sizes: readonly number[], common: readonly string[]): Promise<Outcome> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-growth-'))
  atEnd(() => rm(dir, { recursive: true, force: true }))
  const rows: { readonly size: number; readonly figures: Figures }[] = []
  const complaints: string[] = []
  let valid = true
  for (const size of sizes) {
    const file = path.join(dir, `${size}.json`)
    const code = await runOf(['ingest', '--drivers', String(size), ...common, '--json', file])
    if (code === 2) throw new UsageError(`The run with ${size} drivers does not take these options.`)
    const result = await readFile(file, 'utf8').catch(() => null)
    if (result === null) {
      complaints.push(`The run with ${size} drivers came to no result.`)
      continue
    }
    const told = JSON.parse(result) as { readonly valid: boolean; readonly figures: Figures }
    valid &&= told.valid
    if (code !== 0) complaints.push(`The run with ${size} drivers complained; of what stands above.`)
    rows.push({ size, figures: told.figures })
    // After each: a run of an hour that is interrupted has told what it had.
    console.error(tableOf(rows))
  }
  const figures = Object.fromEntries(
    rows.flatMap(({ size, figures: of }) => COLUMNS.map(([name]) => [`${name}At${size}`, of[name]!] as const)),
  )
  return {
    valid: valid && rows.length === sizes.length,
    settings: { sizes: sizes.join(','), with: common.join(' ') },
    figures,
    complaints,
  }
}

/** In Markdown, with three digits worth telling. */
export function tableOf(rows: readonly { readonly size: number; readonly figures: Figures }[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const told = (value: number | undefined) =>
    value === undefined
      ? ''
      : Math.abs(value) >= 100 || Number.isInteger(value)
        ? Math.round(value).toLocaleString('en')
        : value.toPrecision(3)
  return [
    line(['drivers', ...COLUMNS.map(([, heading]) => heading)]),
    line(['drivers', ...COLUMNS].map(() => '---')),
    ...rows.map(({ size, figures }) =>
      line([size.toLocaleString('en'), ...COLUMNS.map(([name]) => told(figures[name]))]),
    ),
  ].join('\n')
}

/** What the run has to say goes to the terminal. Output: its exit code. */
function runOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, BENCHES, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  // It ends what it has started itself.
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? 1))
  })
  atEnd(async () => {
    child.kill('SIGTERM')
    await exited
  })
  return exited
}
