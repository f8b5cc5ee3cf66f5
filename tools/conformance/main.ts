/** `npm run conformance`: whether a client keeps to PROTOCOL.md, by its own log or by a day with an engine. */
import { readFileSync, writeFileSync } from 'node:fs'
import { EXIT_WRONG_USAGE, exitCodeOf } from '../shared/command-line.ts'
import { judge } from './judge/judge.ts'
import { LogUnreadable, readLog, writeLine } from './judge/log.ts'
import { Protocol } from './judge/protocol.ts'
import { type Options, readOptions } from './options.ts'
import { reportOf } from './report.ts'
import { Engine } from './serve/engine.ts'
import { runDay, tableOf } from './serve/serve.ts'

process.exitCode = await run(process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    return options.command === 'check-log' ? checkLog(options) : await serve(options)
  } catch (error) {
    if (!(error instanceof LogUnreadable)) return exitCodeOf(error)
    console.error(error.message)
    return EXIT_WRONG_USAGE
  }
}

function checkLog({ file, json }: Extract<Options, { command: 'check-log' }>): number {
  const verdicts = judge(readLog(textOf(file)), new Protocol())
  const { violations, exercised } = verdicts
  console.log(json ? JSON.stringify({ violations, exercised }, null, 2) : reportOf(verdicts, file))
  return violations.length === 0 ? 0 : 1
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new LogUnreadable(`${file} cannot be read: ${(error as Error).message}.`)
  }
}

async function serve(options: Extract<Options, { command: 'serve' }>): Promise<number> {
  // With --json only what was found goes to standard output.
  const tell = options.json ? console.error : console.log
  tell('An engine is started for this run.')
  const engine = await Engine.start(options.databaseUrl)
  const stop = () => void engine.stop().then(() => process.exit(130))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const { verdicts, recorder, missed } = await runDay({
      ...{ enginePort: engine.port, adminPassword: engine.adminPassword, protocol: new Protocol(), region: 'kit' },
      ...{ port: options.port, patienceMs: options.patienceS * 1_000, command: options.run, tell },
    })
    const { violations, exercised } = verdicts
    if (options.logFile !== null)
      writeFileSync(options.logFile, recorder.entries.map(each => `${writeLine(each)}\n`).join(''))
    if (options.json) console.log(JSON.stringify({ missed, violations, exercised }, null, 2))
    else console.log(`${tableOf(verdicts)}\n${reportOf(verdicts, options.logFile ?? 'line')}`)
    if (missed !== null) console.error(missed)
    return missed === null && violations.length === 0 ? 0 : 1
  } finally {
    await engine.stop()
  }
}
