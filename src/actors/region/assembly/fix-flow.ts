/** How fixes flow through a region: who takes them and tells of moves, and where they wait for their turn. */
import type { MachineClock } from '../../../base/time.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { Feeds } from '../feeds/feeds.ts'
import type { MoveFollower } from '../followers.ts'
import { CoalescedMoves } from '../overload/coalesced-moves.ts'
import { FixIntake, type SenderMessage } from '../overload/fix-intake.ts'
import { refuseRequest } from '../send-refusal.ts'
import { UnitFixes } from '../unit-fixes.ts'
import type { WheelWatch } from '../wheel-watch.ts'
import type { StateLevel } from './state-level.ts'

interface FixFlowPorts {
  readonly machine: MachineClock
  readonly metrics: Metrics
  readonly wheels: WheelWatch
  readonly followers: readonly MoveFollower[]
}

export function unitFixesOf(
  { clock, policy, segments, overload }: StateLevel,
  { machine, metrics, wheels, followers }: FixFlowPorts,
) {
  const moves = new CoalescedMoves({ machine, overload, followers })
  return {
    moves,
    fixes: new UnitFixes({ clock, policy, machine, metrics, segments, wheels, followers: [moves] }),
  }
}

export function intakeOf(state: StateLevel, machine: MachineClock, feeds: Feeds, fixes: UnitFixes): FixIntake {
  const { ref, overload } = state
  return new FixIntake({
    machine,
    overload,
    backlog: () => ref.mailbox.depth + feeds.mailboxFixes,
    deliver: message => delivered(state, feeds, message),
    refuse: (session, requestId, refusal) => {
      if (requestId === null) fixes.refuseFixes(session, refusal)
      else refuseRequest(session, requestId, refusal)
    },
  })
}

/** Puts a message of who sends fixes into the mailbox; false when that is full. */
function delivered({ ref, memory }: StateLevel, feeds: Feeds, message: SenderMessage): boolean {
  const { session } = message
  // What a crew asks under an id is the region's to answer.
  const isOfUnit = session.role === 'driver' && (message.type === 'session-closed' || !('id' in message.request))
  if (isOfUnit) return memory.driverRef(session.unitId ?? '')?.tell(message) ?? true
  if (message.type !== 'asked' || message.request.type !== 'feed-fixes') return ref.tell(message)
  const count = message.request.fixes.length
  if (!feeds.admit(count)) return false
  if (ref.tell(message)) return true
  feeds.turnBack(count)
  return false
}
