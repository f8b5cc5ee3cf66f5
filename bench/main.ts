/** `npm run bench -- NAME [options]`: runs one bench, prints its figures, and writes them as JSON where asked. */
import { writeFileSync } from 'node:fs'
import { onStopAsked } from '../src/process/stop-asked.ts'
import { exitCodeOf, readCommandLine, toolCommand, UsageError } from '../tools/shared/command-line.ts'
import { arrivalsBench } from './arrivals.ts'
import type { Bench } from './bench.ts'
import { bulkheadsBench } from './bulkheads.ts'
import { cleanUp } from './clean-up.ts'
import { comeBackBench } from './come-back.ts'
import { consoleBench } from './console.ts'
import { costsBench } from './costs.ts'
import { fanOutBench } from './fan-out.ts'
import { finderBench } from './finder.ts'
import { ingestBench } from './ingest.ts'
import { journalBench } from './journal.ts'
import { nearestBench } from './nearest.ts'
import { outageBench } from './outage.ts'
import { overloadBench } from './overload.ts'
import { policyBench } from './policy.ts'
import { reconnectBench } from './reconnect.ts'
import { recoveryBench } from './recovery.ts'
import { restartBench } from './restart.ts'
import { printed, resultOf } from './result.ts'
import { roadsTablesBench } from './roads-tables.ts'
import { soakBench } from './soak.ts'
import { tracksBench } from './tracks.ts'
import { viewsBench } from './views.ts'

const benches: readonly Bench[] = [
  ingestBench,
  journalBench,
  soakBench,
  outageBench,
  overloadBench,
  finderBench,
  arrivalsBench,
  nearestBench,
  roadsTablesBench,
  policyBench,
  fanOutBench,
  viewsBench,
  reconnectBench,
  comeBackBench,
  recoveryBench,
  restartBench,
  costsBench,
  bulkheadsBench,
  consoleBench,
  tracksBench,
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
  let bench: Bench
  try {
    bench = chosenBy(args)
  } catch (error) {
    return exitCodeOf(error)
  }
  try {
    const outcome = await bench.run()
    const result = resultOf(bench.name, outcome)
    console.log(printed(result))
    const jsonFile = bench.jsonFile()
    if (jsonFile !== null) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
    for (const complaint of outcome.complaints) console.error(`! ${complaint}`)
    return outcome.complaints.length > 0 || !outcome.valid ? 1 : 0
  } catch (error) {
    if (error instanceof UsageError) return exitCodeOf(error)
    // What was started is being taken away under the run, so how it failed says nothing.
    if (!interrupted) console.error(error)
    return 1
  } finally {
    await cleanUp()
  }
}

/** Errors: UsageError, and help that is asked for, or told because no bench was named. */
function chosenBy(args: readonly string[]): Bench {
  const program = toolCommand(
    'npm run bench --',
    'Seeded load and micro-benchmarks; NAME --help tells the options of one.',
  )
  let chosen: Bench | undefined
  for (const bench of benches) {
    bench.command.action(() => {
      chosen = bench
    })
    program.addCommand(bench.command)
  }
  readCommandLine(program, args.length === 0 ? ['--help'] : args)
  return chosen!
}
