/** `npm run torture`: the engine under real faults, and a verdict on what became of what it had acknowledged. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { atEnd, cleanUp } from '../../bench/clean-up.ts'
import { printed, resultOf } from '../../bench/result.ts'
import { exitCodeOf } from '../shared/command-line.ts'
import { wrongs } from './figures.ts'
import { type Options, readOptions } from './options.ts'
import { runTorture } from './run.ts'
import { unmountBelow } from './world/small-disk.ts'

let interrupted = false
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (interrupted) process.exit(exitCode)
    interrupted = true
    console.error(`${signal}: ending what was started`)
    void cleanUp().finally(() => process.exit(exitCode))
  })
}
process.exitCode = await main(process.argv.slice(2))
// Sockets of clients that were closed a moment ago keep the loop alive for seconds.
process.exit()

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    return exitCodeOf(error)
  }
  try {
    return await run(options)
  } catch (error) {
    // What was started is being taken away under the run, so how it failed says nothing.
    if (!interrupted) console.error(error)
    return 1
  } finally {
    await cleanUp()
  }
}

async function run(options: Options): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-torture-'))
  let isWrong = true
  atEnd(async () => {
    await unmountBelow(dir)
    if (options.keep || (isWrong && !interrupted)) console.error(`The database and the logs are kept in ${dir}.`)
    else await rm(dir, { recursive: true, force: true })
  })
  // Postgres may have to run as another user, who must be able to enter.
  await chmod(dir, 0o755)
  console.log(`seed ${options.seed}`)
  const { settings, figures, findings } = await runTorture(options, {
    dir,
    undo: atEnd,
    progress,
    tell: line => {
      progress('')
      console.log(line)
    },
    isStopped: () => interrupted,
  })
  progress('')
  isWrong = Object.values(wrongs(findings)).some(count => count > 0)
  const result = resultOf('torture', {
    valid: figures.roundsSkipped !== figures.rounds,
    settings,
    figures,
    complaints: [],
  })
  console.log(printed(result))
  if (options.jsonFile !== null) await writeFile(options.jsonFile, `${JSON.stringify(result, null, 2)}\n`)
  if (!isWrong) return 0
  console.error(`! ${findings.length} findings; each is told above with its round.`)
  await writeFile(path.join(dir, 'findings.json'), `${JSON.stringify(findings, null, 2)}\n`)
  return 1
}

/** One line that is written over, where somebody looks. */
function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K${line}`)
}
