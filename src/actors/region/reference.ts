/** Reference data that came or changed: what is new becomes events, so that every decision can be replayed from the log. */
import type { DriverState } from '../../domain/driver.ts'
import type { UnitReference } from '../../domain/events.ts'
import { driverKey } from '../../domain/ids.ts'
import type { States } from './turn.ts'
import { bySystem, type TurnRunner } from './turn-runner.ts'

/** Units registered in one record, so that a large import does not make one huge turn. */
const UNITS_PER_RECORD = 256

export function registerUnits(states: States, turns: TurnRunner, units: readonly UnitReference[]): void {
  const changed = units.filter(unit => !isSame(states.driver(unit.unitId), unit))
  for (let from = 0; from < changed.length; from += UNITS_PER_RECORD) {
    const part = changed.slice(from, from + UNITS_PER_RECORD)
    turns.run(bySystem(), turn => {
      turn.record(part.map(unit => ({ type: 'UnitRegistered', v: 1, entity: driverKey(unit.unitId), ...unit })))
      return undefined
    })
  }
}

function isSame(known: DriverState | undefined, unit: UnitReference): boolean {
  return (
    known !== undefined &&
    known.callSign === unit.callSign &&
    known.levelOfCare === unit.levelOfCare &&
    known.homeStation === unit.homeStation &&
    known.capabilities.join(' ') === unit.capabilities.join(' ')
  )
}
