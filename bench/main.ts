/** `npm run bench -- NAME [options]`: runs one bench, prints its figures, and writes them as JSON where asked. */
import { writeFileSync } from 'node:fs'
import { onStopAsked } from '../src/process/stop-asked.ts'
import { type Bench, UsageError } from './bench.ts'
import { cleanUp } from './clean-up.ts'
import { comeBackBench } from './come-back.ts'
import { costsBench } from './costs.ts'
import { fanOutBench } from './fan-out.ts'
import { finderBench } from './finder.ts'
import { ingestBench } from './ingest.ts'
import { reconnectBench } from './reconnect.ts'
import { restartBench } from './restart.ts'
import { printed, resultOf } from './result.ts'
import { viewsBench } from './views.ts'

const benches: readonly Bench[] = [
  ingestBench,
  finderBench,
  fanOutBench,
  viewsBench,
  reconnectBench,
  comeBackBench,
  restartBench,
  costsBench,
]

let interrupted = false
const listenNoMore = onStopAsked(reason => {
  // Whoever asks again will not wait.
  listenNoMore()
  interrupted = true
  console.error(`${reason}: ending what was started`)
  void cleanUp().finally(() => process.exit(reason === 'SIGINT' ? 130 : reason === 'SIGTERM' ? 143 : 129))
})
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(listing())
    return 0
  }
  const bench = benches.find(each => each.name === name)
  if (bench === undefined) return misused(`There is no bench ${JSON.stringify(name)}.\n\n${listing()}`)
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(bench.help)
    return 0
  }
  try {
    const { jsonFile, others } = withoutJson(rest)
    const outcome = await bench.run(others)
    const result = resultOf(bench.name, outcome)
    console.log(printed(result))
    if (jsonFile !== null) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
    for (const complaint of outcome.complaints) console.error(`! ${complaint}`)
    return outcome.complaints.length > 0 || !outcome.valid ? 1 : 0
  } catch (error) {
    if (error instanceof UsageError) return misused(`${error.message}\n\n${bench.help}`)
    // What was started is being taken away under the run, so how it failed says nothing.
    if (!interrupted) console.error(error)
    return 1
  } finally {
    await cleanUp()
  }
}

/** `--json` belongs to the runner: no bench needs to know of it. */
function withoutJson(args: readonly string[]): { jsonFile: string | null; others: string[] } {
  const at = args.findIndex(arg => arg === '--json' || arg.startsWith('--json='))
  if (at < 0) return { jsonFile: null, others: [...args] }
  const inline = args[at]!.startsWith('--json=')
  const jsonFile = inline ? args[at]!.slice('--json='.length) : args[at + 1]
  if (jsonFile === undefined || jsonFile === '') throw new UsageError('--json needs the name of a file.')
  return { jsonFile, others: [...args.slice(0, at), ...args.slice(at + (inline ? 1 : 2))] }
}

function misused(message: string): number {
  console.error(message)
  return 2
}

function listing(): string {
  const rows = benches.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`)
  return ['npm run bench -- NAME [options]; NAME --help tells the options', '', ...rows].join('\n')
}
