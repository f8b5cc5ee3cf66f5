/** What views of units and trips must show, given their states; and the words for where they do not. */
import type { Alarm } from '../../../src/domain/alarms.ts'
import { driverKey, tripKey } from '../../../src/domain/entity.ts'
import { isEnded, type TripState } from '../../../src/domain/trip/trip.ts'
import { type DriverState, dispatchabilityOf, isBound } from '../../../src/domain/unit/driver.ts'
import type { NearestUnit } from '../../../src/protocol/wire/answer-views.ts'
import type { AlarmView, DriverView, TripView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import type { Findings } from './findings.ts'
import { type LogAccount, sameJson } from './log-account.ts'
import { farOf, mustCarry } from './needs.ts'

/** Where a view was told, and what the log says there. */
export class Told {
  readonly #log: LogAccount
  readonly #findings: Findings

  constructor(log: LogAccount, findings: Findings) {
    this.#log = log
    this.#findings = findings
  }

  get #history() {
    return this.#log.history
  }

  /**
   * A unit and its trip as they were at `position`. Input: a position of the log, and who was told: the principal of a
   * driver's session, null for a desk.
   */
  driver(
    { unit, trip }: Pick<DriverView, 'unit' | 'trip'>,
    position: number,
    to: string,
    principal: string | null,
  ): void {
    this.unit(unit, position, to)
    const state = this.#history.at(driverKey(unit.unitId), position) as DriverState | undefined
    if ((state?.work?.tripId ?? null) !== (trip?.tripId ?? null)) {
      this.#find(to, position, `unit ${unit.unitId} with trip ${trip?.tripId}`, `trip ${state?.work?.tripId}`)
    }
    if (trip === null) return
    // Personal data is for the crew that is signed on, once it is bound.
    const isForThem = principal === null || (state?.crew === principal && isBound(state))
    this.trip(trip, position, to, isForThem)
  }

  /** Units that are said to be free, the nearest first. */
  nearest(units: readonly NearestUnit[], position: number, to: string): void {
    for (const [i, unit] of units.entries()) {
      const { unitId } = unit
      const state = this.#history.at(driverKey(unitId), position) as DriverState | undefined
      if (state?.status !== 'available') {
        this.#find(to, position, `unit ${unitId} as available`, `${state?.status}`)
      }
      const before = units[i - 1]
      if (before === undefined || farOf(before) <= farOf(unit)) continue
      this.#find(to, position, `${unitId}, ${farOf(unit)} away, behind ${before.unitId}`, `none nearer than the first`)
    }
  }

  unit(view: UnitView, position: number, to: string): void {
    const state = this.#history.at(driverKey(view.unitId), position) as DriverState | undefined
    const shown = state === undefined ? null : unitOf(state)
    this.#compare(`unit ${view.unitId}`, view as unknown as Fields, shown, position, to)
  }

  trip(view: TripView, position: number, to: string, withDetails = true): void {
    const state = this.#history.at(tripKey(view.tripId), position) as TripState | undefined
    const details = withDetails ? this.#log.detailsAt(view.callId, position) : null
    const shown = state === undefined ? null : { ...tripOf(state), details }
    this.#compare(`trip ${view.tripId}`, view as unknown as Fields, shown, position, to)
  }

  /** A snapshot shows everything, and nothing else. */
  board({ trips, units, alarms }: BoardShown, position: number, to: string): void {
    const shown = new Set<string>()
    for (const trip of trips) {
      shown.add(tripKey(trip.tripId))
      this.trip(trip, position, to)
    }
    for (const unit of units) {
      shown.add(driverKey(unit.unitId))
      this.unit(unit, position, to)
    }
    this.#alarms(alarms, position, to)
    for (const entity of this.#history.entities()) {
      if (entity.startsWith('call/') || entity.startsWith('region/')) continue
      const state = this.#history.at(entity, position)
      const isThere = state !== undefined && ('tripId' in state ? !isEnded(state) : !isRetired(state as DriverState))
      if (isThere !== shown.has(entity)) {
        this.#find(to, position, `a board ${shown.has(entity) ? 'with' : 'without'} ${entity}`, isThere ? 'it' : 'none')
      }
    }
  }

  #alarms(alarms: readonly AlarmView[], position: number, to: string): void {
    const shown = new Map(alarms.map(alarm => [alarm.alarmId, alarm]))
    for (const entity of this.#history.entities()) {
      if (entity.startsWith('call/')) continue
      const state = this.#history.at(entity, position) as DriverState | TripState | undefined
      for (const alarm of state?.openAlarms ?? []) {
        const view = shown.get(alarm.alarmId)
        shown.delete(alarm.alarmId)
        if (view === undefined) this.#find(to, position, `a board without alarm ${alarm.alarmId}`, 'it')
        else this.#compare(`alarm ${alarm.alarmId}`, view as unknown as Fields, alarmOf(alarm), position, to)
      }
    }
    for (const id of shown.keys()) this.#find(to, position, `a board with alarm ${id}`, 'none')
  }

  #compare(name: string, view: Fields, shown: Fields | null, position: number, to: string): void {
    if (shown === null) return this.#find(to, position, name, 'no such thing')
    for (const [field, value] of Object.entries(shown)) {
      if (view[field] === value || sameJson({ value: view[field] }, { value })) continue
      this.#find(to, position, `${name} with ${field} ${JSON.stringify(view[field])}`, JSON.stringify(value))
    }
  }

  #find(to: string, position: number, told: string, has: string): void {
    this.#findings.find('told-as-logged', `${to} was told ${told} at position ${position}, where the log has ${has}`)
  }
}

interface BoardShown {
  readonly trips: readonly TripView[]
  readonly units: readonly UnitView[]
  readonly alarms: readonly AlarmView[]
}
type Fields = Readonly<Record<string, unknown>>

const isRetired = (driver: DriverState): boolean => driver.retired === true

const unitOf = (state: DriverState): Fields => ({
  callSign: state.callSign,
  levelOfCare: state.levelOfCare,
  transports: state.transports,
  capabilities: state.capabilities,
  status: state.status,
  dispatchability: dispatchabilityOf(state),
  retired: state.retired === true,
  unavailableReason: state.unavailableReason,
  statusSinceMs: state.statusSinceMs,
  crew: state.crew,
  noContact: state.noContact !== undefined,
  emergencySinceMs: state.emergencySinceMs ?? null,
  takenTripId: state.takenTrip?.tripId ?? null,
  offerId: state.work?.offerId ?? null,
  tripId: state.work?.tripId ?? state.standingDown ?? null,
  version: state.version,
})

const alarmOf = ({
  kind,
  severity,
  unitId,
  raisedAtMs,
  goneAtMs,
  acknowledged,
  escalatedAtMs,
  shelved,
}: Alarm): Fields => ({
  ...{ kind, severity, unitId, raisedAtMs, goneAtMs, escalatedAtMs },
  acknowledgedBy: acknowledged === null ? null : acknowledged.by,
  acknowledgedAtMs: acknowledged === null ? null : acknowledged.atMs,
  shelvedBy: shelved === null ? null : shelved.by,
  shelvedUntilMs: shelved === null ? null : shelved.atMs + shelved.forMs,
})

const onWire = ({ hospitalId, name, lonDeg, latDeg }: NonNullable<TripState['destination']>): Fields => ({
  ...{ hospitalId, name, lonE7: Math.round(lonDeg * 1e7), latE7: Math.round(latDeg * 1e7) },
})

const tripOf = (state: TripState): Fields => ({
  callId: state.callId,
  phase: state.phase,
  priority: state.priority,
  need: { ...state.need, transport: mustCarry(state.need) },
  receivedAtMs: state.receivedAtMs,
  ...(state.responseNo === undefined ? {} : { responseNo: state.responseNo }),
  unitId: state.unitId,
  round: state.round,
  times: state.times,
  missed: state.missed,
  alarms: state.alarms,
  helps: state.helps ?? null,
  helpedBy: state.helpedBy ?? null,
  destination: state.destination == null ? null : onWire(state.destination),
  loss: state.loss ?? null,
  disposition: state.disposition,
  cancelReason: state.cancelReason,
  version: state.version,
  offer:
    state.offer === null
      ? null
      : {
          offerId: state.offer.offerId,
          tripId: state.tripId,
          unitId: state.offer.unitId,
          mode: state.offer.mode,
          round: state.round,
          offeredAtMs: state.offer.offeredAtMs,
          deadlineAtMs: state.offer.deadlineAtMs,
          ...(state.offer.byVoice === true ? { byVoice: true } : {}),
        },
})
