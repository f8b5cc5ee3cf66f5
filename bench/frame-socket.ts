/**
 * A WebSocket client with nothing to spare: 15,000 of them fit a process and leave the machine to the engine.
 *
 * It speaks just what the benches need: an upgrade to the binary subprotocol, unfragmented binary frames both ways,
 * pings answered. Its frames are masked with a key of zeros, which RFC 6455 allows and which costs nothing.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { SUBPROTOCOL_BINARY } from '../src/protocol/wire/message-types.ts'

export interface FrameHandlers {
  /** Somebody listens there; what comes of the upgrade is not known yet. */
  onConnect?(): void
  onOpen(): void
  /** Valid during the call only. */
  onFrame(payload: Buffer): void
  onPong?(): void
  /** Once, however it ended; `code` is that of a close frame. */
  onEnd(why: string, code: number | null): void
}

const OPCODE = { binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa }
const EMPTY = Buffer.alloc(0)

export class FrameSocket {
  readonly #socket: Socket
  readonly #handlers: FrameHandlers
  #rest: Buffer = EMPTY
  #upgraded = false
  #ended = false

  /** Input: `localAddress` is one of 127.0.0.0/8; each has ephemeral ports of its own. */
  constructor(port: number, handlers: FrameHandlers, localAddress?: string) {
    this.#handlers = handlers
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, ...(localAddress && { localAddress }) })
    this.#socket.on('connect', () => {
      handlers.onConnect?.()
      this.#socket.write(upgradeRequest(port))
    })
    this.#socket.on('data', chunk => this.#take(chunk))
    this.#socket.on('error', error => this.#end(error.message, null))
    this.#socket.on('close', () => this.#end('closed', null))
  }

  send(payload: Uint8Array): void {
    this.#socket.write(frame(OPCODE.binary, payload))
  }

  /** Bytes that wait here until the other end reads. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** What comes is left to the kernel, until that takes no more either. */
  stopReading(): void {
    this.#socket.pause()
  }

  ping(): void {
    this.#socket.write(frame(OPCODE.ping, EMPTY))
  }

  /** As a lost network does it: without a word, and without a port that lingers. */
  cut(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  #take(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#upgraded) {
      const end = data.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#rest = data
        return
      }
      const status = data.subarray(0, data.indexOf('\r\n')).toString('latin1')
      if (!status.includes(' 101 ')) return this.#refused(status)
      this.#upgraded = true
      data = data.subarray(end + 4)
      this.#handlers.onOpen()
    }
    while (!this.#ended) {
      const length = frameLength(data)
      if (length === null || data.length < length.header + length.payload) break
      const payload = data.subarray(length.header, length.header + length.payload)
      this.#takeFrame(data[0]! & 0x0f, payload)
      data = data.subarray(length.header + length.payload)
    }
    // A copy: the rest of a chunk would keep all of it.
    this.#rest = data.length === 0 ? EMPTY : Buffer.from(data)
  }

  #takeFrame(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.binary) this.#handlers.onFrame(payload)
    else if (opcode === OPCODE.ping) this.#socket.write(frame(OPCODE.pong, payload))
    else if (opcode === OPCODE.pong) this.#handlers.onPong?.()
    else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : null
      this.#end(`closed with ${code}`, code)
      this.#socket.destroy()
    }
  }

  #refused(status: string): void {
    this.#end(`the upgrade was answered with ${status}`, null)
    this.#socket.destroy()
  }

  #end(why: string, code: number | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#handlers.onEnd(why, code)
  }
}

function upgradeRequest(port: number): string {
  return [
    'GET /v1/ws HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL_BINARY}`,
    '\r\n',
  ].join('\r\n')
}

/** One final frame, masked. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  const short = payload.length < 126
  if (payload.length > 0xffff) throw new RangeError('No frame of a bench is longer than 64 kB.')
  const header = Buffer.alloc((short ? 2 : 4) + 4)
  header[0] = 0x80 | opcode
  header[1] = 0x80 | (short ? payload.length : 126)
  if (!short) header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}

/** Null until the header is there. */
function frameLength(data: Buffer): { header: number; payload: number } | null {
  if (data.length < 2) return null
  const short = data[1]! & 0x7f
  if (short < 126) return { header: 2, payload: short }
  if (short === 126) return data.length < 4 ? null : { header: 4, payload: data.readUInt16BE(2) }
  return data.length < 10 ? null : { header: 10, payload: Number(data.readBigUInt64BE(2)) }
}
