/**
 * Every message that a client may send, a row each: who may send it, which rate it takes from, who in the region takes it,
 * its fields, and what the reply to it holds. Its number and its tuple stand in `wire/`, which clients share.
 *
 * The door, the limits, the region's host, the schemas and the tables of the documents go by these rows. A new message is a
 * row in a file of `messages/`, its number and tuple, a case where its owner takes it (`hand-over.ts` for the region), a
 * method of the client, and a row of the documents.
 */
import type { FeedFixesRequest, FixRequest, HintRequest } from './fix-frame.ts'
import { CREW_MESSAGES } from './messages/crew-messages.ts'
import { DESK_MESSAGES } from './messages/desk-messages.ts'
import { FEED_MESSAGES } from './messages/feed-messages.ts'
import type { MessageRow, Shape } from './messages/message-row.ts'
import { NOTE_MESSAGES } from './messages/note-messages.ts'
import { ROAD_MESSAGES } from './messages/road-messages.ts'
import { SESSION_MESSAGES } from './messages/session-messages.ts'
import { WATCH_MESSAGES } from './messages/watch-messages.ts'
import type { ClientTypeName } from './wire/message-types.ts'

export const CLIENT_MESSAGES = {
  ...SESSION_MESSAGES,
  ...CREW_MESSAGES,
  ...DESK_MESSAGES,
  ...NOTE_MESSAGES,
  ...WATCH_MESSAGES,
  ...ROAD_MESSAGES,
  ...FEED_MESSAGES,
} as const satisfies Readonly<Record<ClientTypeName, MessageRow>>

type Rows = typeof CLIENT_MESSAGES
/** What the messages become that have a shape. */
type OrdinaryRequest = {
  [T in ClientTypeName]: Rows[T]['shape'] extends Shape<infer Request> ? Request : never
}[ClientTypeName]
export type ClientRequest = OrdinaryRequest | FixRequest | HintRequest | FeedFixesRequest

/** The row of a message, its types widened to those of every row. */
export const rowOf = (type: ClientTypeName): MessageRow => CLIENT_MESSAGES[type]

/** The message's own name: a command's is the command's. */
export function messageName(request: Exclude<ClientRequest, { type: 'hello' }>): Exclude<ClientTypeName, 'hello'>
export function messageName(request: ClientRequest): ClientTypeName
export function messageName(request: ClientRequest): ClientTypeName {
  return request.type === 'command' ? request.command.type : request.type
}
