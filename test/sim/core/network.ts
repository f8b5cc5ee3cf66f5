/**
 * The network between devices and engines: WebSockets that are slow, stall, break, or are half open without anybody
 * knowing.
 *
 * A WebSocket runs over TCP, so on one connection nothing is lost, doubled or out of order but by its end: what was on
 * the way may be lost with it, a client sends it again on the next, and what an old connection still had may come after
 * what the new one brought. That is how loss, duplicates and disorder come about here, as outside.
 */
import type { ClientSocket, ClientSocketClass } from '../../../src/client/socket.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Chronicle } from './chronicle.ts'
import type { Device } from './device.ts'
import type { Loop } from './loop.ts'
import type { DurableEnds, Wire, WireWatch } from './watch.ts'

export type Frame = Uint8Array | string

/** An engine's listening port. */
export interface Door {
  readonly name: string
  /** For how long its process has run; while it is paused it does not. */
  readonly ranMs: number
  /** A handshake arrives. The door calls `accepted` or `refused` of the link, in its own time. */
  connect(link: Link, protocol: string): void
  /** Runs as soon as the process can look at it; never if it has ended. */
  deliver(run: () => void): void
}

/** The engine's end of a connection. */
export interface ServerEnd {
  message(frame: Frame): void
  drained(): void
  /** The connection is gone; called once, and not for an end that the server asked for itself. */
  lost(code: number): void
}

interface NetworkParts {
  readonly loop: Loop
  readonly dice: Dice
  readonly chronicle: Chronicle
  readonly watch: WireWatch
  readonly region: string
  readonly durableEnds: () => DurableEnds
}

/** Kinds of frames in the chronicle. */
const TO_ENGINE = 1
const TO_CLIENT = 2

const CONNECTING = 0
const OPEN = 1
const CLOSED = 3
/** RFC 6455: the connection was lost, nobody said why. */
const LOST = 1006
/** A connection that brings nothing is given up by the engine after so long. */
export const IDLE_TIMEOUT_MS = 60_000
/** What the kernel takes of a sender before anything counts as waiting. */
const KERNEL_BUFFER_BYTES = 65_536

export class Network {
  readonly region: string
  readonly parts: NetworkParts
  readonly #doors: Door[] = []
  readonly #links = new Set<Link>()
  /** The devices that have no network. */
  readonly #dark = new Set<Device>()
  #linkNo = 0

  constructor(parts: NetworkParts) {
    this.parts = parts
    this.region = parts.region
  }

  listen(door: Door): void {
    this.#doors.push(door)
  }
  /** New connections do not reach the door any more. */
  unlisten(door: Door): void {
    const at = this.#doors.indexOf(door)
    if (at >= 0) this.#doors.splice(at, 1)
  }

  /** The process behind a door is gone. `silently`: its machine is, too, so nobody hears of it. */
  doorGone(door: Door, silently: boolean): void {
    this.unlisten(door)
    for (const link of [...this.#links]) if (link.door === door) link.serverGone(silently)
  }

  /** The door that a new connection reaches, as a balancer before the engines picks it; null when there is none. */
  pickDoor(): Door | null {
    return this.#doors.length === 0 ? null : this.parts.dice.pick(this.#doors)
  }

  socketClassOf(device: Device): ClientSocketClass {
    const connect = (protocol: string) => {
      const link = new Link(this, device, ++this.#linkNo)
      this.#links.add(link)
      return new Socket(link, protocol)
    }
    return class {
      constructor(_url: string, protocol: string) {
        // biome-ignore lint/correctness/noConstructorReturn: the client makes its socket with `new`, whatever it is.
        return connect(protocol)
      }
    } as unknown as ClientSocketClass
  }

  devicePoweredOff(device: Device): void {
    for (const link of [...this.#links]) if (link.owner === device) link.clientVanished()
  }
  deviceReadsAgain(device: Device): void {
    for (const link of this.#links) if (link.owner === device) link.release()
  }
  forget(link: Link): void {
    this.#links.delete(link)
  }

  // The weather. Each answers how many connections it befell.

  cutOne(): number {
    return this.#befall(link => link.cut())
  }
  halfOpenOne(): number {
    return this.#befall(link => link.die('is half open: nothing passes, and nobody is told'))
  }
  stallOne(forMs: number): number {
    return this.#befall(link => link.stall(forMs))
  }
  storm(): number {
    const links = [...this.#links].filter(link => link.isUp)
    this.parts.chronicle.tell('network', `${links.length} connections break at once`)
    for (const link of links) link.cut()
    return links.length
  }

  /** The network of so much of the phones is gone: nothing passes and no connection comes about. Output: how it comes back; null where there are none. */
  blackOut(share: number): (() => void) | null {
    const { chronicle, dice } = this.parts
    const phones = [...new Set([...this.#links].map(({ owner }) => owner))].filter(({ name }) =>
      name.startsWith('crew'),
    )
    const befallen = phones.filter(() => dice.below(100) < share * 100)
    if (befallen.length === 0) return null
    chronicle.tell('network', `is gone for ${befallen.length} phones`)
    for (const phone of befallen) this.#dark.add(phone)
    for (const link of [...this.#links]) if (link.isUp && this.isDark(link.owner)) link.cut()
    return () => {
      for (const phone of befallen) this.#dark.delete(phone)
    }
  }
  isDark(device: Device): boolean {
    return this.#dark.has(device)
  }

  #befall(what: (link: Link) => void): number {
    const links = [...this.#links].filter(link => link.isUp)
    if (links.length === 0) return 0
    what(this.parts.dice.pick(links))
    return 1
  }
}

/** One connection, or the attempt at one. Each side has its own belief about it. */
export class Link {
  readonly no: number
  readonly owner: Device
  readonly #network: Network
  readonly #latencyMs: number
  door: Door | null = null
  #socket: Socket | null = null
  #server: ServerEnd | null = null
  #clientOver = false
  #serverOver = false
  #dead = false
  #stalledUntilMs = 0
  /** When the last frame of each direction arrives: none overtakes another. */
  #lastToServerMs = 0
  #lastToClientMs = 0
  /** Frames of the engine that the device does not take yet, oldest first. */
  #held: { readonly frame: Frame; readonly ends: DurableEnds; readonly ranMs: number }[] = []
  #heldBytes = 0

  constructor(network: Network, device: Device, no: number) {
    this.#network = network
    this.owner = device
    this.no = no
    const { dice } = network.parts
    this.#latencyMs = dice.oneIn(10) ? dice.within([100, 400]) : dice.within([5, 60])
  }

  get isUp(): boolean {
    return this.#socket?.readyState === OPEN && !this.#dead
  }
  /** Bytes that the engine's side could not get rid of. */
  get waitingBytes(): number {
    return Math.max(0, this.#heldBytes - KERNEL_BUFFER_BYTES)
  }

  // The client's side.

  begin(socket: Socket, protocol: string): void {
    this.#socket = socket
    this.#network.parts.watch.opened(this.#wire)
    if (this.#network.isDark(this.owner)) return this.cut()
    this.#toServer(() => {
      if (this.#clientOver) return this.#forgetIfOver()
      const door = this.#network.pickDoor()
      if (door === null) return this.#closeClient(LOST, 'connection refused')
      this.door = door
      door.deliver(() => {
        if (!this.#serverOver) door.connect(this, protocol)
      })
    })
  }

  clientSends(frame: Frame): void {
    const copy = copyOf(frame)
    const { chronicle, watch } = this.#network.parts
    chronicle.mark(TO_ENGINE, this.no, copy)
    const onRead = watch.sent(this.#wire, copy)
    if (this.#dead) return
    this.#toServer(() => {
      const { door } = this
      door?.deliver(() => {
        if (this.#server === null) return
        onRead?.(door.ranMs)
        this.#server.message(copy)
      })
    })
  }

  /** The client asks whether anybody is there. */
  clientPings(): void {
    if (this.#dead) return
    this.#toServer(() => this.door?.deliver(() => this.#toClient(() => this.#socket?.pong())))
  }

  /** The client lets go. What it has sent may still arrive, then the end. */
  clientCloses(abruptly: boolean): void {
    if (this.#clientOver) return
    this.#clientIsOver()
    const { dice } = this.#network.parts
    // A reset takes away what the engine has not read yet.
    if (abruptly && dice.oneIn(2)) this.#lastToServerMs = Math.min(this.#lastToServerMs, this.#nowMs)
    if (this.#dead) return
    this.#toServer(() => this.#loseServer(abruptly ? LOST : 1_000))
  }

  /** The device has lost its power: no word to anybody. */
  clientVanished(): void {
    if (!this.#clientOver) this.#clientIsOver()
    this.die('belongs to a device that is off')
  }

  // The engine's side.

  accepted(server: ServerEnd): void {
    this.#server = server
    this.#toClient(() => this.#socket?.opened())
    if (this.#clientOver) this.#toServer(() => this.#loseServer(LOST))
  }
  refused(why: string): void {
    this.#serverOver = true
    this.#toClient(() => this.#closeClient(LOST, why))
  }

  /** Output: false when it was dropped, as the limit of what may wait was passed. */
  serverSends(frame: Frame, limitBytes: number): boolean {
    const bytes = sizeOf(frame)
    if (this.waitingBytes + bytes > limitBytes) return false
    const ends = this.#network.parts.durableEnds()
    const said = { frame: copyOf(frame), ends, ranMs: this.door!.ranMs }
    if (this.#isHeldUp || this.#held.length > 0) {
      this.#held.push(said)
      this.#heldBytes += bytes
    } else {
      this.#arrives(said)
    }
    return true
  }

  serverCloses(code: number, reason: string): void {
    this.#serverIsOver()
    if (this.#dead) return
    // Behind everything that was sent before.
    for (const said of this.#held) this.#arrives(said)
    this.#held = []
    this.#toClient(() => this.#closeClient(code, reason))
  }

  // What befalls it.

  serverGone(silently: boolean): void {
    if (this.#serverOver) return
    this.#serverIsOver()
    if (silently) this.die('belongs to a machine that is gone')
    else if (!this.#dead) this.#toClient(() => this.#closeClient(LOST, 'reset'))
  }

  /** Breaks: both sides hear of it, each in its own time, and what was on the way is lost. */
  cut(): void {
    const { dice, loop } = this.#network.parts
    this.die('breaks')
    loop.after(dice.within([0, 3_000]), () => this.#closeClient(LOST, 'broken'))
    loop.after(dice.within([0, 20_000]), () => this.#loseServer(LOST))
  }

  /** From now on nothing passes. The engine gives up when it has heard nothing for long enough. */
  die(why: string): void {
    if (this.#dead) return
    this.#dead = true
    const { loop, chronicle } = this.#network.parts
    chronicle.tell('network', `connection ${this.no} of ${this.owner.name} ${why}`)
    loop.after(IDLE_TIMEOUT_MS, () => this.#loseServer(LOST))
  }

  /** Everything waits for a while, and then arrives. */
  stall(forMs: number): void {
    const { loop, chronicle } = this.#network.parts
    chronicle.tell('network', `connection ${this.no} of ${this.owner.name} stalls for ${forMs} ms`)
    this.#stalledUntilMs = this.#nowMs + forMs
    loop.after(forMs, () => this.release())
  }

  /** Lets through what was held up, if nothing holds it any more. */
  release(): void {
    if (this.#isHeldUp || this.#held.length === 0) return
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const said of held) this.#arrives(said)
    this.door?.deliver(() => this.#server?.drained())
  }

  get #isHeldUp(): boolean {
    return this.#dead || this.owner.isStuck || this.#nowMs < this.#stalledUntilMs
  }
  get #nowMs(): number {
    return this.#network.parts.loop.nowMs
  }
  get #wire(): Wire {
    return { no: this.no, device: this.owner.name }
  }

  #arrives({ frame, ends, ranMs }: { frame: Frame; ends: DurableEnds; ranMs: number }): void {
    const { chronicle, watch } = this.#network.parts
    this.#toClient(() => {
      if (this.#clientOver) return
      chronicle.mark(TO_CLIENT, this.no, frame)
      watch.received(this.#wire, frame, ends, ranMs)
      this.#socket?.message(frame)
    })
  }

  #toServer(run: () => void): void {
    const atMs = Math.max(this.#lastToServerMs, Math.max(this.#nowMs, this.#stalledUntilMs) + this.#delayMs())
    this.#lastToServerMs = atMs
    this.#network.parts.loop.after(atMs - this.#nowMs, () => {
      if (!this.#dead) run()
    })
  }

  #toClient(run: () => void): void {
    const atMs = Math.max(this.#lastToClientMs, Math.max(this.#nowMs, this.#stalledUntilMs) + this.#delayMs())
    this.#lastToClientMs = atMs
    this.#network.parts.loop.after(atMs - this.#nowMs, () => {
      if (!this.#dead) run()
    })
  }

  #delayMs(): number {
    return this.#latencyMs * (1 + this.#network.parts.dice.below(100) / 200)
  }

  #closeClient(code: number, reason: string): void {
    if (this.#clientOver) return
    const socket = this.#socket
    this.#clientIsOver()
    socket?.closedBy(code, reason)
  }

  #loseServer(code: number): void {
    if (this.#serverOver) return
    const server = this.#server
    this.#serverIsOver()
    if (server !== null) this.door?.deliver(() => server.lost(code))
  }

  #clientIsOver(): void {
    this.#clientOver = true
    if (this.#socket !== null) this.#socket.readyState = CLOSED
    this.#network.parts.watch.closed(this.#wire)
    this.#forgetIfOver()
  }
  #serverIsOver(): void {
    this.#serverOver = true
    this.#server = null
    this.#forgetIfOver()
  }
  #forgetIfOver(): void {
    if (this.#clientOver && (this.#serverOver || this.door === null)) this.#network.forget(this)
  }
}

/** The client's socket, as the client library knows one. */
class Socket implements ClientSocket {
  readyState = CONNECTING
  binaryType = 'arraybuffer'
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: ClientSocket['onerror'] = null
  readonly #link: Link
  #onPong: (() => void) | null = null

  constructor(link: Link, protocol: string) {
    this.#link = link
    link.begin(this, protocol)
  }

  send(data: string | Uint8Array): void {
    if (this.readyState === OPEN) this.#link.clientSends(data)
  }
  close(): void {
    this.#link.clientCloses(false)
  }
  terminate(): void {
    this.#link.clientCloses(true)
  }
  ping(): void {
    this.#link.clientPings()
  }
  on(event: 'ping' | 'pong', listener: () => void): void {
    if (event === 'pong') this.#onPong = listener
  }

  opened(): void {
    if (this.readyState !== CONNECTING) return
    this.readyState = OPEN
    this.onopen?.(undefined as never)
  }
  message(frame: Frame): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : frame.buffer })
  }
  pong(): void {
    this.#onPong?.()
  }
  closedBy(code: number, reason: string): void {
    this.onclose?.({ code, reason })
  }
}

const sizeOf = (frame: Frame): number => (typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length)
/** What is on the way is nobody's memory any more; with a buffer of its own, as a socket hands it over. */
const copyOf = (frame: Frame): Frame => (typeof frame === 'string' ? frame : Uint8Array.prototype.slice.call(frame))
