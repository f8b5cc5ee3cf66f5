/** What `npm run sim --` takes, and the plans that follow from it. */
import { InvalidArgumentError, Option } from 'commander'
import type { CheckedCommand } from '../../src/cli/checked-command.ts'
import {
  anyNumber,
  jsonOption,
  option,
  readCommandLine,
  toolCommand,
  UsageError,
  wholeNumber,
} from '../../tools/shared/command-line.ts'
import { VARIANTS, type Variant } from './broken/variants.ts'
import { drawPlan, FAULT_LEVELS, type FaultLevel, type Plan, type Wishes } from './plan.ts'
import { BadPlan, readPlan, SEED_MAX } from './plan-text.ts'

interface Given {
  readonly seed?: number
  readonly hours?: number
  readonly drivers?: number
  readonly callsPerHour?: number
  readonly faults?: FaultLevel
  readonly plan?: Plan
  readonly runs?: number
  readonly forever?: true
  readonly jobs: number
  readonly stop?: true
  readonly broken?: Variant
  readonly listBroken?: true
  readonly shrink: boolean
  readonly shrinkRuns: number
  readonly json?: string
  readonly trace?: string
}

export interface Options extends Given {
  readonly firstSeed: number
  /** Null when a whole plan was given. */
  readonly wishes: Wishes | null
  /** More than one run, or no end of them. */
  readonly isMany: boolean
}

/** Errors: UsageError, and help that is asked for. */
export function readOptions(args: readonly string[]): Options {
  const program = commandLine()
  readCommandLine(program, args)
  const given = program.opts<Given>()
  const { seed, plan, hours, drivers, callsPerHour, faults } = given
  const isMany = given.runs !== undefined || given.forever === true
  const wishes = { hours, drivers, callsPerHour, faults }
  if (plan !== undefined && Object.values(wishes).some(wish => wish !== undefined)) {
    throw new UsageError('a plan holds size, length and troubles already; leave out either it or the other wishes')
  }
  if (isMany && given.trace !== undefined) {
    throw new UsageError('--trace is the story of one run; leave out --runs or --forever')
  }
  if (!isMany && given.jobs > 1) throw new UsageError('--jobs divides many runs; add --runs or --forever')
  return {
    ...given,
    firstSeed: seed ?? plan?.seed ?? Date.now() % (SEED_MAX + 1),
    wishes: plan === undefined ? wishes : null,
    isMany,
  }
}

/** The plan of every run, in order; without an end under --forever. */
export function* plansOf({ plan, wishes, firstSeed, isMany, runs }: Options): Iterable<Plan> {
  const count = isMany ? (runs ?? Number.POSITIVE_INFINITY) : 1
  for (let i = 0; i < count; i += 1) {
    const seed = (firstSeed + i) % (SEED_MAX + 1)
    yield plan === undefined ? drawPlan(seed, wishes!) : { ...plan, seed }
  }
}

function commandLine(): CheckedCommand {
  const command = toolCommand(
    'npm run sim --',
    'Runs the whole engine in a simulated world in which things go wrong, and judges it.',
  )
  command
    .addOption(option('--seed <n>', 'of all chance; without it one from the clock', wholeNumber(0, SEED_MAX)))
    .addOption(option('--hours <n>', 'virtual hours before the world is left in peace', anyNumber(0.01, 24 * 365)))
    .addOption(option('--drivers <n>', 'units with a crew and a phone', wholeNumber(0, 100_000)))
    .addOption(option('--calls-per-hour <n>', 'calls that dispatchers enter', anyNumber(0, 100_000)))
    .addOption(new Option('--faults <level>', 'how much goes wrong').choices(FAULT_LEVELS))
    .addOption(option('--plan <plan>', 'a whole plan: JSON, or a file that holds it', planOf))
    .addOption(option('--runs <n>', 'so many runs, each with the next seed', wholeNumber(1, 1e9)))
    .addOption(new Option('--forever', 'seed after seed until Ctrl-C').conflicts('runs'))
    .addOption(option('--jobs <n>', 'runs at a time, each in a process of its own', wholeNumber(1, 256)).default(1))
    .option('--stop', 'end with the first violation')
    .addOption(option('--broken <name>', 'run an engine with one of its rules broken', variantOf))
    .option('--list-broken', 'list those')
    .option('--no-shrink', 'do not look for a smaller plan that breaks the same rule')
    .addOption(option('--shrink-runs <n>', 'runs spent on that', wholeNumber(1, 1e6)).default(60))
    .addOption(jsonOption())
    .option('--trace <file>', 'write the whole story there; JSON lines if it ends in .json')
    .addHelpText(
      'after',
      `
Without other wishes size, length and troubles are drawn from the seed.
Exit codes: 0 nothing found, 1 a violation, 2 wrong usage.`,
    )
  return command
}

function planOf(text: string): Plan {
  try {
    return readPlan(text)
  } catch (error) {
    if (error instanceof BadPlan) throw new InvalidArgumentError(error.message)
    throw error
  }
}

function variantOf(name: string): Variant {
  const variant = VARIANTS.find(variant => variant.name === name)
  if (variant === undefined) throw new InvalidArgumentError('There is none; --list-broken names them.')
  return variant
}
