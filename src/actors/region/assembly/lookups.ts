/** What of the level that decides asks the store for what has left memory. */
import type { Damage } from '../../../store/log/journal.ts'
import { tellDamage } from '../damage.ts'
import { lookUp, notInMemory } from '../looking-up.ts'
import type { RegionParts } from '../parts.ts'
import type { Recovered } from '../recovery.ts'
import { Waking } from '../waking.ts'
import type { StateLevel } from './state-level.ts'

export function wakingOf(
  { shared: { journal, machine }, telemetry: { log, metrics }, regionId }: RegionParts,
  { outcomes, damage }: Recovered,
  { ref, memory, writer }: StateLevel,
): Waking {
  const damaged = (found: Damage) => {
    damage.note(found)
    metrics.damaged(regionId, damage.rows())
    tellDamage(log, found)
  }
  const failed = (err: unknown) => log.warn({ region: regionId, err }, 'what has left memory cannot be read')
  const ports = { journal, region: regionId, log: writer, damaged, failed }
  return new Waking({
    scheduler: machine,
    missing: wanted => notInMemory(memory, outcomes, wanted),
    lookUp: wanted => lookUp(ports, wanted),
    later: found => void ref.tell({ type: 'looked-up', found }),
    outcomes,
    log: writer,
  })
}
