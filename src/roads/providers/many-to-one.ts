/**
 * Travel times from many to one: the port behind which the own roads stand, and a routing server that a centre has already.
 *
 * A server is asked over a network, so an answer is a promise, and may be that there is none. Who must decide at once asks
 * `RoadRanking`; this is for what can wait some hundred milliseconds, and for comparing the two.
 */
import type { NotByServer, RoutingServerKind } from '../../domain/dispatch/routing-server.ts'
import type { Position } from '../../domain/geo.ts'
import type { Priority } from '../../domain/vocabulary.ts'

export interface ManyToOneAsk {
  readonly from: readonly Position[]
  readonly to: Position
  /** Who drives with siren, and by which hour. A server may know of neither. */
  readonly priority: Priority
  readonly atMs: number
}

/** Why there is no answer. `busy` is said by who asks. */
export type NoTimes = Exclude<NotByServer, 'busy'>

export type ManyToOneAnswer =
  | {
      readonly ok: true
      /** By place, in whole milliseconds; null from where no way leads, or what is not on the roads. */
      readonly driveMs: readonly (number | null)[]
      /** Who made them. */
      readonly basis: 'roads' | RoutingServerKind
    }
  | { readonly ok: false; readonly why: NoTimes; readonly message: string }

export interface ManyToOne {
  /** Never rejects. */
  timesToOne(ask: ManyToOneAsk): Promise<ManyToOneAnswer>
}
