/**
 * The actors that an event did not fit. Each is held as it last was, so that its neighbours go on without it.
 *
 * One that is held can be read, and a unit's fixes still place it. An event of its own is refused; one of a neighbour is
 * recorded and changes the neighbour alone. Nothing of this is stored: a start folds the log anew, finds again what is
 * still true, and whoever is whole then has followed all that happened meanwhile. A release is an event: it says from
 * which state the actor goes on, so that the fold comes to it whatever stands before.
 */

import type { Refusal } from '../../base/refusal.ts'
import { type EntityKey, type HeldKind, idOf, kindOf } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { HeldShown, Told } from '../../protocol/told.ts'

/** `evolve` does not take an event for this entity: one of the two cannot be as it is, which is our own mistake. */
export class EventRejected extends Error {
  override readonly name = 'EventRejected'
  readonly entity: EntityKey
  readonly event: DomainEvent

  constructor(entity: EntityKey, event: DomainEvent, cause: unknown) {
    super(`${entity} does not take ${event.type}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.entity = entity
    this.event = event
  }
}

/** Why an actor is held: an event that it does not take, or stored data of it that is damaged. */
export interface HeldReason {
  readonly entity: EntityKey
  readonly message: string
  /** The event that did not fit, where it was one. */
  readonly event?: Pick<DomainEvent, 'type'>
}

export class Quarantine {
  readonly #held = new Map<EntityKey, HeldReason>()

  get size(): number {
    return this.#held.size
  }

  has(entity: EntityKey): boolean {
    return this.#held.size > 0 && this.#held.has(entity)
  }

  hold(reason: HeldReason): void {
    if (!this.#held.has(reason.entity)) this.#held.set(reason.entity, reason)
  }

  /** The actor goes on from what was recorded of it. */
  release(entity: EntityKey): void {
    this.#held.delete(entity)
  }

  /** Why each is held, in the order in which it was found. */
  reasons(): Iterable<HeldReason> {
    return this.#held.values()
  }

  /** The entity whose event this is, if it is held; null when it is not. */
  heldBy(event: DomainEvent): EntityKey | null {
    return this.has(event.entity) ? event.entity : null
  }
}

const WORDS = { driver: 'Unit', trip: 'Trip', call: 'Call' } as const
const WAYS_OUT = {
  driver: 'let its crew sign on to another unit',
  trip: 'enter its call anew',
  call: 'enter the call anew',
} as const
const WHY = 'is held, because an event did not fit its state'

const heldKindOf = (entity: EntityKey) => kindOf(entity) as HeldKind

/** The answer to a command that would change the held actor. */
export function quarantined(entity: EntityKey): Refusal {
  const [kind, id] = [heldKindOf(entity), idOf(entity)]
  const name = `${WORDS[kind]} ${id}`
  const message = `${name} ${WHY}; ${WAYS_OUT[kind]}, or let a supervisor release it.`
  return { code: 'quarantined', message, details: { [`${kind === 'driver' ? 'unit' : kind}Id`]: id } }
}

/** Held actors that are shown by name. */
const SHOWN_MAX = 1_000

/** The notice for watchers of the board: events of these actors will not come. */
export function quarantineNotice(all: readonly EntityKey[]): Told {
  const entities = all.slice(0, SHOWN_MAX)
  const idsOf = (kind: HeldKind) => entities.filter(entity => kindOf(entity) === kind).map(idOf)
  const message =
    'The units, trips and calls of details are held, because an event did not fit their state; let the operator look into the log.'
  const details = { unitIds: idsOf('driver'), tripIds: idsOf('trip'), callIds: idsOf('call') }
  return { type: 'refused', id: null, refusal: { code: 'quarantined', message, details } }
}

const KINDS = { driver: 'unit', trip: 'trip', call: 'call' } as const

export function heldView(quarantine: Quarantine): HeldShown {
  const items: HeldShown['items'][number][] = []
  for (const { entity, message } of quarantine.reasons()) {
    if (items.length === SHOWN_MAX) break
    const [kind, id] = [heldKindOf(entity), idOf(entity)]
    items.push({ kind: KINDS[kind], id, why: message })
  }
  return { items, more: quarantine.size - items.length }
}
