/** Puts recovered states into a new region and sets its deadlines: the last step before the region answers. */
import { compareAges, turnOf } from '../../domain/dispatch/queue.ts'
import { callKey, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import { DriverLocation } from '../driver/location.ts'
import type { RecoveryProgress } from '../region-handle.ts'
import type { RegionAssembly } from './assembly.ts'
import { LogOfLaterVersion } from './later-events.ts'
import type { RegionParts } from './parts.ts'
import type { Recovered } from './recovery.ts'

/** Longer than a slice beside live traffic: a region that is being recovered has none. */
const RECOVERY_SLICE_MS = 8
/** A log in ruins must not fill the engine's own. */
const REASONS_LOGGED = 100

type Levels = Pick<RegionAssembly, 'state' | 'turns' | 'watch' | 'location' | 'silence' | 'freshness'>

/** Works in slices: a million units must not hold the loop and the connections that live on it. */
export async function people(
  { shared: { machine } }: RegionParts,
  recovered: Recovered,
  { state, turns, watch, silence, freshness, location: { population, closed, wheels } }: Levels,
  onProgress: (progress: RecoveryProgress) => void,
): Promise<void> {
  const { memory, clock, marks } = state
  const of = recovered.drivers.size + recovered.trips.size
  let done = 0
  let sliceEndsMs = machine.monotonicMs() + RECOVERY_SLICE_MS
  const isSliceOver = () => {
    done += 1
    return machine.monotonicMs() >= sliceEndsMs
  }
  const pause = async () => {
    onProgress({ step: 'actors', done, of })
    await new Promise<void>(resolve => void machine.after(0, resolve))
    sliceEndsMs = machine.monotonicMs() + RECOVERY_SLICE_MS
  }
  const { saved } = recovered
  const isSaved = (entity: EntityKey, { version }: { readonly version: number }) =>
    version <= (saved.positions.get(entity) ?? 0)
  for (const call of recovered.calls.values()) {
    memory.setCall(call)
    if (isSaved(callKey(call.callId), call)) memory.callSaved(call)
  }
  memory.regionSaved(saved.positions.get(regionKey(memory.regionState.regionId)) ?? 0)
  for (const driver of recovered.drivers.values()) {
    const { unitId } = driver
    const location = recovered.locations.get(unitId) ?? new DriverLocation()
    const actor = population.addDriver(driver, location, clock.nowMs())
    if (isSaved(driverKey(unitId), driver)) actor.savedState = driver
    actor.savedMarks = saved.marks.get(unitId) ?? 0
    for (const stream of location.leaving) marks.left(unitId, location, stream)
    turns.desk.onDriver(undefined, driver, location.current)
    closed.recoverUnit(driver)
    if (isSliceOver()) await pause()
  }
  for (const trip of recovered.trips.values()) {
    const actor = population.addTrip(trip)
    if (isSaved(tripKey(trip.tripId), trip)) actor.savedState = trip
    turns.desk.onTrip(trip)
    if (isSliceOver()) await pause()
  }
  for (const call of recovered.calls.values()) {
    closed.recover(call)
    if (machine.monotonicMs() >= sliceEndsMs) await pause()
  }
  wheels.begin()
  if (!state.admission.isOver) letComeBack(recovered, { state, turns, watch, silence, freshness })
}

/**
 * In one go and last: crews can come back from now on, and a deadline must find whole states. Deadlines that passed while
 * the engine was down, and disconnects, count from the end of the grace.
 */
function letComeBack(
  recovered: Recovered,
  { state, turns, watch, silence, freshness }: Omit<Levels, 'location'>,
): void {
  const { memory, comeback, timers } = state
  const { deadlines, goneAlarms, notices, rematch } = turns
  comeback.begin()
  for (const driver of memory.driverActors()) {
    driver.disconnectedSinceMs = comeback.untilMs
    if (driver.state.work !== null) deadlines.watchDisconnect(driver.unitId, comeback.untilMs)
    deadlines.watchUnit(driver.state, comeback.untilMs)
    silence.recover(driver)
    freshness.recover(driver)
  }
  deadlines.watchRegion(memory.regionState, comeback.untilMs)
  silence.begin()
  watch.etas.begin()
  // Deadlines of one moment come in the order in which they are set, and the first may take the only unit.
  const trips = [...recovered.trips.values()].map(trip => ({ trip, ...turnOf(trip, memory.call(trip.callId), 0) }))
  for (const { trip } of trips.sort(compareAges)) deadlines.watchRecovered(trip)
  for (const trip of memory.openTripStates()) notices.recover(trip)
  goneAlarms.recover(memory.alarmed())
  // Not at once: the units that will serve those trips are only coming back.
  timers.at(comeback.untilMs, () => rematch.ask())
}

/** What of the stored rows does not fit, for the metrics and the log. Errors: LogOfLaterVersion. */
export function tellTroubles(
  { telemetry: { log, metrics }, regionId }: RegionParts,
  { quarantine, damage, later }: Recovered,
): void {
  if (later !== null) throw new LogOfLaterVersion(regionId, later)
  metrics.quarantined(regionId, quarantine.size)
  metrics.damaged(regionId, damage.rows())
  damage.tell(log)
  for (const reason of firstOf(quarantine.reasons(), REASONS_LOGGED)) {
    const { entity, event } = reason
    log.error({ err: reason, entity, event: event?.type }, 'an actor is in quarantine: the log contradicts itself')
  }
  const notLogged = quarantine.size - REASONS_LOGGED
  if (notLogged > 0) log.error({ more: notLogged }, 'more actors are in quarantine than are named')
}

function* firstOf<T>(items: Iterable<T>, most: number): Iterable<T> {
  let left = most
  for (const item of items) {
    if (left-- <= 0) return
    yield item
  }
}
