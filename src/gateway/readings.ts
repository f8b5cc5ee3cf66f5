/**
 * Who was shown personal data of calls: each reading is noted in the audit, with who, from where, which call and by which way.
 *
 * Where one act shows many it is one entry with a count: a snapshot of the board. Where one is shown again and again it is one
 * entry: a crew's situation and a watched unit are one for each trip. What is read again within a minute the audit gathers.
 * Of a call without details and notes nothing was read.
 */
import type { TokenClaims } from '../access/claims.ts'
import type { SharedFrame } from '../actors/region-handle.ts'
import type { RegionId } from '../domain/ids.ts'
import type { CallShown, Told, TripShown } from '../protocol/told.ts'
import type { Audit } from '../store/audit/audit.ts'

/** By which a call was read; `http` says besides what of it. */
type Way = 'http' | 'board' | 'unit-state' | 'unit-watch'

/** Who reads, and from where. */
interface Reader {
  readonly claims: Pick<TokenClaims, 'sub' | 'unit'>
  readonly region: RegionId
  readonly address: string
}

/** Units with the trips that somebody was shown last, the least recently noted forgotten first: about 4 MB of them. */
const SHOWN_MAX = 20_000

export class Readings {
  readonly #audit: Pick<Audit, 'note'>
  /** The last trip that each reader was shown of each unit. */
  readonly #shown = new Map<string, string>()
  /** How many trips of a part of a board have personal data: a part is one for all who asked. */
  readonly #counted = new WeakMap<SharedFrame, number>()

  constructor(audit: Pick<Audit, 'note'>) {
    this.#audit = audit
  }

  /** Somebody was answered with a call, or with one of its trips. */
  overHttp(reader: Reader, shown: CallShown | TripShown): void {
    const isTrip = 'tripId' in shown
    const more = isTrip ? { shown: 'trip', tripId: shown.tripId } : { shown: 'call' }
    if (isPersonal(shown)) this.#note(reader, 'http', shown.callId, more)
  }

  /** Somebody was answered with versions of a call's details. */
  versionsOverHttp(reader: Reader, callId: string, versions: number): void {
    if (versions > 0) this.#note(reader, 'http', callId, { shown: 'details' })
  }

  /** Somebody searched for words, and was told of calls of which they were said. */
  foundOverHttp(reader: Reader, callIds: Iterable<string>): void {
    for (const callId of callIds) this.#note(reader, 'http', callId, { shown: 'search' })
  }

  ofSession(reader: Reader): SessionReadings {
    return new SessionReadings(this, reader)
  }

  /** Somebody is shown a unit's trip, perhaps again. */
  trip(reader: Reader, way: 'unit-state' | 'unit-watch', unitId: string, trip: TripShown | null): void {
    if (trip === null || !isPersonal(trip)) return
    const key = `${reader.region} ${reader.claims.sub} ${way} ${unitId}`
    if (this.#shown.get(key) === trip.tripId) return
    this.#shown.delete(key)
    this.#shown.set(key, trip.tripId)
    if (this.#shown.size > SHOWN_MAX) this.#shown.delete(this.#shown.keys().next().value!)
    this.#note(reader, way, trip.callId, { tripId: trip.tripId, unitId })
  }

  board(reader: Reader, trips: number): void {
    this.#note(reader, 'board', null, { trips })
  }

  personalTrips(part: SharedFrame): number {
    const { told } = part
    if (told.type !== 'board') return 0
    const known = this.#counted.get(part)
    if (known !== undefined) return known
    const trips = told.trips.filter(isPersonal).length
    this.#counted.set(part, trips)
    return trips
  }

  #note(
    { claims, region, address }: Reader,
    way: Way,
    callId: string | null,
    more: Readonly<Record<string, unknown>>,
  ): void {
    const details = { way, ...more }
    this.#audit.note({
      actor: claims.sub,
      action: 'call-read',
      outcome: 'done',
      region,
      subject: callId,
      address,
      details,
    })
  }
}

/** The readings of one session. */
export class SessionReadings {
  readonly #all: Readings
  readonly #reader: Reader
  /** Of the snapshot of the board that is on its way. */
  #boardTrips = 0
  /** This session's board is in the audit, and so what comes of it later. */
  #isBoardNoted = false

  constructor(all: Readings, reader: Reader) {
    this.#all = all
    this.#reader = reader
  }

  told(told: Told): void {
    const reader = this.#reader
    if (told.type === 'unit-state') this.#all.trip(reader, 'unit-state', told.crew.unit.unitId, told.crew.trip)
    else if (told.type === 'welcome' && told.welcome.driver !== null) {
      const { unit, trip } = told.welcome.driver
      this.#all.trip(reader, 'unit-state', unit.unitId, trip)
    } else if (told.type === 'unit') this.#all.trip(reader, 'unit-watch', told.unit.unitId, told.trip)
  }

  shared(frame: SharedFrame): void {
    const { told } = frame
    if (told.type === 'board') this.#part(frame, told)
    else if (told.type === 'board-events') {
      if (told.notes !== undefined && !this.#isBoardNoted) this.#noteBoard(told.notes.length)
    } else this.told(told)
  }

  #part(frame: SharedFrame, { part, parts }: Extract<Told, { type: 'board' }>): void {
    if (part === 0) this.#boardTrips = 0
    this.#boardTrips += this.#all.personalTrips(frame)
    if (part === parts - 1 && this.#boardTrips > 0) this.#noteBoard(this.#boardTrips)
  }

  #noteBoard(trips: number): void {
    this.#isBoardNoted = true
    this.#all.board(this.#reader, trips)
  }
}

const isPersonal = ({ details, notes }: Pick<TripShown, 'details' | 'notes'>): boolean =>
  details !== null || notes !== undefined
