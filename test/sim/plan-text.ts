/** A plan as text: in words for people, and as JSON that repeats it. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DISPATCH_MODES } from '../../src/domain/vocabulary.ts'
import { drawPlan, FAULT_LEVELS, type Plan, type Troubles, type Wishes } from './plan.ts'

/** The text is no plan; the message says where. */
export class BadPlan extends Error {
  override readonly name = 'BadPlan'
}

export const SEED_MAX = 2 ** 32 - 1

const count = (min: number) => z.int().min(min)
const often = z.number().min(0)
const perMille = z.number().min(0).max(1_000)

const troubles = z.strictObject({
  cuts: often,
  halfOpens: often,
  stalls: often,
  storms: often,
  storeAway: often,
  storeSlow: often,
  storeLocked: often,
  poolExhausted: often,
  writesRefusedPerMille: perMille,
  writesUnknownPerMille: perMille,
  rowsRejectedPerMille: perMille,
  crashes: often,
  pauses: often,
  takeovers: often,
  drains: often,
  clockJumps: often,
  referenceChanges: often,
  policyChanges: often,
  pendingMax: count(0),
  // Plans of before have none.
  memoryShort: count(0).default(0),
  clumsiness: z.number().min(0).max(1),
  appLoops: often,
  // Plans of before have none.
  blackouts: often.default(0),
}) satisfies z.ZodType<Troubles>

const plan = z.strictObject({
  seed: count(0).max(SEED_MAX),
  hours: z.number().positive(),
  drivers: count(0),
  feedUnits: count(0),
  dispatchers: count(0),
  consoles: count(0),
  callsPerHour: z.number().min(0),
  mode: z.enum(DISPATCH_MODES),
  // Plans of before had none.
  hasRoads: z.boolean().default(false),
  // Those of before were all there.
  timeZone: z.string().default('UTC'),
  faults: z.enum(FAULT_LEVELS),
  troubles,
  calmMs: count(0),
}) satisfies z.ZodType<Plan>

/** Input: JSON, or the name of a file that holds it. Errors: BadPlan. */
export function readPlan(text: string): Plan {
  const given = plan.safeParse(jsonOf(text.trimStart().startsWith('{') ? text : fileText(text)))
  if (given.success) return given.data
  const [{ path, message } = { path: [], message: '' }] = given.error.issues
  throw new BadPlan(`The plan is not one: ${path.join('.') || 'at its top'}: ${message}.`)
}

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new BadPlan(`The plan cannot be read: ${(error as Error).message}.`)
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadPlan(`The plan is not JSON: ${(error as Error).message}.`)
  }
}

/** The command line that runs the plan again. */
export function commandOf(plan: Plan, wishes: Wishes | null): string {
  const drawn = wishes === null ? null : drawPlan(plan.seed, wishes)
  if (JSON.stringify(drawn) !== JSON.stringify(plan)) return `npm run sim -- --plan '${JSON.stringify(plan)}'`
  const { hours, drivers, callsPerHour, faults } = wishes!
  const options = { seed: plan.seed, hours, drivers, 'calls-per-hour': callsPerHour, faults }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return `npm run sim -- ${given.map(([name, value]) => `--${name} ${value}`).join(' ')}`
}

const IN_WORDS: Readonly<Record<Exclude<keyof Troubles, 'clumsiness'>, string>> = {
  cuts: 'cut connections an hour',
  halfOpens: 'half-open connections an hour',
  stalls: 'stalls an hour',
  storms: 'storms an hour',
  storeAway: 'times an hour the database is away',
  storeSlow: 'times an hour it is slow',
  storeLocked: 'times an hour it is locked',
  poolExhausted: 'times an hour it has no connection left',
  writesRefusedPerMille: '‰ of writes refused',
  writesUnknownPerMille: '‰ of writes with unknown outcome',
  rowsRejectedPerMille: '‰ of writes rejected',
  crashes: 'crashes an hour',
  pauses: 'pauses an hour',
  takeovers: 'takeovers an hour',
  drains: 'drains an hour',
  clockJumps: 'jumps of a clock an hour',
  referenceChanges: 'changed units an hour',
  policyChanges: 'changed policies an hour',
  pendingMax: 'records that may wait for the database',
  memoryShort: 'seconds a call that is over stays in memory',
  appLoops: 'times an hour an app crashes again and again',
  blackouts: 'times an hour the network of many phones is gone',
}

export function inWords(plan: Plan): string[] {
  const { seed, hours, drivers, feedUnits, dispatchers, consoles, callsPerHour, mode, faults, troubles } = plan
  const { hasRoads, timeZone } = plan
  const orders = mode === 'ordered' ? 'crews are ordered' : 'crews are asked'
  const kinds = Object.keys(IN_WORDS) as (keyof typeof IN_WORDS)[]
  const present = kinds.filter(kind => troubles[kind] > 0)
  const told = present.map(kind => `${Number(troubles[kind].toPrecision(2))} ${IN_WORDS[kind]}`)
  if (troubles.clumsiness > 0) told.push(`people are clumsy, ${troubles.clumsiness}`)
  return [
    `seed ${seed}: ${hours} h, ${many(drivers, 'driver')}, ${many(feedUnits, 'unit')} of a feed, ` +
      `${many(dispatchers, 'dispatcher')}, ${many(consoles, 'console')}, ${many(callsPerHour, 'call')} an hour; ${orders}${hasRoads ? `, by road in ${timeZone}` : ''}`,
    `faults ${faults}: ${told.join(', ') || 'none'}`,
  ]
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
