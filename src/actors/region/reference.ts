/**
 * Reference data that came or changed: what is new becomes events, so that every decision can be replayed from the log.
 *
 * A unit that was given up is retired by an event too. One with an open trip or offer ends that first: it waits in
 * `retiring`, which the engine fills anew after a restart, and the turn that frees it retires it.
 */
import type { Sync } from '../../base/sync.ts'
import { driverKey } from '../../domain/entity.ts'
import { canTransport, type UnitReference } from '../../domain/events/unit-events.ts'
import type { UnitId } from '../../domain/ids.ts'
import { retireUnit } from '../../domain/retire.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import { bySystem, type Origin } from './cause.ts'
import type { TurnFollower, TurnStep } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { UnitChanges } from './messages.ts'
import type { Turn } from './turn.ts'

/** Units registered or retired in one record, so that a large import does not make one huge turn. */
const UNITS_PER_RECORD = 256
/** Units compared with what is known of them, or noted as given up, in one go. */
const UNITS_PER_LOOK = 1_024

/** Where turns are run; `TurnRunner` is one. */
interface Turns {
  run(cause: Origin, body: (turn: Turn) => Sync<undefined>): unknown
}

/** Takes changes of the region's units. It yields where others are to have their turn; other changes wait for its end. */
export function* takeUnits(
  memory: RegionMemory,
  turns: Turns,
  { units, retired = [] }: UnitChanges,
): Generator<undefined, void> {
  const { retiring } = memory
  for (const part of parts(retired, UNITS_PER_LOOK)) {
    for (const unitId of part) if (isLive(memory.driver(unitId))) retiring.add(unitId)
    if (part.length === UNITS_PER_LOOK) yield
  }
  if (retiring.size > 0) {
    // Before anything is recorded: a unit that is registered again must not be retired in that very turn.
    for (const part of parts(units, UNITS_PER_LOOK)) {
      for (const { unitId } of part) retiring.delete(unitId)
      if (part.length === UNITS_PER_LOOK) yield
    }
  }
  let changed: UnitReference[] = []
  for (const part of parts(units, UNITS_PER_LOOK)) {
    for (const unit of part) if (!isSame(memory.driver(unit.unitId), unit)) changed.push(unit)
    while (changed.length >= UNITS_PER_RECORD) {
      register(memory, turns, changed.slice(0, UNITS_PER_RECORD))
      changed = changed.slice(UNITS_PER_RECORD)
      yield
    }
    if (part.length === UNITS_PER_LOOK) yield
  }
  if (changed.length > 0) register(memory, turns, changed)
  // Only units without a trip leave here; the other units leave in the turn that frees them.
  let leaving: UnitId[] = []
  for (const unitId of memory.retiring) {
    leaving.push(unitId)
    if (leaving.length < UNITS_PER_RECORD) continue
    retireAll(memory, turns, leaving)
    leaving = []
    yield
  }
  if (leaving.length > 0) retireAll(memory, turns, leaving)
}

function retireAll(memory: RegionMemory, turns: Turns, unitIds: readonly UnitId[]): void {
  turns.run(bySystem(), turn => {
    retire(turn, memory.retiring, unitIds)
    return undefined
  })
}

function register(memory: RegionMemory, turns: Turns, units: readonly UnitReference[]): void {
  turns.run(bySystem(), turn => {
    // One in quarantine stays as it is; it must not keep the others of its part from being registered.
    const taken = units.filter(unit => !turn.isHeld(driverKey(unit.unitId)))
    for (const unit of units) {
      const entity = driverKey(unit.unitId)
      if (turn.isHeld(entity) && turn.driver(unit.unitId) === undefined) memory.heldReferences.set(entity, unit)
    }
    turn.record(taken.map(unit => ({ type: 'UnitRegistered', v: 1, entity: driverKey(unit.unitId), ...unit })))
    return undefined
  })
}

/** Retires the units that a turn has freed and that were waiting for it; `retiring` has them until they are. */
export const retirement = ({ retiring }: Pick<RegionMemory, 'retiring'>): TurnStep & TurnFollower => ({
  extend(turn) {
    if (retiring.size > 0) retire(turn, retiring, [...turn.drivers.keys()])
  },
  committed(turn) {
    for (const { unitId, retired } of turn.drivers.values()) if (retired === true) retiring.delete(unitId)
  },
})

function retire(turn: Turn, retiring: ReadonlySet<UnitId>, unitIds: readonly UnitId[]): void {
  for (const unitId of unitIds) {
    const driver = turn.driver(unitId)
    if (retiring.has(unitId) && driver !== undefined && !turn.isHeld(driverKey(unitId)))
      turn.record(retireUnit(driver, turn.nowMs))
  }
}

function* parts<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}

const isLive = (driver: DriverState | undefined): driver is DriverState =>
  driver !== undefined && driver.retired !== true

function isSame(known: DriverState | undefined, unit: UnitReference): boolean {
  return (
    isLive(known) &&
    known.callSign === unit.callSign &&
    known.levelOfCare === unit.levelOfCare &&
    known.transports === canTransport(unit) &&
    known.homeStation === unit.homeStation &&
    known.capabilities.join(' ') === unit.capabilities.join(' ')
  )
}
