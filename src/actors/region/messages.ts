/** What a region's own actor may be told, and what becomes of a message that no actor will get. */
import type { UnitReference } from '../../domain/events.ts'
import type { DriverMessage } from '../driver/driver-actor.ts'
import { UNAVAILABLE } from '../refusals.ts'
import type { CommandRequest, HelloRequest, Query, QueryAnswer, Session } from '../region-handle.ts'
import type { TripMessage } from '../trip/trip-actor.ts'
import type { Deadline } from './deadlines.ts'

export type NearestQuery = Query & { readonly type: 'nearest' }
export type Answer = (answer: QueryAnswer) => void

export type RegionMessage =
  | { readonly type: 'command'; readonly request: CommandRequest }
  | { readonly type: 'query'; readonly query: NearestQuery; readonly answer: Answer }
  | { readonly type: 'session-opened'; readonly session: Session; readonly hello: HelloRequest }
  | { readonly type: 'session-closed'; readonly session: Session }
  | {
      readonly type: 'watch-board'
      readonly session: Session
      readonly requestId: string
      readonly from: number | null
    }
  | { readonly type: 'unwatch-board'; readonly session: Session; readonly requestId: string }
  | { readonly type: 'units'; readonly units: readonly UnitReference[] }
  | { readonly type: 'deadline'; readonly deadline: Deadline }
  | { readonly type: 'match' }

/** Whoever waits for the answer to a message of a region that was dropped is told so. */
export function answerUnheard(message: RegionMessage | DriverMessage | TripMessage): void {
  if (message.type === 'command') message.request.answer({ ok: false, refusal: UNAVAILABLE })
  else if (message.type === 'query' || message.type === 'read') message.answer({ ok: false, refusal: UNAVAILABLE })
}
