/** Takes a step of region time: spans that run go on as before, and each session is told the new time after its welcome. */
import type { Session } from '../region-handle.ts'
import type { RegionAssembly } from './assembly.ts'

export function stepClock(
  { state, turns, silence, freshness }: Pick<RegionAssembly, 'state' | 'turns' | 'silence' | 'freshness'>,
  byMs: number,
  sessions: readonly Session[],
): void {
  const { outbox, writer, clock, comeback, memory } = state
  outbox.hold(writer.head, () => {
    for (const session of sessions) session.tell({ type: 'clock', clock: clock.view() })
  })
  comeback.stepped(byMs)
  turns.deadlines.stepped(byMs)
  for (const driver of memory.driverActors()) {
    if (driver.disconnectedSinceMs !== null) driver.disconnectedSinceMs += byMs
  }
  turns.desk.stepped()
  silence.stepped(byMs)
  freshness.anew()
  // Units whose fixes seemed old may be sent again, first for who has waited, not for who calls next.
  turns.rematch.ask()
}
