/**
 * What a console reads over HTTP beside what it follows: the regions of its token, hospitals, roads, one trip with the caller's
 * words, why a trip got its units, and how ready the engine is.
 */

import type { PassedOver } from '../domain/dispatch/eligibility.ts'
import type { DecisionRecord } from '../domain/events/decision-record.ts'
import type { HospitalStatus } from '../domain/vocabulary.ts'
import type { TripView } from '../protocol/wire/situation-views.ts'
import type { TokenSource } from './credentials.ts'
import { ClientFault, ReadRefused } from './errors.ts'
import { HttpDoor, type HttpDoorSettings, isObject } from './http-door.ts'

export interface ReadsOptions extends HttpDoorSettings {
  readonly token: TokenSource
}

export interface RegionInfo {
  readonly region: string
  readonly name: string
  readonly timeZone: string
}

export interface HospitalInfo {
  readonly hospitalId: string
  readonly name: string
  readonly lonDeg: number
  readonly latDeg: number
  readonly emergencyDepartment: boolean
  /** Whether it takes patients; absent with an engine of before. */
  readonly status?: HospitalStatus
  readonly statusNote?: string | null
}

/** A call that has not ended, and who entered it; null for an engine of before. */
export interface OpenCall {
  readonly callId: string
  readonly enteredBy: string | null
}

/** Where units wait for their calls. */
export interface StationInfo {
  readonly stationId: string
  readonly name: string
  readonly lonDeg: number
  readonly latDeg: number
}

/** A stored position of a unit. */
export interface TrackedFix {
  readonly fixedAtMs: number
  readonly lonDeg: number
  readonly latDeg: number
  readonly speedMps: number | null
  readonly headingDeg: number | null
}

/** Which roads a region has; of null it goes by the straight line. */
export interface RoadsInfo {
  readonly version: number | null
  readonly bounds: {
    readonly westDeg: number
    readonly southDeg: number
    readonly eastDeg: number
    readonly northDeg: number
  } | null
  /** Pictures of the land from elsewhere, with {z}, {x} and {y} in their address, and whose they are; null where none are configured. */
  readonly background: { readonly tiles: string; readonly attribution: string } | null
}

/** Why a trip got this unit, or none: as it was decided then. */
export interface TripDecision {
  readonly position: number
  readonly recordedAtMs: number
  readonly unitId: string | null
  readonly round: number | null
  /** The dispatcher whose own choice it was. */
  readonly chosenBy: string | null
  readonly why: string
  readonly decision: DecisionRecord
}

/** Why the desk would pass a unit over. */
export type PassedOverReason = PassedOver

export class EngineReads {
  readonly #door: HttpDoor
  readonly #token: TokenSource

  /** Errors: throws TypeError for what is no URL. */
  constructor(options: ReadsOptions) {
    this.#door = new HttpDoor(options)
    this.#token = options.token
  }

  /** The regions that the token names; for an admin, all, 500 at most. Errors: as all reads, ReadRefused and ClientFault. */
  async regions(): Promise<readonly RegionInfo[]> {
    return itemsOf<RegionInfo>(await this.#read('/v1/regions?limit=500', 'the regions'))
  }

  /** 500 at most. */
  async hospitals(region: string): Promise<readonly HospitalInfo[]> {
    return itemsOf<HospitalInfo>(await this.#read(`/v1/hospitals?limit=500&region=${part(region)}`, 'the hospitals'))
  }

  /** Those that have not ended, 500 at most, as of this position of the log or later, if the engine gets there within a second. */
  async openCalls(region: string, position: number): Promise<readonly OpenCall[]> {
    const path = `/v1/calls?status=open&limit=500&after=${position}&region=${part(region)}`
    return itemsOf<OpenCall>(await this.#read(path, 'the calls'))
  }

  /** 500 at most. */
  async stations(region: string): Promise<readonly StationInfo[]> {
    return itemsOf<StationInfo>(await this.#read(`/v1/stations?limit=500&region=${part(region)}`, 'the stations'))
  }

  async roads(region: string): Promise<RoadsInfo> {
    return shown<RoadsInfo>(await this.#read(`/v1/regions/${part(region)}/roads`, 'the roads'))
  }

  /** For how long a trip of each priority may wait before that is an alarm. */
  async waitLimits(region: string): Promise<Readonly<Record<string, number>>> {
    const path = `/v1/regions/${part(region)}/policy`
    const { policy } = shown<{ readonly policy?: { readonly waitAlarmMs?: Record<string, number> } }>(
      await this.#read(path, 'the policy'),
    )
    return policy?.waitAlarmMs ?? {}
  }

  /** Where a map finds the lines of these roads; each request needs the header of `authorization`. */
  roadTiles(region: string, version: number): string {
    return `${this.#door.origin}/v1/regions/${part(region)}/roads/${version}/{z}/{x}/{y}`
  }

  /** The header by which a map's own requests are let in. Errors: as the token's source. */
  async authorization(): Promise<{ readonly Authorization: string }> {
    const token = typeof this.#token === 'function' ? await this.#token() : this.#token
    return { Authorization: `Bearer ${token}` }
  }

  /** With the details of its call, which is noted in the audit. */
  async trip(tripId: string): Promise<TripView> {
    return shown<TripView>(await this.#read(`/v1/trips/${part(tripId)}`, 'the trip'))
  }

  /**
   * The stored positions of a unit of at most 24 hours, in order, 5,000 at most: `isWhole` says whether that is all. For supervisors;
   * it is noted in the audit.
   */
  async track(
    region: string,
    unitId: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): Promise<{ readonly items: readonly TrackedFix[]; readonly isWhole: boolean }> {
    const query = `region=${part(region)}&fromMs=${fromMs}&toMs=${toMs}&limit=5000`
    const answer = await this.#read(`/v1/units/${part(unitId)}/track?${query}`, 'the track')
    return {
      items: itemsOf<TrackedFix>(answer),
      isWhole: shown<{ readonly next?: string | null }>(answer).next == null,
    }
  }

  /** The newest last. */
  async decisions(tripId: string): Promise<readonly TripDecision[]> {
    return itemsOf<TripDecision>(await this.#read(`/v1/trips/${part(tripId)}/decisions`, 'the decisions'))
  }

  async #read(path: string, what: string): Promise<unknown> {
    const { Authorization } = await this.authorization()
    const asked = await this.#door.ask({ method: 'GET', path, what, token: Authorization.slice('Bearer '.length) })
    if (!asked.ok) throw new ReadRefused(asked.refusal)
    return asked.answer
  }
}

/** `ready`, or what keeps the engine from it (`starting`, `standby`, …); null where none answers. */
export async function engineStatus(options: HttpDoorSettings): Promise<string | null> {
  try {
    const { answer } = await new HttpDoor(options).send({ method: 'GET', path: '/readyz', what: 'its readiness' })
    return isObject(answer) && typeof answer.status === 'string' ? answer.status : 'starting'
  } catch {
    return null
  }
}

const part = (id: string): string => encodeURIComponent(id)

/** What was asked for, if it looks like an answer at all; a newer engine may tell more. */
function shown<T extends object>(answer: unknown): T {
  if (!isObject(answer)) throw new ClientFault('bad-server-data', 'An answer of the engine has the wrong shape.')
  return answer as T
}

function itemsOf<T>(answer: unknown): readonly T[] {
  const { items } = shown<{ readonly items?: readonly T[] }>(answer)
  if (!Array.isArray(items)) throw new ClientFault('bad-server-data', 'A list of the engine has the wrong shape.')
  return items
}
