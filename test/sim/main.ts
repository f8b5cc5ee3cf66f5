/** `npm run sim -- [options]`: runs the simulation from the command line, and tells the story of what it finds. */
import { writeFileSync } from 'node:fs'
import { printed, resultOf } from '../../bench/result.ts'
import { exitCodeOf } from '../../tools/shared/command-line.ts'
import { runPatched } from './broken/build.ts'
import { VARIANTS, type Variant } from './broken/variants.ts'
import type { Violation } from './judge/verdict.ts'
import { runMany, Totals } from './many.ts'
import { type Options, plansOf, readOptions } from './options.ts'
import type { Plan } from './plan.ts'
import { commandOf, inWords } from './plan-text.ts'
import { runSimulation } from './run.ts'
import { shrink } from './shrink.ts'
import { lineOf, passageOf, timeOf, writeStory } from './story.ts'

const EXIT_FOUND = 1
/** How often it says where it is. */
const TELL_EVERY_MS = 15_000
/** Violations that are printed whole; of the others only how many there are. */
const PRINTED_MAX = 12

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    return exitCodeOf(error)
  }
  if (options.listBroken === true) {
    for (const { name, breaks } of VARIANTS) console.log(`${name.padEnd(24)}${breaks}`)
    return 0
  }
  if (options.broken !== undefined) return await breakIt(options.broken, args)
  return await (options.isMany ? manyRuns(options) : oneRun(options))
}

/** Runs the same command line where the engine is broken. */
async function breakIt(variant: Variant, args: readonly string[]): Promise<number> {
  const at = args.findIndex(arg => arg === '--broken' || arg.startsWith('--broken='))
  console.error(`broken on purpose: ${variant.breaks}`)
  const { exitCode } = await runPatched([variant.patch], args.toSpliced(at, args[at] === '--broken' ? 2 : 1), 'inherit')
  return exitCode
}

// One run.

async function oneRun(options: Options): Promise<number> {
  const [plan] = plansOf(options) as [Plan]
  console.error(inWords(plan).join('\n'))
  const run = await runSimulation(plan, {
    keepStory: options.trace !== undefined,
    stopAtFirst: options.stop === true,
    onProgress: teller(plan),
  })
  if (options.trace !== undefined) await writeStory(options.trace, run.story!)
  const { seed: _, historyHash, ...figures } = run.figures
  const result = resultOf('simulation', {
    valid: run.violations.length === 0,
    settings: { seed: plan.seed, historyHash },
    figures,
    complaints: [],
  })
  console.log(printed(result))
  if (options.json !== undefined) {
    writeJson(options.json, { ...result, settings: plan, figures: run.figures, violations: run.violations })
  }
  if (run.violations.length === 0) return 0
  await explain(plan, run.violations, options)
  return EXIT_FOUND
}

function teller(plan: Plan): (virtualHours: number) => void {
  let toldAt = performance.now()
  return virtualHours => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    console.error(`${virtualHours.toFixed(1)} of ${(plan.hours + plan.calmMs / 3_600_000).toFixed(1)} virtual hours`)
  }
}

/** Tells of violations: what they are, how the first came about, and the smallest plan that breaks the same rule. */
async function explain(plan: Plan, violations: readonly Violation[], options: Options): Promise<void> {
  for (const { rule, atMs, text } of violations.slice(0, PRINTED_MAX))
    console.error(`\n! ${timeOf(atMs)} ${rule}: ${text}`)
  if (violations.length > PRINTED_MAX) console.error(`\n… and ${violations.length - PRINTED_MAX} more`)
  console.error(`\nAgain: ${commandOf(plan, options.wishes)}`)

  const [first] = violations
  const again = await tellStory(plan, first!)
  if (again === null || !options.shrink) return
  console.error('\nLooking for a smaller plan:')
  const shrunk = await shrink(plan, again, {
    run: async smaller => (await runSimulation(smaller, { stopAtFirst: true })).violations,
    runsMax: options.shrinkRuns,
    onTry: (change, isKept) => console.error(`  ${isKept ? 'still' : 'not  '}  ${change}`),
  })
  const end = shrunk.isDone ? 'nothing more can be left out' : 'no time for more'
  console.error(`After ${shrunk.runs} runs, ${end}:\n${inWords(shrunk.plan).join('\n')}`)
  console.error(`\nThe smallest: ${commandOf(shrunk.plan, options.wishes)}`)
  if (shrunk.plan !== plan) await tellStory(shrunk.plan, shrunk.violation)
}

/** Runs the plan once more for its story. Output: the violation as it came again; null when it did not. */
async function tellStory(plan: Plan, { rule }: Violation): Promise<Violation | null> {
  const { story, violations } = await runSimulation(plan, { keepStory: true, stopAtFirst: true })
  const again = violations.find(violation => violation.rule === rule)
  if (again === undefined) {
    console.error('\nThe same plan did not lead to it again: something that is not from the seed has a hand in it.')
    return null
  }
  console.error(`\nHow it came to ${rule} at ${timeOf(again.atMs)}:`)
  for (const line of passageOf(story!, again)) console.error(`  ${line}`)
  console.error(`  ${lineOf({ atMs: again.atMs, who: 'judge', what: `${rule}: ${again.text}` })}`)
  return again
}

// Many runs.

async function manyRuns(options: Options): Promise<number> {
  const { firstSeed, jobs, stop: stopsAtFirst = false } = options
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort()
      // A second one does not wait for the run that is under way here.
      process.once(signal, () => process.exit(130))
    })
  }
  const totals = new Totals()
  let toldAt = performance.now()
  console.error(`from seed ${firstSeed} on, ${jobs} at a time`)
  await runMany({
    plans: plansOf(options),
    jobs,
    // One that hangs must not end a search that nobody watches.
    isApart: jobs > 1 || options.forever === true,
    stopAtFirst: stopsAtFirst,
    signal: stop.signal,
    onOutcome: outcome => {
      totals.add(outcome)
      const [first] = outcome.violations
      if (first !== undefined) {
        console.error(`! ${first.rule}: ${first.text}\n  ${commandOf(outcome.plan, options.wishes)}`)
        if (stopsAtFirst) stop.abort()
      }
      if (performance.now() - toldAt < TELL_EVERY_MS) return
      toldAt = performance.now()
      console.error(totals.inWords())
    },
  })
  const result = resultOf('simulation', {
    valid: totals.failing.length === 0,
    settings: { firstSeed, jobs, ...options.wishes },
    figures: totals.figures(),
    complaints: [],
  })
  console.log(`${printed(result)}\n${totals.inWords()}`)
  const failing = totals.failing.map(({ plan, violations }) => ({ seed: plan.seed, plan, violations }))
  if (options.json !== undefined) writeJson(options.json, { ...result, failing })
  const [first] = totals.failing
  if (first === undefined) return 0
  if (stopsAtFirst && first.figures !== null) await explain(first.plan, first.violations, options)
  else for (const { seed, violations } of failing) console.error(`! seed ${seed}: ${violations[0]!.rule}`)
  return EXIT_FOUND
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
