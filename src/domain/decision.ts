/** What a decider answers: events that happened, or a refusal that says why not. */
import type { Refused } from '../base/result.ts'
import type { DomainEvent } from './events.ts'

export type Decision = { readonly ok: true; readonly events: readonly DomainEvent[] } | Refused

export const accepted = (...events: DomainEvent[]): Decision => ({ ok: true, events })

/** Where in the log an event stands, and when we heard of it: what `evolve` needs beside the event itself. */
export interface EventMeta {
  readonly position: number
  /** Of the record, or of the event where it says so itself. */
  readonly recordedAtMs: number
}

/**
 * An event met a state in which it cannot have happened: our own mistake, never a client's.
 * The turn that made it changes nothing; met during replay, it means that the log is not what we think.
 */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant'
}

export function invariant(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new BrokenInvariant(what())
}
