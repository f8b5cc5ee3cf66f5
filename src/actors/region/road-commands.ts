/** The turns in which a dispatcher closes roads, or says that they are open again. */
import type { CloseRoads, ReopenRoads } from '../../domain/commands.ts'
import { closeRoads, reopenRoads } from '../../domain/drawn-zones.ts'
import { quietRegion } from '../../domain/region-state.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import type { Turn } from './turn.ts'

export function steerRoads(
  turn: Turn,
  command: CloseRoads | ReopenRoads,
  { newId, desk }: Pick<CommandContext, 'newId' | 'desk'>,
): TurnOutcome {
  const { regionId } = desk
  const region = turn.region(regionId) ?? quietRegion(regionId)
  const zoneId = command.type === 'reopen-roads' ? command.zoneId : newId()
  const decision =
    command.type === 'reopen-roads'
      ? reopenRoads(region, command)
      : closeRoads(region, command, zoneId, () => desk.roadsThere(command), turn.nowMs)
  if (!decision.ok) return decision
  turn.record(decision.events)
  return { ok: true, result: { zoneId } }
}
