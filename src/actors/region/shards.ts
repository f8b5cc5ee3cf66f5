/**
 * The actors between a region and its drivers or trips, so that no actor has too many children.
 *
 * comedy's creating and ending of a child costs O(siblings): 207 µs to end one among 100,000, 12 µs when they are split.
 */
import type { ActorRef, ActorSystem, Behaviour } from '../actor-system.ts'
import type { Mailbox } from '../mailbox.ts'

const SHARDS = 256

const SILENT: Behaviour<never> = { accepts: [], receive: () => {} }

export class Shards {
  readonly #system: ActorSystem
  readonly #mailbox: Mailbox
  readonly #shards: ActorRef<never>[]

  constructor(system: ActorSystem, parent: ActorRef<never>, mailbox: Mailbox, name: string) {
    this.#system = system
    this.#mailbox = mailbox
    const middle = system.spawn(parent, mailbox, name, SILENT)
    this.#shards = Array.from({ length: SHARDS }, (_, shard) => system.spawn(middle, mailbox, String(shard), SILENT))
  }

  spawn<M extends { readonly type: string }>(id: string, behaviour: Behaviour<M>): ActorRef<M> {
    return this.#system.spawn(this.#shards[shardOf(id)]!, this.#mailbox, id, behaviour)
  }
}

/** FNV-1a over the id's code units: the same id always lies in the same shard. */
function shardOf(id: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % SHARDS
}
