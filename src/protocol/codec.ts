/**
 * Messages to bytes and back: MessagePack through msgpackr, or the same tuples as JSON text.
 *
 * Nothing here checks what a stranger sent: the server decodes only what `prescan.ts` has let through, and `parse.ts`
 * validates what comes out. Runs in browsers too, so it imports nothing of Node.
 */
import { Packr } from 'msgpackr'
import type { ClientMessage } from './wire/client-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName, SERVER_TYPES, type ServerTypeName } from './wire/message-types.ts'
import type { ServerMessage } from './wire/server-tuples.ts'

export type WireFormat = 'binary' | 'json'

/** The server sent bytes that are no message at all. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage'
}

/** A well-formed message of a type added later: no reason to give up the connection. */
export class UnknownMessageType extends UnreadableMessage {}

// Records are off because they write extension types; an absent value becomes nil, as undefined would be an extension.
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
  int64AsType: 'number',
})

const SERVER_NAMES = new Map<unknown, ServerTypeName>()
for (const [name, code] of Object.entries(SERVER_TYPES)) SERVER_NAMES.set(code, name as ServerTypeName)

/** Output: bytes for `binary`, text for `json`. */
export function encodeServer(message: ServerMessage, format: WireFormat): Uint8Array | string {
  return format === 'json' ? JSON.stringify(message) : pack(SERVER_TYPES[message[0]], message)
}

/** Output: bytes for `binary`, text for `json`. */
export function encodeClient(message: ClientMessage, format: WireFormat): Uint8Array | string {
  return format === 'json' ? JSON.stringify(message) : pack(CLIENT_TYPES[message[0] as ClientTypeName], message)
}

/**
 * Reads a server's frame: bytes are MessagePack, a string is JSON. The server is trusted to send what it promises, so
 * only the type is looked at. Errors: UnreadableMessage for bytes that are no message, UnknownMessageType for a type
 * that was added later.
 */
export function decodeServer(data: Uint8Array | string): ServerMessage {
  let message: unknown
  try {
    message = typeof data === 'string' ? JSON.parse(data) : decodeBinary(data)
  } catch (error) {
    throw new UnreadableMessage('The server sent bytes that are no message.', { cause: error })
  }
  if (!Array.isArray(message)) throw new UnreadableMessage('The server sent something that is not a tuple.')
  const name = typeof data === 'string' ? jsonName(message[0]) : SERVER_NAMES.get(message[0])
  if (name === undefined) throw new UnknownMessageType(`The server sent a message of unknown type ${message[0]}.`)
  message[0] = name
  return message as ServerMessage
}

/** One MessagePack value. Input: bytes that `scanBinary` has passed, or that come from the server. Errors: throws on bad bytes. */
export function decodeBinary(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}

function pack(code: number, message: readonly unknown[]): Uint8Array {
  const tuple = message.slice()
  tuple[0] = code
  return packr.pack(tuple)
}

function jsonName(type: unknown): ServerTypeName | undefined {
  return typeof type === 'string' && Object.hasOwn(SERVER_TYPES, type) ? (type as ServerTypeName) : undefined
}
