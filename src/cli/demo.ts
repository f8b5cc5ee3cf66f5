/** `goldenhour demo`: fills a region of an engine that runs with made-up units and calls, and empties it when it ends. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { ClientClosed } from '../client/index.ts'
import { addressOf } from '../config/address.ts'
import { type Config, readConfig } from '../config/index.ts'
import { Commentary } from '../demo/commentary.ts'
import { Crew } from '../demo/crew.ts'
import { DemoCity } from '../demo/demo-city.ts'
import { DemoDesk, type DemoOwn, isDemoUnit } from '../demo/desk.ts'
import { REGION_ID } from '../domain/ids.ts'
import { numberOfText } from '../protocol/number-text.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { anotherGuest, endGuest, guestInWords, guestName, letGuestIn } from './demo-guest.ts'
import { furnishRegion, prepareRegion } from './demo-region.ts'
import { askReadyz, enginesHere } from './engine-here.ts'
import { Interrupted, interruptible } from './interruption.ts'
import { withDatabase } from './with-database.ts'

interface DemoOptions {
  readonly url?: URL
  readonly region: string
  readonly units: number
  readonly calls: number
  readonly clean?: true
  readonly guestLink?: true
  readonly guestAnywhere?: true
}

const UNITS_MAX = 200
const CALLS_MAX = 60
const MINUTE_MS = 60_000
/** By itself it ends so soon: ended trips stay in the engine's memory, and a demo that was forgotten would fill it. */
const LASTS_MS = 12 * 60 * MINUTE_MS
/** How long the engine may take to let the desk in, to hear of new units, or to show that the region is empty. */
const LIMIT_MS = 30_000
const GONE_LIMIT_MS = 3_000
const LOOK_EVERY_MS = 200

export function defineDemo(demo: Command): void {
  demo
    .option(
      '--url <url>',
      'the engine to fill, such as http://localhost:9001 (default: the one of this machine)',
      parseUrl,
    )
    .option(
      '--region <region>',
      'a region that the demo has for itself; it is added if there is none',
      parseRegion,
      'demo',
    )
    .option('--units <number>', `how many units, at most ${UNITS_MAX}`, wholeUpTo(UNITS_MAX), 16)
    .option('--calls <number>', `how many calls a minute, at most ${CALLS_MAX}`, wholeUpTo(CALLS_MAX), 3)
    .option('--clean', 'only empty the region of what a demo that was killed left in it')
    .option('--guest-link', 'only print another address that lets one guest into the demo that runs')
    .option('--guest-anywhere', 'let the guest come from any machine, not only from that of the engine')
    .addHelpText(
      'after',
      `
It runs until Ctrl-C, ${LASTS_MS / MINUTE_MS / 60} hours at most; then its trips are ended and its units retired. The region stays, empty.
With --url, set DATABASE_URL or GOLDENHOUR_DATA_DIR as that engine has it: credentials are signed by its database.`,
    )
    .action(run)
}

async function run(options: DemoOptions): Promise<void> {
  const { region } = options
  const address = await engineAddress(options)
  if (options.guestLink === true) return console.log(await anotherGuest(address, options))
  const deskToken = await withDatabase(database => prepareRegion(database, options))
  if (deskToken === null) return console.log(`There is no region ${region}, so nothing to empty.`)
  const url = address.replace('http', 'ws')
  const desk = await enter(url, region, deskToken)
  try {
    const { found, own: left } = await desk.lookForOwn()
    if (left.units.some(({ connected }) => connected)) {
      throw new Error(`A demo fills region ${region} already; stop it first, or name another region with --region.`)
    }
    if (options.clean !== true && left.trips.length < found.trips.length) {
      throw new Error(
        `Region ${region} has trips that are no demo's; leave out --region, and the demo fills one of its own.`,
      )
    }
    if (options.clean === true) await endGuest(region)
    if (left.trips.length + left.units.length > 0) {
      await empty(desk, region)
      console.log(`Emptied region ${region} of what an earlier demo had left: ${inWords(left)}.`)
    } else if (options.clean === true) console.log(`Nothing of a demo is in region ${region}.`)
    if (options.clean !== true) await fill(desk, url, address, deskToken, options)
  } finally {
    desk.client.close()
  }
}

/** Errors: Error that says how to start one. */
async function engineAddress({ url }: DemoOptions): Promise<string> {
  const config = readConfig()
  const addresses = url === undefined ? (await enginesHere(config)).map(({ address }) => address) : [url.href]
  if (addresses.length === 0) {
    throw new Error(
      `No engine runs here: nothing of ours answers at ${addressOf(config, config.port)}. Start one in another terminal with goldenhour serve (npm start in a checkout), then run this again.`,
    )
  }
  requireItsDatabase(config)
  for (const address of addresses) if ((await askReadyz(address))?.isReady === true) return address
  const seen = addresses.join(' and ')
  throw new Error(`No engine that is ready answers at ${seen}; look with goldenhour status, or at the engine's log.`)
}

/** None is made: an engine has its own already. */
function requireItsDatabase({ databaseUrl, dataDir }: Config): void {
  if (databaseUrl !== null || existsSync(path.join(dataDir, 'data'))) return
  throw new Error(
    `${dataDir} holds no database; set DATABASE_URL or GOLDENHOUR_DATA_DIR as the engine has it, whose database signs credentials.`,
  )
}

/** A desk that is let in; an engine hears of a new region within a second. Errors: Error that says what keeps it out. */
async function enter(url: string, region: string, token: string): Promise<DemoDesk> {
  const untilMs = performance.now() + LIMIT_MS
  for (;;) {
    const desk = new DemoDesk({ url, region, token, guest: guestName(region) })
    try {
      await within(untilMs - performance.now(), desk.client.opened())
      return desk
    } catch (error) {
      desk.client.close()
      const refused = error instanceof ClientClosed ? error.refusal?.code : undefined
      if (refused === 'token-invalid') {
        throw new Error(
          `The engine at ${url} does not know the credentials of the database here; set DATABASE_URL or GOLDENHOUR_DATA_DIR as it has it.`,
        )
      }
      if (refused !== 'unknown-region' || performance.now() > untilMs) {
        throw new Error(`The engine at ${url} lets nobody in: ${(desk.trouble ?? (error as Error)).message}`)
      }
      await sleep(LOOK_EVERY_MS)
    }
  }
}

async function fill(
  desk: DemoDesk,
  url: string,
  address: string,
  deskToken: string,
  options: DemoOptions,
): Promise<void> {
  const { region, calls } = options
  const unitIds = Array.from({ length: options.units }, (_, index) => `DEMO-${String(index + 1).padStart(2, '0')}`)
  const crews: Crew[] = []
  try {
    const city = new DemoCity()
    const tokens = await withDatabase(database => furnishRegion(database, region, city, unitIds))
    await interruptible(async unlessInterrupted => {
      await unlessInterrupted(
        until(desk, ({ units }) => units.length >= unitIds.length, 'has not heard of the new units'),
      )
      let lost: (error: Error) => void = () => undefined
      const failure = new Promise<never>((_, reject) => {
        lost = reject
      })
      failure.catch(() => undefined)
      crews.push(
        ...unitIds.map((unitId, index) => {
          return new Crew({ url, region, unitId, token: tokens[index]!, city, random: Math.random, onLost: lost })
        }),
      )
      await unlessInterrupted(within(LIMIT_MS, Promise.all(crews.map(crew => crew.start()))))
      const commentary = new Commentary(line => console.log(line))
      commentary.baseMs = desk.client.regionNowMs()
      const guest = guestInWords(address, await letGuestIn(address, options))
      console.log(whatToLookAt({ address, region, units: unitIds.length, deskToken, guest }))
      const pace = { city, everyMs: MINUTE_MS / calls, openMax: Math.ceil(unitIds.length * 1.25) }
      desk.begin(pace, Math.random, record => commentary.record(record))
      await unlessInterrupted(Promise.race([failure, ended()]))
    })
  } catch (error) {
    // To stop it is the way to end it.
    if (!(error instanceof Interrupted) || error.message !== '') throw error
  } finally {
    desk.end()
    for (const crew of crews) crew.close()
    await endGuest(region).catch(() => undefined)
    // A second Ctrl-C ends it at once; what it leaves the next demo takes away.
    await empty(desk, region)
    console.log(`Emptied region ${region}.`)
  }
}

/** Trips cancelled, units signed off and retired, and seen to be. Errors: Error that says how to go on. */
async function empty(desk: DemoDesk, region: string): Promise<void> {
  try {
    // One that is gone is not waited for: whoever ends both wants to be done.
    await within(desk.client.connectionState === 'open' ? LIMIT_MS : GONE_LIMIT_MS, desk.empty())
    await withDatabase(async database => {
      const reference = new ReferenceStore(database)
      const unitIds = (await reference.listUnits(region)).map(({ unitId }) => unitId).filter(isDemoUnit)
      if (unitIds.length > 0) await reference.retireUnits(region, unitIds, auditedByCommandLine(database))
    })
    await until(desk, ({ trips, units }) => trips.length + units.length === 0, 'still shows something of the demo')
  } catch (error) {
    if (error instanceof Interrupted) throw error
    throw new Error(
      `Region ${region} could not be emptied (${(error as Error).message}); when the engine runs again, do it with goldenhour demo --clean.`,
      { cause: error },
    )
  }
}

/** Waits for what the board shows of the demo. Errors: Error when it takes too long; ClientClosed. */
async function until(desk: DemoDesk, holds: (own: DemoOwn) => boolean, otherwise: string): Promise<void> {
  const untilMs = performance.now() + LIMIT_MS
  while (!holds((await within(untilMs - performance.now(), desk.lookForOwn())).own)) {
    if (performance.now() > untilMs) throw new Error(`the engine ${otherwise} after ${LIMIT_MS / 1_000} s`)
    await sleep(LOOK_EVERY_MS)
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let limit: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`the engine does not answer`)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(limit)
  }
}

async function ended(): Promise<void> {
  await sleep(LASTS_MS, undefined, { ref: false })
}

const inWords = ({ trips, units }: DemoOwn): string => {
  const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`
  return `${counted(trips.length, 'open trip')} and ${counted(units.length, 'unit')}`
}

interface Told {
  readonly address: string
  readonly region: string
  readonly units: number
  readonly deskToken: string
  readonly guest: string
}

const whatToLookAt = ({
  address,
  region,
  units,
  deskToken,
  guest,
}: Told): string => `${units} units drive about region ${region} of ${address}; Ctrl-C ends it and empties the region again.
${guest}
Below is what its dispatch desk hears. In another terminal, who is nearest to a place:

  curl -s '${address}v1/units/nearest?region=${region}&lon=174.76&lat=-36.87&k=3' -H 'Authorization: Bearer ${deskToken}'
`

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^(https?|wss?):$/.test(url.protocol)) {
    throw new InvalidArgumentError('Write it like http://localhost:9001.')
  }
  url.protocol = url.protocol.replace('ws', 'http')
  return url
}

function parseRegion(text: string): string {
  if (REGION_ID.test(text)) return text
  throw new InvalidArgumentError('A region is 1 to 16 characters of a-z 0-9.')
}

function wholeUpTo(max: number) {
  return (text: string): number => {
    const value = numberOfText(text)
    if (value !== null && Number.isInteger(value) && value >= 1 && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`)
  }
}
