/**
 * Two regions at work on one engine, and a caller of every role with a credential that this engine gave out itself.
 *
 * Region `here` is the callers' own: A1 is the driver's unit, F1 the feed's, B1 somebody else's. `there` has T1, and an
 * A1 of its own, so that a unit id alone says nothing.
 */

import { signToken } from '../../../src/access/tokens.ts'
import { guestsOf } from '../../../src/cli/demo-guest.ts'
import { DEFAULT_LIMITS, type Limits, RATE_CLASSES } from '../../../src/protocol/limits.ts'
import { withDatabaseAt } from '../../../tools/shared/reference.ts'
import { makeKey } from '../../gateway/harness.ts'
import { ADMIN_PASSWORD, type HttpAnswer, type Site } from '../../support/engine.ts'
import { assertAnswerTold } from '../../support/http-answers.ts'
import { cityHere, inRoadStore, networkOf } from '../../support/laid-roads.ts'
import { CALL, type Speaker, Stage, ZONE } from '../rules/stage.ts'
import { roadsTaken } from '../rules/stage-roads.ts'
import { type Caller, REACHES, type Reach } from './rules.ts'
import type { Wire } from './wire.ts'

export const HERE = 'here'
export const THERE = 'there'
export const PASSWORD = 'eleven quiet herons wade'
/** What is told of a patient, and must never be told to those whom it does not concern. */
export const SECRET = 'third floor, the caller is alone'

const als = (unitId: string) => ({ unitId, levelOfCare: 'als' as const })
const bls = (unitId: string) => ({ unitId, levelOfCare: 'bls' as const })
/** No unit has this level of care, so the desk gives such a trip to nobody. */
const FOR_NOBODY = {
  ...CALL,
  priority: 3,
  needs: [{ levelOfCare: 'cct', capabilities: [] }],
  details: { notes: SECRET },
}
/** A1 alone may serve this. */
const FOR_A1 = { ...CALL, priority: 3, details: { notes: SECRET } }

const PLACES: Readonly<Record<Reach, { readonly region: string; readonly unitId: string }>> = {
  own: { region: HERE, unitId: 'A1' },
  'other-unit': { region: HERE, unitId: 'B1' },
  'other-region': { region: THERE, unitId: 'T1' },
}

/** What a message may name of the work on one call. */
export interface Target {
  readonly unitId: string
  readonly callId: string
  readonly tripId: string
  readonly incidentNo: string
  readonly offerId: string
  /** An open one of the trip. */
  readonly alarmId: string
  /** Closed roads of the region, in the setting `zone`. */
  readonly zoneId?: string
}
type PendingTrip = Pick<Target, 'callId' | 'tripId' | 'incidentNo' | 'alarmId'>
export type Scene = Readonly<Record<Reach, Target>> & { readonly pending: PendingTrip }

/**
 * `orders`: everybody has one that is not acknowledged. `under-way`: everybody is on the way. `offer`: A1 has one that it
 * may decline. `idle`: nobody has anything. `off-duty`: nor is anybody on A1. `order`: only the unit that is named has one.
 */
export type Setting = 'orders' | 'under-way' | 'offer' | 'idle' | 'off-duty' | 'order' | 'handed-over' | 'zone'

/** A hash of each table. */
type Contents = Readonly<Record<string, string>>
/** The tables that differ. */
export const changedBetween = (before: Contents, after: Contents): readonly string[] =>
  Object.keys(after).filter(table => after[table] !== before[table])

interface Asking {
  readonly token?: string | null
  readonly body?: unknown
  readonly ifMatch?: string
  readonly key?: string
}

/** Nobody is slowed down: what is tried here is whether, not how often. */
const UNLIMITED: Limits = {
  ...DEFAULT_LIMITS,
  badFrames: 1_000_000,
  sessionsPerUser: 10_000,
  openRequestsPerAddressPerS: 1_000_000,
  // Some clients of the matrix say hello late, however long what comes before takes.
  helloTimeoutMs: 600_000,
  rates: Object.fromEntries(
    RATE_CLASSES.map(name => [name, { connectionPerS: 1e6, userPerS: 1e6, burstS: 5 }]),
  ) as unknown as Limits['rates'],
}
const AUTH = {
  accessTokenS: 600,
  refreshTokenS: 86_400,
  sessionMaxAgeS: 86_400,
  adminPassword: ADMIN_PASSWORD,
  scryptLogN: 4,
  oidc: [],
}

export class World {
  readonly stage = new Stage(
    {
      [HERE]: { mode: 'offered', units: [als('A1'), bls('B1'), bls('F1'), bls('H1')] },
      [THERE]: { mode: 'offered', units: [als('A1'), bls('T1')] },
    },
    { limits: UNLIMITED, auth: AUTH },
  )
  #opened: Promise<void> | null = null
  /** Of both regions' roads, which are the same. */
  readonly roadsVersion = 1
  /** With the database, for looking at it again and again. */
  #session: ReturnType<Site['session']> | null = null
  /** Of each caller but nobody. */
  readonly #tokens = new Map<Caller, string>()
  #desks!: Readonly<Record<string, Speaker>>
  /** The session that speaks for A1 now. */
  driver!: Wire
  /** Routes and statuses that were answered here: `GET /v1/units/{id} 200`. */
  readonly told = new Set<string>()
  readonly #calls: { readonly region: string; readonly callId: string }[] = []

  get site(): Site {
    return this.stage.site
  }

  /** A ticket for the guest of the region. */
  guestTicket(): Promise<string> {
    return withDatabaseAt(this.site.databaseUrl, async database => {
      const guests = guestsOf(database)
      const ticket =
        (await guests.ticket(HERE, 'here')) ?? ((await guests.open(HERE)) && (await guests.ticket(HERE, 'here')))
      return ticket!
    })
  }

  /** Signs everybody in, the first time; call it in each test, since the stage stands only there. */
  open(): Promise<void> {
    this.#opened ??= this.#signInAll()
    return this.#opened
  }

  async #signInAll(): Promise<void> {
    this.#tokens.set('admin', (await this.login('admin', { password: ADMIN_PASSWORD })).accessToken)
    for (const [role, units] of [
      ['driver', ['A1', 'H1']],
      ['dispatcher', null],
      ['supervisor', null],
    ] as const) {
      const regions = [HERE]
      await this.created('/v1/users', { name: `${role}-1`, role, regions, units, password: PASSWORD })
      this.#tokens.set(role, (await this.login(`${role}-1`, role === 'driver' ? { unit: 'A1' } : {})).accessToken)
    }
    // An admin may speak on a socket too, of a region that is among its own; it may just not say much.
    await this.created('/v1/users', { name: 'admin-1', role: 'admin', regions: [HERE], password: PASSWORD })
    this.#tokens.set('admin', (await this.login('admin-1')).accessToken)
    const feed = { name: 'modems', role: 'feed', region: HERE, units: ['F1', 'T1'] }
    this.#tokens.set('feed', (await this.created('/v1/devices', feed)).body.key)
    const claims = { sub: 'admin-1', role: 'admin', regions: [HERE], unit: null, ttlS: 600 } as const
    this.#tokens.set('stranger', await signToken(makeKey(), claims))
    this.#desks = { [HERE]: await this.stage.desk({ region: HERE }), [THERE]: await this.stage.desk({ region: THERE }) }
    await this.#importRoads()
    await this.stage.crew('B1', { region: HERE })
    await this.stage.crew('T1', { region: THERE })
  }

  /** Some questions are answered by road alone. */
  async #importRoads(): Promise<void> {
    const network = networkOf(cityHere())
    await inRoadStore(this.site.databaseUrl, async store => {
      for (const region of [HERE, THERE]) await store.add(region, network, null)
    })
    for (const region of [HERE, THERE]) await roadsTaken(this.#desks[region]!, this.roadsVersion)
  }

  token(caller: Caller): string | null {
    return this.#tokens.get(caller) ?? null
  }

  async login(user: string, changes: Readonly<Record<string, unknown>> = {}) {
    const body = { user, password: PASSWORD, ...changes }
    const answer = await this.ask('POST', '/v1/auth/login', { token: null, body })
    if (answer.status !== 200) throw new Error(`${user} could not sign in: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** As an admin, where no token is named; null sends none. A POST has a key of its own. */
  async ask(method: string, path: string, { token = this.token('admin'), body, ifMatch, key }: Asking = {}) {
    const headers = new Headers()
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    if (ifMatch !== undefined) headers.set('if-match', ifMatch)
    if (method === 'POST') headers.set('idempotency-key', key ?? this.stage.id())
    const sent = typeof body === 'string' ? { body } : body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`http://127.0.0.1:${this.site.port}${path}`, { method, headers, ...sent })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    const answer: HttpAnswer = {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
    }
    const told = assertAnswerTold(method, path, answer)
    if (told !== null) this.told.add(told)
    return answer
  }

  async created(path: string, body: unknown): Promise<HttpAnswer> {
    const answer = await this.ask('POST', path, { body })
    if (answer.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`)
    return answer
  }

  /** The ETag of a thing as it stands. */
  async etag(path: string): Promise<string> {
    const { headers, status } = await this.ask('GET', path)
    const tag = headers.get('etag')
    if (tag === null) throw new Error(`GET ${path} was answered with ${status} and no ETag`)
    return tag
  }

  /** A trip that waits for a unit, and will get none by itself. */
  async pendingTrip(region: string): Promise<PendingTrip> {
    const { callId, tripIds, incidentNo, position } = await this.#enter(region, FOR_NOBODY)
    const tripId = tripIds[0]!
    await this.#desks[region]!.ask('add-note', callId, SECRET, null)
    return { callId, tripId, incidentNo, alarmId: `trip/${tripId}/no-eligible-unit/${position}` }
  }

  /** Puts the regions into a setting, and tells what can be named there. */
  async set(setting: Setting, reach: Reach = 'own'): Promise<Scene> {
    await this.#clear()
    const pending = await this.pendingTrip(HERE)
    const idle = (unitId: string): Target => ({ unitId, ...pending, offerId: `${HERE}.${'n'.repeat(21)}` })
    const scene = { own: idle('A1'), 'other-unit': idle('B1'), 'other-region': idle('T1'), pending }
    switch (setting) {
      case 'orders':
      case 'under-way':
        for (const each of REACHES) scene[each] = await this.#order(each, setting === 'under-way')
        break
      case 'order':
        scene[reach] = await this.#order(reach, false)
        break
      case 'handed-over':
        for (const each of REACHES) scene[each] = await this.#handedOver(each)
        break
      case 'zone': {
        const { result } = await this.#desks[HERE]!.ask('close-roads', ZONE)
        scene.own = { ...scene.own, zoneId: result.zoneId as string }
        break
      }
      case 'offer':
        scene.own = await this.#offer()
        break
      case 'off-duty':
        await this.#desks[HERE]!.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
    }
    return scene
  }

  /** A trip that a unit has been ordered to; whose crew has not acknowledged it, or says by radio that it is on the way. */
  async #order(reach: Reach, isUnderWay: boolean): Promise<Target> {
    const { region, unitId } = PLACES[reach]
    const desk = this.#desks[region]!
    const pending = await this.pendingTrip(region)
    const { tripId } = pending
    const { result } = await desk.ask('assign-unit', tripId, unitId, 'other')
    if (isUnderWay) await desk.ask('report-phase', tripId, 'en-route', Date.now())
    return { ...pending, unitId, offerId: result.offerId as string }
  }

  /** A trip whose crew has handed its patient over to nobody known. */
  async #handedOver(reach: Reach): Promise<Target> {
    const target = await this.#order(reach, true)
    const desk = this.#desks[PLACES[reach].region]!
    await desk.ask('close-trip', target.tripId, 'transferred-to-other-unit', Date.now())
    return target
  }

  async #offer(): Promise<Target> {
    const { callId, tripIds, incidentNo } = await this.#enter(HERE, FOR_A1)
    const { body } = await this.ask('GET', `/v1/trips/${tripIds[0]}`, { token: this.token('dispatcher') })
    if (body.offer?.unitId !== 'A1') throw new Error(`A1 was not offered the trip: ${JSON.stringify(body)}`)
    const alarmId = `trip/${tripIds[0]}/no-eligible-unit/1`
    return { unitId: 'A1', callId, tripId: tripIds[0]!, incidentNo, offerId: body.offer.offerId, alarmId }
  }

  async #enter(
    region: string,
    call: object,
  ): Promise<{
    readonly callId: string
    readonly tripIds: readonly string[]
    readonly incidentNo: string
    readonly position: number
  }> {
    const { result, position } = await this.#desks[region]!.ask('enter-call', call)
    const entered = result as { callId: string; tripIds: string[]; incidentNo: string }
    this.#calls.push({ region, callId: entered.callId })
    return { ...entered, position }
  }

  /** Ends every call that was entered here, and makes the units available again. */
  async #clear(): Promise<void> {
    for (const { region, callId } of this.#calls.splice(0)) {
      const desk = this.#desks[region]!
      const id = this.stage.id()
      desk.send('cancel-call', id, callId, 'other')
      // What was tried may have ended it before.
      await desk.reply(id).catch(() => undefined)
    }
    // A unit that was withdrawn is kept for a while, unless its crew goes.
    const signOff = this.stage.id()
    this.driver.send('sign-off', signOff, Date.now())
    await this.driver.answer(signOff)
    const signOn = this.stage.id()
    this.driver.send('sign-on', signOn, Date.now())
    await this.driver.answer(signOn)
    for (const { region, unitId } of Object.values(PLACES)) {
      await this.#desks[region]!.ask('set-unit-status', unitId, 'available', null, Date.now())
    }
  }

  /**
   * All that anybody can cause to be stored, each table as a hash; the audit is left out, since it tells of refusals too,
   * and so is what the engine writes by itself.
   */
  async contents(): Promise<Contents> {
    this.#session ??= this.site.session()
    const session = await this.#session
    const { rows: tables } = await session.query<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'audit', 'views') AND tablename NOT IN ('region_lease', 'snapshots') ORDER BY 1`,
    )
    const hashes = tables.map(
      ({ name }) =>
        `SELECT '${name}' AS name, md5(coalesce(string_agg(t::text, ';' ORDER BY t::text), '')) AS hash FROM ${name} t`,
    )
    const { rows } = await session.query<{ name: string; hash: string }>(hashes.join(' UNION ALL '))
    return Object.fromEntries(rows.map(({ name, hash }) => [name, hash]))
  }
}
