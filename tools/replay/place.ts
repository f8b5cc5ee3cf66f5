/** Where a run happens: an engine of its own, started and ended here, or one that is running already. */
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { takeCareOf } from '../../src/process/caretaker.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { freePort } from '../shared/free-port.ts'
import { tokenSigner, withReference } from '../shared/reference.ts'
import { EngineChild } from './engine-child.ts'
import { InvalidInput } from './input.ts'

export interface Place {
  /** `ws://host:port`. */
  readonly url: string
  readonly databaseUrl: string
  /** Null for an engine that was running before us: it is not ours to start or kill. */
  readonly engine: EngineChild | null
  close(): Promise<void>
}

interface OwnPlaceOptions {
  readonly clockRate: number
  /** A database to use instead of a Postgres of its own. */
  readonly databaseUrl: string | null
  /** Leave the directory with the database and the engine's log behind. */
  readonly keep: boolean
  readonly fleet: Fleet
  readonly tell: (line: string) => void
}

/** The region that a run makes for itself, and its units. */
export interface Fleet {
  readonly region: string
  readonly mode: DispatchMode
  readonly timeZone: string
  readonly units: readonly UnitReference[]
}

/**
 * Starts Postgres and an engine on top of it. Postgres is started here and not by the engine, so that the end of this
 * program is its end too, however often the engine was killed.
 * Errors: DatabaseSetupError, Error when the engine does not start; what was begun is undone.
 */
export async function ownPlace(options: OwnPlaceOptions): Promise<Place> {
  const { clockRate, keep, fleet, tell } = options
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-replay-'))
  const undo: (() => Promise<unknown>)[] = []
  // Closed windows and Ctrl-C are seen to by this program. A kill is not.
  const caretaker = takeCareOf(dir)
  undo.push(async () => {
    caretaker.dismiss()
    if (keep) tell(`The database and engine.log are kept in ${dir}.`)
    else await rm(dir, { recursive: true, force: true })
  })
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    // Postgres may have to run as another user, who must be able to enter.
    await chmod(dir, 0o755)
    let databaseUrl = options.databaseUrl
    if (databaseUrl === null) {
      const server = await startEmbeddedPostgres({ baseDir: dir, log: () => undefined })
      // Ours alone, as the directory is.
      undo.push(() => server.stop({ evenIfUsed: true }))
      databaseUrl = server.url
    }
    await migrate(databaseUrl)
    await addFleet(databaseUrl, fleet)
    const logFile = path.join(dir, 'engine.log')
    const engine = new EngineChild({
      databaseUrl,
      clockRate,
      port: await freePort(),
      logFile,
      onSpawn: caretaker.waitFor,
    })
    undo.push(async () => {
      const exitCode = await engine.stop()
      if (exitCode !== 0) tell(`The engine did not end in order: exit code ${exitCode}.`)
    })
    await engine.start()
    return { url: engine.url, databaseUrl, engine, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * An engine that runs already. Its database is needed too: tokens are signed with its key, and the end is judged by it.
 * Errors: InvalidInput when that database cannot be found from here.
 */
export async function placeAt(
  url: string,
  where: { readonly databaseUrl: string | null; readonly dataDir: string },
  fleet: Fleet,
): Promise<Place> {
  const socketUrl = URL.canParse(url) ? new URL(url) : null
  if (socketUrl === null || !['ws:', 'wss:', 'http:', 'https:'].includes(socketUrl.protocol)) {
    throw new InvalidInput(`--url must be like ws://127.0.0.1:9001, not ${url}.`)
  }
  socketUrl.protocol = socketUrl.protocol.replace('http', 'ws')
  const { databaseUrl, stop } = await databaseOf(where)
  try {
    await addFleet(databaseUrl, fleet)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: socketUrl.href, databaseUrl, engine: null, close: stop }
}

/** As `placeAt`; the units leave their region again at the end. */
export async function visitedPlace(
  url: string,
  where: { readonly databaseUrl: string | null; readonly dataDir: string },
  fleet: Fleet,
): Promise<Place> {
  const place = await placeAt(url, where, fleet)
  const close = async () => {
    await withReference(place.databaseUrl, reference =>
      reference.retireUnits(
        fleet.region,
        fleet.units.map(({ unitId }) => unitId),
      ),
    ).finally(() => place.close())
  }
  return { ...place, close }
}

/** Tokens of this deployment for the crews, by unit, and for the dispatcher; good for a day. */
export async function signTokens(
  databaseUrl: string,
  { region, units }: Fleet,
): Promise<{ crews: ReadonlyMap<string, string>; desk: string }> {
  const sign = await tokenSigner(databaseUrl)
  const base = { regions: [region], ttlS: 86_400 }
  const crews = new Map<string, string>()
  for (const { unitId } of units) {
    crews.set(unitId, await sign({ ...base, sub: crewOf(unitId), role: 'driver', unit: unitId }))
  }
  return { crews, desk: await sign({ ...base, sub: DESK, role: 'dispatcher', unit: null }) }
}

/** The person who is signed on to a unit. */
export const crewOf = (unitId: string): string => `crew-${unitId}`
/** The dispatcher. */
export const DESK = 'replay-desk'

async function addFleet(databaseUrl: string, { region, mode, timeZone, units }: Fleet): Promise<void> {
  await withReference(databaseUrl, async reference => {
    const known = (await reference.listRegions()).find(each => each.region === region)
    if (known === undefined) await reference.addRegion({ region, name: region, timeZone, dispatchMode: mode })
    else {
      // One that was made for the replay, perhaps with roads. The judge would take what others do for a mistake.
      const [other] = await reference.listUnits(region)
      if (other !== undefined)
        throw new InvalidInput(`Region ${region} has units already (${other.unitId}); name another.`)
      if (known.dispatchMode !== mode)
        throw new InvalidInput(`Region ${region} is ${known.dispatchMode}: add --mode ${known.dispatchMode}.`)
    }
    await reference.importUnits(region, units)
  })
}

async function databaseOf(where: {
  readonly databaseUrl: string | null
  readonly dataDir: string
}): Promise<{ databaseUrl: string; stop: () => Promise<void> }> {
  if (where.databaseUrl !== null) return { databaseUrl: where.databaseUrl, stop: () => Promise.resolve() }
  const help =
    'With --url, set DATABASE_URL (or GOLDENHOUR_DATA_DIR) as the engine has it: its tokens are signed there, and its log is read there.'
  if (!existsSync(path.join(where.dataDir, 'data')))
    throw new InvalidInput(`${where.dataDir} holds no database. ${help}`)
  const server = await startEmbeddedPostgres({ baseDir: where.dataDir, log: () => undefined })
  if (server.startedByUs) {
    await server.stop()
    throw new InvalidInput(`No engine uses the database in ${where.dataDir}. ${help}`)
  }
  return { databaseUrl: server.url, stop: () => server.stop() }
}
