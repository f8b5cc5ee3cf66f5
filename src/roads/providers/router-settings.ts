/** What both kinds of routing servers are told, and how what they answer becomes our times. */
import { z } from 'zod'
import type { RoutingServerKind } from '../../domain/dispatch/routing-server.ts'
import type { Priority } from '../../domain/vocabulary.ts'
import type { ManyToOneAnswer, ManyToOneAsk, NoTimes } from './many-to-one.ts'

export interface RouterSettings {
  /** `http://127.0.0.1:5000`; a path is kept. */
  readonly baseUrl: string
  readonly timeoutMs: number
  readonly maxBytes: number
  /** Places in one request, the destination among them: what the server takes at most. */
  readonly maxPlaces: number
  /** By which part of the server's times a priority drives; 1 where it is left out. A server knows no siren. */
  readonly shareOfTime?: Readonly<Partial<Record<Priority, number>>>
}

/** A day: a server that says more does not speak of seconds. */
const MAX_SECONDS = 86_400
/** Seconds, whole or not; null where no way leads. */
export const secondsSchema = z.number().min(0).max(MAX_SECONDS).nullable()

/** Input: seconds by place. */
export function timesIn(
  seconds: readonly (number | null)[],
  { shareOfTime = {} }: RouterSettings,
  priority: Priority,
  basis: RoutingServerKind,
): ManyToOneAnswer {
  const share = shareOfTime[priority] ?? 1
  return { ok: true, driveMs: seconds.map(each => (each === null ? null : Math.round(each * share * 1_000))), basis }
}

/** What needs no request: nobody is asked for, or more than the server takes; null where it has to be asked. */
export function withoutAsking(
  { from, priority }: ManyToOneAsk,
  settings: RouterSettings,
  basis: RoutingServerKind,
): ManyToOneAnswer | null {
  const { maxPlaces } = settings
  if (from.length === 0) return timesIn([], settings, priority, basis)
  if (from.length + 1 <= maxPlaces) return null
  return none('too-many', `There are ${from.length} places, of at most ${maxPlaces - 1}.`)
}

export const none = (why: NoTimes, message: string): ManyToOneAnswer => ({ ok: false, why, message })
