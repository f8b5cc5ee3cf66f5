/** What of the level that decides takes the commands of clients. */
import { contacted, whyNotCrew } from '../../../domain/unit/crew-duty.ts'
import { CommandTurns } from '../command-turns.ts'
import type { Desk } from '../desk.ts'
import { momentRange } from '../fix-limits.ts'
import type { RecordNews } from '../news.ts'
import type { RegionParts } from '../parts.ts'
import type { Recovered } from '../recovery.ts'
import type { RegionHospitals } from '../region-hospitals.ts'
import type { RegionRoads } from '../region-roads.ts'
import type { TurnRunner } from '../turn-runner.ts'
import type { Waking } from '../waking.ts'
import type { StateLevel } from './state-level.ts'

interface CommandParts {
  readonly desk: Desk
  readonly roads: RegionRoads
  readonly hospitals: RegionHospitals
  readonly turns: TurnRunner
  readonly record: RecordNews
  readonly waking: Waking
}

export function clientCommands(
  { names, regionId }: RegionParts,
  { memory, clock, policy, writer, outbox, admission }: StateLevel,
  outcomes: Recovered['outcomes'],
  { desk, roads, hospitals, turns, record, waking }: CommandParts,
): CommandTurns {
  const { retiring } = memory
  const choices = {
    order: desk.order.bind(desk),
    nearestUnitM: desk.nearestUnitM.bind(desk),
    regionId,
    roadsThere: roads.there.bind(roads),
    hospital: hospitals.destination.bind(hospitals),
  }
  return new CommandTurns({
    turns,
    outcomes,
    log: writer,
    outbox,
    admission,
    waking,
    heardOf: ({ principal, unitId }) => {
      const driver = unitId === null ? undefined : memory.driver(unitId)
      if (driver?.noContact !== undefined && whyNotCrew(driver, principal) === null) record(contacted(driver))
    },
    contextOf: ({ principal, unitId }) => {
      const moments = momentRange(clock)
      return {
        principal,
        unitId,
        moments,
        newId: names.newId,
        policy: policy.standing,
        desk: choices,
        memory,
        retiring,
      }
    },
  })
}
