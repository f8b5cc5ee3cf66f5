/** `npm run fuzz -- [options]`: sends the engine what nobody should, and tells what came of it. */
import { writeFileSync } from 'node:fs'
import { printed, resultOf } from '../../bench/result.ts'
import { exitCodeOf, readCommandLine } from '../../tools/shared/command-line.ts'
import { commandOf, type ValuesOf, valuesOf } from '../../tools/shared/option-table.ts'
import { runCampaign } from './campaign.ts'

const OPTIONS = {
  frames: { kind: 'number', what: 'frames sent in this process', min: 0, max: 1e10, initial: 1_000_000 },
  seed: {
    kind: 'number',
    what: 'of all chance; without it a fresh one is made up and told',
    min: 0,
    max: 2 ** 32 - 1,
    initial: null,
  },
  generation: {
    kind: 'number',
    what: 'only this part of the frames, as a finding names it',
    min: 0,
    max: 1e7,
    initial: null,
  },
  'socket-frames': {
    kind: 'number',
    what: 'frames sent over sockets to an engine with a database (1 % of frames)',
    min: 0,
    max: 1e8,
    initial: null,
  },
  requests: { kind: 'number', what: 'HTTP requests to that engine (1 % of frames)', min: 0, max: 1e8, initial: null },
  heads: {
    kind: 'number',
    what: 'HTTP heads with headers of proxies to that engine (1 % of frames)',
    min: 0,
    max: 1e8,
    initial: null,
  },
  credentials: {
    kind: 'number',
    what: 'damaged tokens, tickets and device keys (2 % of frames)',
    min: 0,
    max: 1e8,
    initial: null,
  },
} as const

const command = commandOf(
  'npm run fuzz --',
  `Sends damaged, odd and well-formed frames of every type to the engine, and damaged requests and credentials. It fails
when something crashes, hangs, or keeps a client that does nothing wrong from its answers.`,
  OPTIONS,
).addHelpText(
  'after',
  '\nThe database is the one of GOLDENHOUR_TEST_POSTGRES, in which it makes one of its own, or else an embedded one.',
)

/** How often it says where it is. */
const TELL_EVERY_MS = 5_000

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    readCommandLine(command, args)
  } catch (error) {
    return exitCodeOf(error)
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const { values, jsonFile } = valuesOf(command, OPTIONS)
  return await fuzz(values, jsonFile, stop.signal)
}

async function fuzz(given: ValuesOf<typeof OPTIONS>, jsonFile: string | null, signal: AbortSignal): Promise<number> {
  const seed = given.seed ?? Math.floor(Math.random() * 2 ** 32)
  const { frames, generation } = given
  const share = (part: number, asked: number | null) => asked ?? (generation === null ? Math.ceil(frames * part) : 0)
  const settings = {
    seed,
    frames,
    socketFrames: share(0.01, given['socket-frames']),
    requests: share(0.01, given.requests),
    heads: share(0.01, given.heads),
    credentials: share(0.02, given.credentials),
    generation,
  }
  console.error(`fuzzing with --seed ${seed}`)
  const { tally, figures, isWhole } = await runCampaign({ ...settings, signal, onProgress: teller() })
  const result = resultOf('fuzz', { valid: isWhole, settings, figures, complaints: [] })
  console.log(printed(result))
  if (jsonFile !== null) writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`)
  for (const { kind, what, hex } of tally.findings)
    console.error(`! ${kind}: ${what}${hex === null ? '' : `\n  ${hex}`}`)
  return isWhole && tally.findings.length === 0 ? 0 : 1
}

function teller(): (text: string) => void {
  let toldAt = performance.now()
  return text => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    console.error(text)
  }
}
