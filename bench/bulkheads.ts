/**
 * Whether what goes wrong with one slows the fixes of others: a database that answers late or whose tables are locked, consoles that
 * do not read, another region that fails and recovers again and again, one user who floods. And what an engine at size is held by.
 *
 * Crews send fixes and commands, a console looks at them, and a fleet drives about. Scene by scene they are alone for some seconds,
 * then somebody makes trouble beside them for as long. Those who make it run after the engine where the cores do not suffice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { openClient } from '../src/store/postgres/database.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { seeded } from '../tools/shared/random.ts'
import { tokenSigner, withReference } from '../tools/shared/reference.ts'
import { defineBench, type Outcome } from './bench.ts'
import { boardAtSize, note } from './bulkheads-board.ts'
import type { FromTrouble, ToTrouble, Trouble } from './bulkheads-trouble.ts'
import type { FromWatch, ToWatch, WatchReport } from './bulkheads-watch.ts'
import { atEnd } from './clean-up.ts'
import { CutOff } from './cut-off.ts'
import { followed, settle } from './databases.ts'
import { DrivenFleet } from './driven-fleet.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { unitIdOf } from './fleet.ts'
import { unitReference, writeHistory } from './history.ts'
import { type Holds, watchHolds } from './hold-probe.ts'
import { LoadChild } from './load-child.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'

const WATCH = fileURLToPath(new URL('./bulkheads-watch.ts', import.meta.url))
const TROUBLE = fileURLToPath(new URL('./bulkheads-trouble.ts', import.meta.url))
/** The region next door. */
const OTHER = 'other'
const CREWS = 50
const DESKS = 16
const FLEET_CADENCE_S = 5
const LATE_MS = 100
const WARM_UP_MS = 5_000
const CALM_DOWN_MS = 3_000
const GOAL = 2

const options = {
  units: { kind: 'number', what: 'units that drive about', initial: 1_000, quick: 200, min: 1, max: 20_000 },
  other: { kind: 'number', what: 'units of the region next door', initial: 20_000, quick: 500, min: 1, max: 200_000 },
  seconds: { kind: 'number', what: 'seconds of each scene', initial: 30, quick: 3, min: 1, max: 600 },
  scenes: { kind: 'text', as: 'name,…', what: 'only these scenes; atSize is the last' },
  'at-size': { kind: 'number', what: 'units of the engine at size', initial: 100_000, quick: 3_000, min: 1, max: 1e6 },
  open: { kind: 'number', what: 'open trips of the engine at size', initial: 10_000, quick: 300, min: 0, max: 1e6 },
  consoles: { kind: 'number', what: 'consoles that ask at once', initial: 5, min: 1, max: 100 },
  rounds: { kind: 'number', what: 'how often they ask', initial: 10, quick: 2, min: 1, max: 1_000 },
  cadence: { kind: 'number', what: 'seconds between two fixes of a unit at size', initial: 15, min: 1, max: 3_600 },
  'drain-limit-ms': { kind: 'number', what: 'the longest that a stop may take', initial: 10_000, min: 1, max: 600_000 },
  profiles: { kind: 'text', as: 'dir', what: 'write a CPU profile of the boards there' },
} as const

export const bulkheadsBench = defineBench({
  name: 'bulkheads',
  summary: 'whether trouble with one slows the fixes of others; boards and the stop of an engine at size',
  options,
  run,
})

interface Scene {
  readonly name: string
  /** Who makes the trouble besides what `begin` does; null: nobody. */
  readonly trouble: { readonly kind: Trouble; readonly by: number; readonly region: string } | null
  /** Output: ends it. */
  readonly begin?: (world: World) => Promise<() => Promise<void>>
  /** What of a mark's delay is the trouble's own. */
  readonly lateMs?: number
}

interface World {
  readonly way: CutOff
  readonly owner: pg.Client
}

const TABLES_LOCKED = "table_schema IN ('views', 'audit', 'auth') AND table_type = 'BASE TABLE'"

const SCENES: readonly Scene[] = [
  {
    name: 'slowDatabase',
    trouble: null,
    lateMs: LATE_MS,
    begin: async ({ way }) => {
      way.delay(LATE_MS)
      return async () => way.delay(0)
    },
  },
  {
    name: 'lockedTables',
    trouble: { kind: 'askTables', by: 1, region: REGION },
    begin: async ({ owner }) => {
      const { rows } = await owner.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE ${TABLES_LOCKED}`,
      )
      // It waits in its transaction for as long as the scene lasts.
      await owner.query('SET idle_in_transaction_session_timeout = 0')
      await owner.query('BEGIN')
      await owner.query(`LOCK TABLE ${rows.map(({ name }) => name).join(', ')} IN ACCESS EXCLUSIVE MODE`)
      return async () => void (await owner.query('ROLLBACK'))
    },
  },
  { name: 'deafConsoles', trouble: { kind: 'deafConsoles', by: 50, region: REGION } },
  {
    name: 'otherRegion',
    trouble: { kind: 'otherRegion', by: 4, region: OTHER },
    begin: async ({ owner }) => {
      await owner.query(`CREATE FUNCTION public.refuse_record() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a bench refuses it' USING ERRCODE = '23514'; END $$`)
      await owner.query(`CREATE TRIGGER refuse_record BEFORE INSERT ON log.records FOR EACH ROW
        WHEN (NEW.region = '${OTHER}') EXECUTE FUNCTION public.refuse_record()`)
      return async () => void (await owner.query('DROP FUNCTION public.refuse_record CASCADE'))
    },
  },
  { name: 'floodMessages', trouble: { kind: 'floodMessages', by: 1, region: REGION } },
  { name: 'floodBigFrames', trouble: { kind: 'floodBigFrames', by: 1, region: REGION } },
  { name: 'floodHttp', trouble: { kind: 'floodHttp', by: 1, region: REGION } },
]
const AT_SIZE = 'atSize'

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { units, other, seconds, open, consoles, rounds, cadence, profiles } = values
  const names = values.scenes?.split(',') ?? [...SCENES.map(({ name }) => name), AT_SIZE]
  const unknown = names.find(name => name !== AT_SIZE && SCENES.every(scene => scene.name !== name))
  if (unknown !== undefined)
    throw new UsageError(`There is no scene ${unknown}, but ${SCENES.map(({ name }) => name)}, ${AT_SIZE}.`)
  const scenes = SCENES.filter(({ name }) => names.includes(name))
  const drainLimitMs = values['drain-limit-ms']
  const figures: Record<string, number> = {}
  const complaints: string[] = []
  if (scenes.length > 0) await beside(scenes, { units, other, seconds }, { figures, complaints })
  if (names.includes(AT_SIZE)) {
    const size = {
      units: values['at-size'],
      openTrips: open,
      consoles,
      rounds,
      cadenceS: cadence,
      drainLimitMs,
      profiles,
    }
    const found = await boardAtSize(size)
    Object.assign(figures, found.figures)
    complaints.push(...found.complaints)
  }
  const settings = { units, other, seconds, atSize: values['at-size'], open, consoles, rounds, cadence, drainLimitMs }
  return { valid: true, settings, figures, complaints }
}

interface Found {
  readonly figures: Record<string, number>
  readonly complaints: string[]
}

async function beside(
  scenes: readonly Scene[],
  { units, other, seconds }: { readonly units: number; readonly other: number; readonly seconds: number },
  found: Found,
): Promise<void> {
  const databaseUrl = await startDatabase()
  const crewTokens = (await prepareRegion(databaseUrl, units + CREWS)).slice(units)
  const [feedToken] = await tokensOf(databaseUrl, 'feed', ['feed'])
  const deskTokens = await tokensOf(
    databaseUrl,
    'dispatcher',
    Array.from({ length: DESKS }, (_, i) => `desk-${i}`),
  )
  const sign = await tokenSigner(databaseUrl)
  const tokenOf = (sub: string, region: string) =>
    sign({ sub, role: 'dispatcher', regions: [region], unit: null, ttlS: 3_600 })
  if (scenes.some(({ trouble }) => trouble?.region === OTHER)) await makeOther(databaseUrl, other)
  const way = await CutOff.before(databaseUrl)
  const engine = await EngineChild.start(way.url)
  await importUnits(databaseUrl, units + CREWS)
  const fleet = new DrivenFleet({ port: engine.port, units, cadenceS: FLEET_CADENCE_S, random: seeded(1) })
  atEnd(() => fleet.close())
  await fleet.start(feedToken!, deskTokens)
  const watch = new LoadChild<ToWatch, FromWatch>(WATCH)
  const unitIds = Array.from({ length: CREWS }, (_, i) => unitIdOf(units + i))
  const consoleToken = await tokenOf('console', REGION)
  watch.send({ type: 'begin', port: engine.port, unitIds, tokens: crewTokens, consoleToken })
  await watch.heard('begun')
  await sleep(WARM_UP_MS)
  const holds = await watchHolds(engine.inspector)
  const measured = async (): Promise<Measured> => {
    watch.send({ type: 'measure' })
    await watch.heard('measuring')
    await holds()
    await sleep(seconds * 1_000)
    watch.send({ type: 'report' })
    return { report: (await watch.heard('report')).report, held: await holds() }
  }
  const owner = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
  for (const scene of scenes) {
    console.error(`bulkheads: ${scene.name}`)
    const alone = await measured()
    const end = (await scene.begin?.({ way, owner })) ?? (async () => undefined)
    const trouble = await TroubleMaker.start(scene, engine.port, tokenOf)
    const with_ = await measured()
    const made = (await trouble?.end()) ?? null
    await end()
    tell(scene, { alone, beside: with_, made }, found)
    await sleep(CALM_DOWN_MS)
  }
  await owner.end()
  fleet.close()
  await watch.end()
  await engine.kill()
}

interface Measured {
  readonly report: WatchReport
  readonly held: Holds
}

class TroubleMaker {
  readonly #child: LoadChild<ToTrouble, FromTrouble>

  static async start(
    { trouble }: Scene,
    port: number,
    tokenOf: (sub: string, region: string) => Promise<string>,
  ): Promise<TroubleMaker | null> {
    if (trouble === null) return null
    const { kind, by, region } = trouble
    const tokens = await Promise.all(Array.from({ length: by }, (_, i) => tokenOf(`${kind}-${i}`, region)))
    const child = new LoadChild<ToTrouble, FromTrouble>(TROUBLE)
    child.send({ type: 'make', trouble: kind, port, region, tokens })
    await child.heard('begun')
    return new TroubleMaker(child)
  }

  private constructor(child: LoadChild<ToTrouble, FromTrouble>) {
    this.#child = child
  }

  async end(): Promise<{ readonly sent: number; readonly connections: number }> {
    this.#child.send({ type: 'tell' })
    const { sent, connections } = await this.#child.heard('told')
    await this.#child.end()
    return { sent, connections }
  }
}

const DELAYS = ['markP50Ms', 'markP99Ms', 'frameP50Ms', 'frameP99Ms', 'commandP50Ms', 'commandP99Ms'] as const

function tell(
  { name, lateMs = 0 }: Scene,
  seen: {
    readonly alone: Measured
    readonly beside: Measured
    readonly made: { readonly sent: number; readonly connections: number } | null
  },
  { figures, complaints }: Found,
): void {
  const { alone, beside: with_, made } = seen
  for (const delay of DELAYS) {
    const [before, then] = [alone.report[delay], with_.report[delay]]
    const what = delay[0]!.toUpperCase() + delay.slice(1)
    figures[`${name}Alone${what}`] = before
    figures[`${name}Beside${what}`] = then
    figures[`${name}Ratio${what.replace('Ms', '')}`] = then / Math.max(before, 0.001)
    // What is stored cannot be stored sooner than the database says so.
    const ownMs = delay.startsWith('frame') ? 0 : 2 * lateMs
    if (delay !== 'frameP50Ms' && !delay.endsWith('P99Ms')) continue
    if (then - ownMs > GOAL * before) {
      complaints.push(`Beside ${name} ${delay} was ${then.toFixed(0)}, alone ${before.toFixed(0)}.`)
    }
  }
  figures[`${name}BesideShown`] = with_.report.shown
  for (const [code, count] of Object.entries(with_.report.refusals)) {
    const more = count - (alone.report.refusals[code] ?? 0)
    if (more > 0) complaints.push(`Beside ${name} the crews were answered ${code} ${more} times.`)
  }
  const lost = with_.report.socketsLost - alone.report.socketsLost
  if (lost > 0) complaints.push(`Beside ${name} ${lost} connections of others were lost.`)
  note(figures, `${name}Alone`, alone.held)
  note(figures, `${name}Beside`, with_.held)
  if (made === null) return
  figures[`${name}Sent`] = made.sent
  figures[`${name}Connections`] = made.connections
}

/** A region with a past, so that it takes a while to recover. */
async function makeOther(databaseUrl: string, units: number): Promise<void> {
  const references = Array.from({ length: units }, (_, index) => unitReference(index))
  await withReference(databaseUrl, async reference => {
    await reference.addRegion({ region: OTHER, name: 'Next door', timeZone: 'UTC', dispatchMode: 'ordered' })
    await reference.importUnits(OTHER, references)
  })
  await writeHistory(databaseUrl, { region: OTHER, units, openTrips: 0, withSnapshots: true })
  await followed(databaseUrl, OTHER)
  await settle(databaseUrl)
}
