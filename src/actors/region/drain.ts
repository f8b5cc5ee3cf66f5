/** How a region comes to rest: it writes everything out, then the snapshots that make the next start short. */
import { isStoreAway } from '../../store/postgres/postgres-faults.ts'
import type { Mailbox } from '../mailbox.ts'
import type { RegionAssembly } from './assembly.ts'
import type { RegionParts } from './parts.ts'

/** How often a drain looks whether its time is over. */
const DRAIN_LOOK_MS = 100
/** How often it is looked whether everything is settled. */
const SETTLED_LOOK_MS = 5

/** Until when a drain may wait for what is not durable, and write snapshots; monotonic. */
export interface DrainLimits {
  readonly flushUntilMs: number
  readonly snapshotsUntilMs: number
}

const NO_LIMITS: DrainLimits = {
  flushUntilMs: Number.POSITIVE_INFINITY,
  snapshotsUntilMs: Number.POSITIVE_INFINITY,
}

/** Resolves when everything told so far was handled, is durable and has left, at the latest after `limitMs`. */
export async function settled(
  { shared: { machine } }: RegionParts,
  { state: { admission, outbox, writer }, turns: { waking }, location: { intake } }: RegionAssembly,
  mailbox: Mailbox,
  limitMs: number,
): Promise<void> {
  const untilMs = machine.monotonicMs() + limitMs
  const waits = () => mailbox.depth + waking.depth + outbox.depth + writer.pending + intake.waitingBytes > 0
  while (!admission.isOver && waits()) {
    if (machine.monotonicMs() >= untilMs) return
    await new Promise<void>(resolve => void machine.after(SETTLED_LOOK_MS, resolve))
  }
}

/** Works as long as there is time, and logs what is left undone. Errors: those of the journal that time does not mend. */
export async function drain(
  { shared: { machine }, telemetry: { log }, regionId }: RegionParts,
  { state, turns, checkpoint }: RegionAssembly,
  { flushUntilMs, snapshotsUntilMs }: DrainLimits = NO_LIMITS,
): Promise<void> {
  const { admission, writer, segments, memory } = state
  // Nothing new is decided: what waits for a look into the store is sent again to whoever comes next.
  turns.waking.stop()
  // Deadlines still come: only a moment at which everything is durable may be kept.
  while (!admission.isOver && (writer.pending > 0 || segments.queuedFixes > 0)) {
    const leftMs = flushUntilMs - machine.monotonicMs()
    if (leftMs <= 0) {
      const left = { region: regionId, records: writer.pending, fixes: segments.queuedFixes }
      log.warn(
        left,
        'stopped before everything was written; nobody was told of what is left, and clients send it again',
      )
      return
    }
    const idle = Promise.all([writer.idle(), segments.idle()])
    const look = new Promise<void>(resolve => void machine.after(Math.min(leftMs, DRAIN_LOOK_MS), resolve))
    await Promise.race([idle, look])
  }
  if (admission.isOver) return
  if (memory.quarantine.size > 0) {
    log.warn({ region: regionId }, 'no snapshots are written while actors are in quarantine')
    return
  }
  const isDone = await checkpoint.close(snapshotsUntilMs).catch(error => {
    if (!isStoreAway(error)) throw error
    return false
  })
  if (!isDone) log.warn({ region: regionId }, 'not all snapshots were written; the next start reads more of the log')
}

/** Forgets everything: nothing more is decided, answered or written. */
export function endAll(
  { telemetry: { metrics, outages }, regionId }: RegionParts,
  { state, turns, watch, location, upkeep, checkpoint }: RegionAssembly,
): void {
  metrics.quarantined(regionId, null)
  metrics.damaged(regionId, null)
  for (const lane of ['records', 'segments']) {
    const who = `${regionId}/${lane}`
    for (const trouble of ['writes', 'stalled'] as const) outages.worked(trouble, who)
  }
  const { timers, writer, segments, marks, store, outbox } = state
  const { live, etas, board, snapshots, freshness } = watch
  const all = [
    timers,
    location.intake,
    location.moves,
    location.feeds,
    location.trackers,
    live,
    etas,
    board,
    freshness,
    snapshots,
    upkeep,
    checkpoint,
    writer,
    segments,
    marks,
    turns.waking,
    store,
  ]
  for (const one of all) one.stop()
  outbox.dropAll()
}
