/**
 * Reference data that came or changed: what is new becomes events, so that every decision can be replayed from the log.
 *
 * A unit that was given up is retired by an event too. One with an open trip or offer ends that first: it waits in
 * `retiring`, which the engine fills anew after a restart, and the turn that frees it retires it.
 */
import { type DriverState, retireUnit } from '../../domain/driver.ts'
import type { UnitReference } from '../../domain/events.ts'
import { driverKey, type UnitId } from '../../domain/ids.ts'
import type { RegionMemory } from './memory.ts'
import type { Turn } from './turn.ts'
import { bySystem, type TurnRunner } from './turn-runner.ts'

/** Units registered or retired in one record, so that a large import does not make one huge turn. */
const UNITS_PER_RECORD = 256

/** Input: the region's units as they are now; `retired` those that it had and has no longer, null where nobody looked. */
export function takeUnits(
  memory: RegionMemory,
  turns: TurnRunner,
  units: readonly UnitReference[],
  retired: readonly UnitId[] | null,
): void {
  if (retired !== null) {
    // Before anything else is recorded: a unit that is registered again must not be retired in that very turn.
    memory.retiring.clear()
    for (const unitId of retired) if (isLive(memory.driver(unitId))) memory.retiring.add(unitId)
  }
  const changed = units.filter(unit => !isSame(memory.driver(unit.unitId), unit))
  for (const part of parts(changed)) {
    turns.run(bySystem(), turn => {
      // One in quarantine stays as it is; it must not keep the others of its part from being registered.
      const taken = part.filter(unit => !turn.isHeld(driverKey(unit.unitId)))
      for (const unit of part) {
        const entity = driverKey(unit.unitId)
        if (turn.isHeld(entity) && turn.driver(unit.unitId) === undefined) memory.heldReferences.set(entity, unit)
      }
      turn.record(taken.map(unit => ({ type: 'UnitRegistered', v: 1, entity: driverKey(unit.unitId), ...unit })))
      return undefined
    })
  }
  for (const part of parts([...memory.retiring])) {
    turns.run(bySystem(), turn => {
      retire(turn, memory.retiring, part)
      return undefined
    })
  }
}

/** Retires the units that this turn has freed and that were waiting for it. */
export function retireIdle(turn: Turn, retiring: Set<UnitId>): void {
  if (retiring.size > 0) retire(turn, retiring, [...turn.drivers.keys()])
}

function retire(turn: Turn, retiring: ReadonlySet<UnitId>, unitIds: readonly UnitId[]): void {
  for (const unitId of unitIds) {
    const driver = turn.driver(unitId)
    if (retiring.has(unitId) && driver !== undefined && !turn.isHeld(driverKey(unitId)))
      turn.record(retireUnit(driver, turn.nowMs))
  }
}

function* parts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += UNITS_PER_RECORD) yield items.slice(from, from + UNITS_PER_RECORD)
}

const isLive = (driver: DriverState | undefined): driver is DriverState =>
  driver !== undefined && driver.retired !== true

function isSame(known: DriverState | undefined, unit: UnitReference): boolean {
  return (
    isLive(known) &&
    known.callSign === unit.callSign &&
    known.levelOfCare === unit.levelOfCare &&
    known.homeStation === unit.homeStation &&
    known.capabilities.join(' ') === unit.capabilities.join(' ')
  )
}
