/** Tells the log, the metrics and the watchers of the board of actors that come into quarantine and leave it. */
import type { EntityKey } from '../../domain/entity.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Board } from './board.ts'
import type { TurnFollower } from './followers.ts'
import type { Outbox } from './outbox.ts'
import { type EventRejected, type Quarantine, quarantineNotice } from './quarantine.ts'

interface QuarantineNewsPorts {
  readonly quarantine: Quarantine
  readonly writer: { readonly head: number }
  readonly outbox: Outbox
  readonly board: Board
  readonly metrics: Metrics
  readonly log: Logger
}

export class QuarantineNews implements TurnFollower {
  readonly #ports: QuarantineNewsPorts
  readonly #regionId: RegionId

  constructor(ports: QuarantineNewsPorts, regionId: RegionId) {
    this.#ports = ports
    this.#regionId = regionId
  }

  held(rejected: EventRejected): void {
    const { outbox, writer, board, log } = this.#ports
    const { entity, event } = rejected
    log.error({ err: rejected, entity, event: event.type }, 'an actor is in quarantine: an event does not fit it')
    this.#count()
    outbox.hold(writer.head, () => board.tell(quarantineNotice([entity])))
  }

  released(entity: EntityKey): void {
    this.#ports.log.warn({ entity }, 'an actor was released from quarantine')
    this.#count()
  }

  #count(): void {
    const { metrics, quarantine } = this.#ports
    metrics.quarantined(this.#regionId, quarantine.size)
  }
}
