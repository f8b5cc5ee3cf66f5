/** `goldenhour status`: whether an engine runs here, and whether it serves. */
import type { Command } from 'commander'
import { addressOf } from '../config/address.ts'
import { readConfig } from '../config/index.ts'
import { askReadyz, type EngineHere, enginesHere } from './engine-here.ts'

const EXIT_NOT_READY = 1

export function defineStatus(status: Command): void {
  status
    .option('--json', 'print one JSON object for each engine')
    .addHelpText('after', '\nExit codes: 0 all that run here are ready, 1 one is not, or none runs.')
    .action(async (options: { json?: true }) => {
      const config = readConfig()
      const engines = await enginesHere(config)
      if (engines.length === 0) {
        console.error(`No engine runs here: nothing of ours answers at ${addressOf(config, config.port)}.`)
        process.exitCode = EXIT_NOT_READY
      }
      for (const engine of engines) {
        const readyz = await askReadyz(engine.address)
        if (readyz?.isReady !== true) process.exitCode = EXIT_NOT_READY
        const report = readyz?.report ?? { status: 'silent' }
        console.log(options.json ? JSON.stringify({ ...engine, ...report }) : textOf(engine, report))
      }
    })
}

function textOf({ pid, address }: EngineHere, report: Readonly<Record<string, unknown>>): string {
  const { status, ...rest } = report
  const details = Object.entries(rest).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`)
  return `${address} ${pid === null ? '' : `(process ${pid}) `}is ${status}\n${details.join('')}`.trimEnd()
}
